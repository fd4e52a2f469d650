from __future__ import annotations

from django.contrib import admin
from django.urls import path
from realtimekit.webhooks.adapters.django import webhook_view

from meetings.views import attendance
from meetings.webhooks import endpoint

urlpatterns = [
    path("admin/", admin.site.urls),
    path("meetings/<str:meeting_id>/attendance", attendance, name="attendance"),
    path("webhooks", webhook_view(endpoint)),
]
