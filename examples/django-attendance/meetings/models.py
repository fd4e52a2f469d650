from __future__ import annotations

from django.db import models, transaction
from realtimekit.attendance import Attendance


class VisitManager(models.Manager):
    @transaction.atomic
    def store(self, meeting_id: str, attendance: Attendance) -> int:
        """Insert or update a visit for each person and session. Returns how many."""
        visits = [
            Visit(
                meeting_id=meeting_id,
                session_id=visit.session_id,
                person_id=person.custom_participant_id or "".join(person.user_ids[:1]) or f"joined {visit.joined_at}",
                name=person.name or "",
                joined_at=visit.joined_at,
                left_at=visit.left_at,
                minutes=visit.minutes,
            )
            for person in attendance.people
            for visit in person.visits
        ]
        self.bulk_create(
            visits,
            update_conflicts=True,
            unique_fields=["session_id", "person_id"],
            update_fields=["name", "joined_at", "left_at", "minutes"],
        )
        return len(visits)


class Visit(models.Model):
    """One person in one session of a meeting."""

    meeting_id = models.CharField(max_length=100, db_index=True)
    session_id = models.CharField(max_length=100)
    person_id = models.CharField(max_length=255)  # the custom_participant_id, if there is one
    name = models.CharField(max_length=255)
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    minutes = models.FloatField()

    objects = VisitManager()

    class Meta:
        ordering = ("joined_at",)
        constraints = (models.UniqueConstraint(fields=["session_id", "person_id"], name="one_visit_a_person"),)

    def __str__(self) -> str:
        return f"{self.name}: {self.minutes:.0f} min"
