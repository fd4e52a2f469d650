"""`realtimekit doctor`: find out why the SDK does not work, and what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from realtimekit.cli.options import json_option

if TYPE_CHECKING:
    from realtimekit.doctor import Diagnosis


@click.command()
@click.option("--app-id", metavar="ID", help="Use this instead of REALTIMEKIT_APP_ID.")
@click.option("--account-id", metavar="ID", help="Use this instead of CLOUDFLARE_ACCOUNT_ID.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0, 600, min_open=True),
    help="How long each request may take.",
)
@json_option
def doctor(app_id: str | None, account_id: str | None, timeout: float, *, as_json: bool) -> None:
    """Find out why the SDK does not work, and say what to do.

    Checks the settings, the network, the token, its permission, the account and the app, and stops at the first
    problem. It only reads, and never shows the token.

    Exit codes: 0 no problem, 1 a problem was found, 2 wrong usage.
    """
    from realtimekit.doctor import diagnose  # loaded when it runs, not for its help

    report = diagnose(app_id=app_id, account_id=account_id, timeout=timeout)
    if as_json:
        document = report._asdict()
        document["settings"] = [setting._asdict() for setting in report.settings]
        document["problem"] = report.problem and report.problem._asdict()
        click.echo(json.dumps(document, indent=2))
    else:
        _print(report)
    if report.problem:
        raise click.exceptions.Exit(1)


def _print(report: Diagnosis) -> None:
    from realtimekit.cli.console import echo, make_console, safe_line

    facts = [f"realtimekit {report.version}", report.python, report.transport]
    echo(", ".join(fact for fact in facts if fact))
    for setting in report.settings:
        value = "(not shown)" if setting.name == "api_token" and setting.source != "not set" else setting.value or ""
        echo(f"  {setting.name:<10}  {f'{value}  ' if value else ''}[{setting.source}]")
    click.echo()
    for passed in report.passed:
        echo(f"ok       {passed}")
    if (problem := report.problem) is None:
        click.echo("All is well")
        return
    make_console().print(safe_line(f"problem  {problem.message} ({problem.kind})"), style="bold red", soft_wrap=True)
    if problem.evidence:
        echo(f"         {problem.evidence}")
    click.echo()
    click.echo("What to do:")
    for number, fix in enumerate(problem.fixes, 1):
        echo(f"  {number}. {fix}")
