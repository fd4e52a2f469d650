from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .models import Visit


@require_safe
@login_required
def attendance(request: HttpRequest, meeting_id: str) -> HttpResponse:
    visits = Visit.objects.filter(meeting_id=meeting_id)
    people = (
        visits.order_by()
        .values("person_id", "name")
        .annotate(minutes=Sum("minutes"), sessions=Count("session_id"))
        .order_by("-minutes")
    )
    if not people:
        raise Http404("nobody was in this meeting, or it has not ended")
    return render(request, "meetings/attendance.html", {"people": people, "visits": visits})
