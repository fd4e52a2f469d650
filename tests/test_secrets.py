"""No token and no signature of a link reaches a log, a repr or an error."""

from __future__ import annotations

import logging
import traceback

import pytest

from realtimekit import APIError, RealtimeKit
from realtimekit.settings import TransportName

from .conftest import Demo


def test_logs_hold_no_secret(demo: Demo, transport: TransportName, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG, of every logger: ours, the transports', the emulator's."""
    caplog.set_level(logging.DEBUG)
    with RealtimeKit(**demo.settings, transport=transport) as client:
        session = client.sessions.find("sess-1")
        link = session.chat.download_url
        assert link is not None
        assert session.chat.read()
        person = client.meetings.ref("meet-1").participants.find("part-1")
        assert person.regenerate_token().token is not None
        with pytest.raises(APIError):
            client.with_options(api_token="another-token").sessions.find("sess-1")
    said = caplog.text + repr(demo.emulator.requests())
    assert "sess-1" in said
    for secret in (demo.emulator.api_token, "another-token", person.token, link.partition("?")[2]):
        assert secret is not None
        assert secret not in said


def test_reprs_and_tracebacks_hold_no_secret(demo: Demo, transport: TransportName) -> None:
    with RealtimeKit(**demo.settings, transport=transport) as client:
        session = client.sessions.find("sess-1")
        person = client.meetings.ref("meet-1").participants.find("part-1").regenerate_token()
        shown = [client, client.settings, client.sessions, session, session.chat, session.transcript, session.summary]
        told = repr([*shown, person, demo.emulator])
        with pytest.raises(APIError) as caught:
            client.sessions.find("nothing")
    # with the values of local variables, as error trackers send them
    told += "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    link = session.chat.download_url
    assert link is not None
    assert person.token is not None
    for secret in (demo.emulator.api_token, person.token, link.partition("?")[2]):
        assert secret not in told
