"""Video consultations: a doctor, a patient, and an invoice for the minutes that the patient was there."""

from __future__ import annotations

import math
from typing import NamedTuple

from realtimekit import AsyncRealtimeKit, Meeting, NotFoundError, RateLimitError, RealtimeKit, RealtimeKitError
from realtimekit.webhooks import Endpoint, MeetingEnded, Router

PRICE = 2  # for each minute that was begun

router = Router()
endpoint = Endpoint(router)
invoices: dict[str, int] = {}  # session id -> amount; in a real application, a table


class BusyError(Exception):
    """RealtimeKit takes no more requests now.

    Attributes:
        retry_after: seconds until it does again.
    """

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"try again in {retry_after:.0f} s")
        self.retry_after = retry_after


class Consultation(NamedTuple):
    meeting_id: str
    doctor_token: str
    patient_token: str


def book(client: RealtimeKit, *, doctor_id: str, patient_id: str) -> Consultation:
    """Create a meeting, and the tokens with which the two can join.

    If anything fails, no meeting is left that one of them could join.
    """
    try:
        meeting = client.meetings.create(title="Consultation")
    except RateLimitError as error:
        raise BusyError(error.retry_after or 60) from error
    try:
        doctor_token = _add(meeting, doctor_id, "group_call_host")
        patient_token = _add(meeting, patient_id, "group_call_participant")
    except RealtimeKitError:
        meeting.end()
        raise
    return Consultation(meeting.id, doctor_token, patient_token)


def _add(meeting: Meeting, user_id: str, preset_name: str) -> str:
    participant = meeting.participants.create(custom_participant_id=user_id, name=user_id, preset_name=preset_name)
    return participant.token.reveal()


async def is_anybody_waiting(client: AsyncRealtimeKit, consultation: Consultation) -> bool:
    meeting = client.meetings.ref(consultation.meeting_id)
    try:
        return bool((await meeting.active_session).live_participants)
    except NotFoundError:  # nobody has joined yet
        return False


@router.on("meeting.ended")
def send_invoice(event: MeetingEnded) -> None:
    for person in event.session.attendance().people:
        if person.preset_name == "group_call_participant":
            invoices[event.session_id] = PRICE * math.ceil(person.minutes)
