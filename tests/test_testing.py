"""The pytest plugin, as a user's project uses it."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

import realtimekit.testing
from realtimekit import ConfigurationError, RealtimeKit
from realtimekit.emulator import Emulator, HTTPError
from realtimekit.testing import signed_delivery
from realtimekit.transports.emulator import connected
from realtimekit.webhooks import ForeignEventError, InvalidSignatureError, Receiver
from tests.test_docs import ROOT, blocks

pytest_plugins = ["pytester"]


def test_the_example_of_the_docstring_runs(pytester: pytest.Pytester) -> None:
    doc = realtimekit.testing.__doc__
    assert doc is not None
    example = doc.split("\n\n")[1]
    assert example.startswith("    def test_")
    pytester.makepyfile("from realtimekit import Session\n\n" + textwrap.dedent(example))
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:schemathesis").assert_outcomes(passed=1)


def test_each_test_has_an_emulator_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest
        from realtimekit import Meeting

        @pytest.mark.parametrize("number", [1, 2])
        def test_fresh(realtimekit_emulator, number):
            assert Meeting.all() == []
            Meeting.create(title="left behind")

        def test_nothing_is_configured_without_it():
            from realtimekit import ConfigurationError
            with pytest.raises(ConfigurationError, match="CLOUDFLARE_API_TOKEN"):
                Meeting.all()
    """)
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:schemathesis").assert_outcomes(passed=3)


def test_async_code_has_a_client_of_the_same_emulator(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import asyncio
        from realtimekit import AsyncRealtimeKit, Meeting

        def test_both_modes(realtimekit_async_client):
            async def main():
                meeting = await realtimekit_async_client.meetings.create(title="Weekly")
                assert [found.id async for found in AsyncRealtimeKit().meetings] == [meeting.id]
                return meeting.id
            assert asyncio.run(main()) == Meeting.all()[0].id
    """)
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:schemathesis").assert_outcomes(passed=1)


def test_the_page_about_webhook_services_works_as_written(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(hooks=blocks(ROOT / "docs" / "webhooks" / "fastapi.md", "python")[0])
    examples = blocks(ROOT / "docs" / "testing-webhooks.md", "python")
    pytester.makepyfile("\n\n".join(source for source in examples if "def test_" in source))
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:schemathesis").assert_outcomes(passed=2)


def test_the_environment_points_other_processes_to_the_emulator(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import subprocess, sys

        def test_it(realtimekit_server, realtimekit_client):
            realtimekit_client.meetings.create(title="Weekly")
            script = "from realtimekit import Meeting; print(*[meeting.title for meeting in Meeting.all()])"
            found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
            assert found.stdout == "Weekly\\n"
    """)
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:schemathesis").assert_outcomes(passed=1)


class TestSignedDelivery:
    def test_every_event(self, realtimekit_emulator: Emulator, realtimekit_client: RealtimeKit) -> None:
        for name in realtimekit_client.webhooks.events():
            event = Receiver().verify(*signed_delivery(name))
            assert (event.type, event.app_id) == (name, realtimekit_emulator.app_id)

    def test_a_custom_event(self, realtimekit_emulator: Emulator) -> None:
        body, headers = signed_delivery({"event": "new.event", "name": "Zoë"}, delivery_id="d", webhook_id="w")
        event = Receiver(webhook_ids=["w"]).verify(body, headers)
        assert (event.type, event["name"], event.delivery_id, event.webhook_id) == ("new.event", "Zoë", "d", "w")
        with pytest.raises(InvalidSignatureError):
            Receiver().verify(body + b" ", headers)
        assert realtimekit_emulator.webhook_deliveries() == [], "nothing is sent"

    def test_an_event_as_a_receiver_returned_it(self, realtimekit_emulator: Emulator) -> None:
        event = Receiver().verify(*signed_delivery("meeting.started"))
        assert Receiver().verify(*realtimekit_emulator.signed_delivery(event.to_dict())).to_dict() == event.to_dict()

    def test_two_deliveries_of_an_event_differ_only_in_their_ids(self, realtimekit_emulator: Emulator) -> None:
        event: dict[str, Any] = {"event": "meeting.ended"}
        (first, one), (second, two) = signed_delivery(event), signed_delivery(event, emulator=realtimekit_emulator)
        assert first == second
        assert {name for name in one if one[name] != two[name]} == {"rtk-uuid"}

    def test_another_emulator_signs_with_another_app(self, realtimekit_emulator: Emulator) -> None:
        with Emulator() as other:
            body, headers = signed_delivery("meeting.ended", emulator=other)
            with RealtimeKit(**connected(other)) as client, pytest.raises(ForeignEventError):
                Receiver(client=client, app_id=realtimekit_emulator.app_id).verify(body, headers)

    def test_an_event_that_does_not_exist(self, realtimekit_emulator: Emulator) -> None:
        with pytest.raises(HTTPError, match="must be one of"):
            signed_delivery("meeting.over")
        assert realtimekit_emulator.faults() == []

    def test_without_an_emulator(self) -> None:
        with pytest.raises(ConfigurationError, match="realtimekit_emulator"):
            signed_delivery("meeting.ended")


def test_an_event_of_another_type_is_refused(realtimekit_emulator: Emulator) -> None:
    event: Any = 5
    with pytest.raises(TypeError, match="event must be the name of an event or the event as a dict, not int"):
        realtimekit_emulator.signed_delivery(event)
