"""What happens when RealtimeKit calls."""

from __future__ import annotations

from django.conf import settings
from realtimekit.webhooks import Endpoint, MeetingEnded, Router, SQLiteStore

from .models import Visit

router = Router()
endpoint = Endpoint(router, store=SQLiteStore(settings.DELIVERIES))


@router.on("meeting.ended")
def store_attendance(event: MeetingEnded) -> None:
    """If this raises, the response is 500, and RealtimeKit sends the event again: so a visit is replaced, not added."""
    Visit.objects.store(event.meeting_id, event.session.attendance())
