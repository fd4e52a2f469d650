"""The pytest plugin, as a user's project uses it."""

from __future__ import annotations

import textwrap

import pytest

import realtimekit.testing

pytest_plugins = ["pytester"]


def test_the_example_of_the_docstring_runs(pytester: pytest.Pytester) -> None:
    doc = realtimekit.testing.__doc__
    assert doc is not None
    example = doc.split("\n\n")[1]
    assert example.startswith("    def test_")
    pytester.makepyfile("from realtimekit import Session\n\n" + textwrap.dedent(example))
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


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
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=3)


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
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
