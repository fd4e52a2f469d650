"""`realtimekit sessions`: what happened, and what it left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.arguments import a_range
from realtimekit.cli.groups import Group
from realtimekit.cli.known import Known
from realtimekit.cli.options import Column, an_id, asking, between, formats, listing, one_of, patience
from realtimekit.cli.places import a_folder
from realtimekit.cli.report import report

if TYPE_CHECKING:
    from realtimekit import RealtimeKit

COLUMNS = (
    Column("id"),
    Column("status"),
    Column("started_at", "started (UTC)"),
    Column("ended_at", "ended (UTC)", wide=True),
    Column("max_concurrent_participants", "most at once", wide=True),
    Column("minutes_consumed", "participant minutes", wide=True),
    Column("associated_id", "meeting", wide=True),
    Column("meeting_display_name", "title", folds=True),
)
PEOPLE_COLUMNS = (
    Column("id", "peer id"),
    Column("display_name", "name", folds=True),
    Column("custom_participant_id", "custom id", folds=True, wide=True),
    Column("preset_name", "preset", wide=True),
    Column("joined_at", "joined (UTC)"),
    Column("left_at", "left (UTC)", wide=True),
    Column("duration", "minutes", wide=True),
)
CHAT_COLUMNS = (Column("created_at"), Column("display_name"), Column("participant_id"), Column("payload"))
SPEECH_COLUMNS = (
    Column("start_seconds"), Column("end_seconds"), Column("speaker"), Column("custom_participant_id"), Column("text"),
)  # fmt: skip
KINDS = ("chat", "transcript", "summary", "recordings")


@click.group(cls=Group)
def sessions() -> None:
    """What happened when people met, and what it left behind."""


@sessions.command("list")
@click.option("--status", type=Known("session.SessionFilters.status"), help="Only those.")
@click.option("--meeting", "associated_id", metavar="ID", type=an_id, help="Only those of this meeting.")
@click.option(
    "--participants", metavar="FROM:TO", type=a_range, help="Only those in which so many took part, e.g. 2:10."
)
@click.option("--search", metavar="TEXT", help="Only those that match.")
@between()
@listing("Sessions", COLUMNS)
def list_sessions(client: RealtimeKit, **filters: Any) -> Any:
    """List sessions, the newest first."""
    return client.sessions.where(**filters).order_by("-created_at")


@sessions.command("show")
@click.argument("session_id", type=an_id)
@formats
@asking
def show_session(client: RealtimeKit, session_id: str, form: str | None = None) -> None:
    """Show one session: who took part, chat, transcript, summary, livestreams. CSV has the session alone."""
    from realtimekit.cli import account, output  # noqa: PLC0415 - rich, loaded when a command runs

    session = client.sessions.find(session_id)
    if form == "csv":
        output.show_record(form, session)
        return
    document = account.gather(session)
    if form == "json":
        output.write_json(document)
    else:
        account.show(output.console(), session, document)


@sessions.command("participants")
@click.argument("session_id", type=an_id)
@click.option("--search", metavar="TEXT", help="Only those that match.")
@listing("Participants", PEOPLE_COLUMNS)
def list_participants(client: RealtimeKit, session_id: str, **filters: Any) -> Any:
    """List who took part."""
    return client.sessions.ref(session_id).participants.where(**filters)


@sessions.command("chat")
@click.argument("session_id", type=an_id)
@formats
@asking
def show_chat(client: RealtimeKit, session_id: str, form: str | None = None) -> None:
    """Show what was written."""
    from realtimekit.cli import account, output  # noqa: PLC0415 - as above

    messages = client.sessions.ref(session_id).chat.messages(problems=account.Unreadable("chat"))
    if form == "csv":
        rows = [[output.read(message, column.name) for column in CHAT_COLUMNS] for message in messages]
        output.write_csv([column.name for column in CHAT_COLUMNS], rows)
        return
    document = [output.plain(message) for message in messages]
    rows = [account.written(message) for message in document]
    output.show_rows(form, f"Messages: {len(rows)}", account.CHAT_COLUMNS, rows, document)


@sessions.command("transcript")
@click.argument("session_id", type=an_id)
@one_of(
    srt="SubRip subtitles on stdout.",
    vtt="WebVTT subtitles on stdout.",
    markdown="Markdown on stdout.",
    text="Plain text on stdout, a line for each segment.",
    json="JSON on stdout.",
    csv="CSV on stdout.",
)
@asking
def show_transcript(client: RealtimeKit, session_id: str, form: str | None = None) -> None:
    """Show what was said."""
    from realtimekit.artifacts import formats as files  # noqa: PLC0415 - as above
    from realtimekit.artifacts.segments import spoken  # noqa: PLC0415 - as above
    from realtimekit.cli import account, output  # noqa: PLC0415 - as above

    texts = {"srt": files.to_srt, "vtt": files.to_vtt, "markdown": files.to_markdown, "text": spoken}
    segments = client.sessions.ref(session_id).transcript.segments(problems=account.Unreadable("transcript"))
    if form in texts:
        click.echo(output.without_controls(texts[form](segments)), nl=False)
    elif form == "csv":
        spoken_rows: list[list[Any]] = [
            [
                said.start.total_seconds(),
                said.end and said.end.total_seconds(),
                said.speaker,
                said.peer and said.peer.custom_participant_id,
                said.text,
            ]
            for said in segments
        ]
        output.write_csv([column.name for column in SPEECH_COLUMNS], spoken_rows)
    else:
        document = account.as_document(segments)
        rows = [account.sentence(said) for said in document]
        output.show_rows(form, f"Segments: {len(rows)}", account.SPEECH_COLUMNS, rows, document)


@sessions.command("summary")
@click.argument("session_id", type=an_id)
@click.option("--generate", is_flag=True, help="Have it made (again) first, and wait for it.")
@patience(300)
@one_of(json="JSON on stdout.")
@asking
def show_summary(
    client: RealtimeKit, session_id: str, timeout: float, poll: float, *, generate: bool, form: str | None = None
) -> None:
    """Show the summary: plain text or Markdown, as the meeting has it."""
    from realtimekit.cli import output  # noqa: PLC0415 - as above

    session = client.sessions.ref(session_id)
    if generate:
        with output.waiting("the summary"):
            summary = session.generate_summary().wait(timeout=timeout, poll_interval=poll)
    else:
        summary = session.summary
    text = summary.text()
    if form == "json":
        output.write_json({"session_id": session_id, "text": text})
    else:
        click.echo(output.without_controls(text.rstrip("\n")))


@sessions.command("quality")
@click.argument("session_id", type=an_id)
@formats
@asking
def show_quality(client: RealtimeKit, session_id: str, form: str | None = None) -> None:
    """Show how the call went for each participant, and what went wrong."""
    from realtimekit.cli import calls  # noqa: PLC0415 - as above

    calls.show(form, client.sessions.find(session_id))


@sessions.command("download")
@click.argument("session_id", type=an_id)
@click.option("--to", metavar="FOLDER", type=a_folder, default=".", show_default=True, help="Made if it is not there.")
@click.option("--only", "kinds", type=click.Choice(KINDS), multiple=True, help="This; can be given repeatedly.")
@click.option(
    "--transcript-format",
    type=Known("transcript.TranscriptFormat"),
    default="CSV",
    show_default=True,
    help="Of the transcript's file.",
)
@one_of(json="JSON on stdout.")
@asking
def download_session(
    client: RealtimeKit,
    session_id: str,
    to: str,
    transcript_format: str,
    kinds: tuple[str, ...] = (),
    form: str | None = None,
) -> None:
    """Download what a session left behind: chat, transcript, summary, recordings.

    What is not there is told on stderr; with --only that is an error.
    """
    from realtimekit.cli import downloads  # noqa: PLC0415 - as above

    session = client.sessions.find(session_id)
    saved = downloads.of_session(session, kinds or KINDS, to, transcript_format, strict=bool(kinds))
    downloads.report(form, saved)


sessions.add_command(report)
