from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from realtimekit import Meeting, RealtimeKitError, Session

from meetings.models import Visit


class Command(BaseCommand):
    help = "Store the attendance of recent sessions: webhooks may have been lost."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=2, help="how far to look back (2)")

    def handle(self, *, days: int, **_: Any) -> None:
        since = timezone.now() - timedelta(days=days)
        try:
            recent = Session.where(status="ENDED", start_time=since)
            meeting_ids = {session.associated_id for session in recent if session.associated_id}
            stored = sum(
                Visit.objects.store(meeting_id, Meeting.ref(meeting_id).attendance(since=since))
                for meeting_id in meeting_ids
            )
        except RealtimeKitError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{stored} visits to {len(meeting_ids)} meetings")
