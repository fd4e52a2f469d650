"""`realtimekit doctor`: why it does not work, and what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from realtimekit.doctor import Diagnosis


@click.command()
@click.option("--app-id", metavar="ID", help="Instead of REALTIMEKIT_APP_ID.")
@click.option("--account-id", metavar="ID", help="Instead of CLOUDFLARE_ACCOUNT_ID.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0, 600, min_open=True),
    help="For each request.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def doctor(app_id: str | None, account_id: str | None, timeout: float, *, as_json: bool) -> None:
    """Find out why it does not work, and say what to do.

    Looks at the settings, the network, the token, its permission, the account and the app, and stops at the first
    problem. It only reads, and never shows the token.

    Exit codes: 0 all is well, 1 a problem was found, 2 wrong usage.
    """
    from realtimekit.doctor import diagnose  # noqa: PLC0415 - loaded when it runs, not for its help

    report = diagnose(app_id=app_id, account_id=account_id, timeout=timeout)
    if as_json:
        document = report._asdict()
        document["settings"] = [setting._asdict() for setting in report.settings]
        document["problem"] = report.problem and report.problem._asdict()
        click.echo(json.dumps(document, indent=2))
    else:
        _show(report)
    if report.problem:
        raise click.exceptions.Exit(1)


def _show(report: Diagnosis) -> None:
    from realtimekit.cli.output import clean, console  # noqa: PLC0415 - as above

    out = console()
    facts = [f"realtimekit {report.version}", report.python, report.transport]
    out.print(clean(", ".join(fact for fact in facts if fact)), soft_wrap=True)
    for setting in report.settings:
        value = "(not shown)" if setting.name == "api_token" and setting.source != "not set" else setting.value or ""
        out.print(clean(f"  {setting.name:<10}  {f'{value}  ' if value else ''}[{setting.source}]"), soft_wrap=True)
    out.print()
    for passed in report.passed:
        out.print(clean(f"ok       {passed}"), soft_wrap=True)
    if (problem := report.problem) is None:
        out.print("All is well")
        return
    out.print(clean(f"problem  {problem.message} ({problem.kind})"), style="bold red", soft_wrap=True)
    if problem.evidence:
        out.print(clean(f"         {problem.evidence}"), soft_wrap=True)
    out.print()
    out.print("What to do:")
    for number, fix in enumerate(problem.fixes, 1):
        out.print(clean(f"  {number}. {fix}"), soft_wrap=True)
