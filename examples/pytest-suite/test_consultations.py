"""The fixtures come with `realtimekit[emulator]`: each test has an emulator of its own, without a network."""

from __future__ import annotations

import asyncio

import pytest
from realtimekit import APIConnectionError, AsyncRealtimeKit, RealtimeKit, Session
from realtimekit.emulator import Emulator
from realtimekit.testing import signed_delivery

import consultations
from consultations import BusyError, Consultation, book, is_anybody_waiting


@pytest.fixture
def consultation(realtimekit_client: RealtimeKit) -> Consultation:
    return book(realtimekit_client, doctor_id="dr-bones", patient_id="jim")


def test_both_can_join(consultation: Consultation, realtimekit_emulator: Emulator) -> None:
    peer = realtimekit_emulator.enter(consultation.doctor_token)  # as a browser does
    assert realtimekit_emulator.enter(consultation.patient_token).session_id == peer.session_id
    assert {person.display_name for person in Session.find(peer.session_id).participants} == {"dr-bones", "jim"}


def test_a_rate_limit_says_when_to_try_again(realtimekit_client: RealtimeKit, realtimekit_emulator: Emulator) -> None:
    realtimekit_emulator.add_fault(status=429, headers={"Retry-After": "300"})
    with pytest.raises(BusyError, match="try again in 300 s"):
        book(realtimekit_client, doctor_id="dr-bones", patient_id="jim")


def test_half_a_consultation_is_not_left_open(realtimekit_client: RealtimeKit, realtimekit_emulator: Emulator) -> None:
    # The second participant is added, but the response never arrives.
    realtimekit_emulator.add_fault(method="POST", path="*/participants", calls=[2], cut="before", carried_out=True)
    with pytest.raises(APIConnectionError):
        book(realtimekit_client, doctor_id="dr-bones", patient_id="jim")
    assert [meeting.status for meeting in realtimekit_client.meetings] == ["INACTIVE"]


def test_a_waiting_patient(
    consultation: Consultation, realtimekit_async_client: AsyncRealtimeKit, realtimekit_emulator: Emulator
) -> None:
    assert not asyncio.run(is_anybody_waiting(realtimekit_async_client, consultation))
    realtimekit_emulator.enter(consultation.patient_token)
    assert asyncio.run(is_anybody_waiting(realtimekit_async_client, consultation))


def test_the_invoice_counts_the_minutes_of_the_patient(
    consultation: Consultation, realtimekit_emulator: Emulator
) -> None:
    realtimekit_emulator.enter(consultation.doctor_token)
    realtimekit_emulator.advance(600)  # the patient is late
    patient = realtimekit_emulator.enter(consultation.patient_token)
    realtimekit_emulator.advance(90)
    realtimekit_emulator.end(consultation.meeting_id)

    body, headers = signed_delivery("meeting.ended")
    assert consultations.endpoint.handle(body + b" ", headers).status == 401
    assert consultations.endpoint.handle(body, headers).text == "handled"
    assert consultations.endpoint.handle(body, headers).text == "already handled"
    assert consultations.invoices == {patient.session_id: 4}
