"""`realtimekit sessions`: past and live sessions, and their artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.columns import Column
from realtimekit.cli.decorators import list_command, with_client
from realtimekit.cli.enums import Choice, OpenEnum
from realtimekit.cli.groups import Group
from realtimekit.cli.options import archive_option, format_flags, format_options, time_range_options, wait_options
from realtimekit.cli.output_paths import output_folder
from realtimekit.cli.param_types import count_range, resource_id
from realtimekit.cli.sessions_report import report
from realtimekit.cli.sessions_save import save

if TYPE_CHECKING:
    from realtimekit import RealtimeKit

COLUMNS = (
    Column("id"),
    Column("status"),
    Column("started_at", "started (UTC)"),
    Column("ended_at", "ended (UTC)", wide_only=True),
    Column("max_concurrent_participants", "most at once", wide_only=True),
    Column("minutes_consumed", "participant minutes", wide_only=True),
    Column("associated_id", "meeting", wide_only=True),
    Column("meeting_display_name", "title", fold=True),
)
PARTICIPANT_COLUMNS = (
    Column("id", "peer id"),
    Column("display_name", "name", fold=True),
    Column("custom_participant_id", "custom id", fold=True, wide_only=True),
    Column("preset_name", "preset", wide_only=True),
    Column("joined_at", "joined (UTC)"),
    Column("left_at", "left (UTC)", wide_only=True),
    Column("duration", "minutes", wide_only=True),
)
CHAT_COLUMNS = (Column("created_at"), Column("display_name"), Column("participant_id"), Column("payload"))
ARTIFACTS = ("chat", "transcript", "summary", "recordings")


@click.group(cls=Group)
def sessions() -> None:
    """Show sessions and their artifacts: chat, transcript, summary, recordings."""


@sessions.command("list")
@archive_option
@click.option("--status", type=OpenEnum("session.SessionFilters.status"), help="Only sessions with this status.")
@click.option("--meeting", "associated_id", metavar="ID", type=resource_id, help="Only sessions of this meeting.")
@click.option(
    "--participants", metavar="FROM:TO", type=count_range, help="Only sessions with this many participants, e.g. 2:10."
)
@click.option("--search", metavar="TEXT", help="Only sessions that match.")
@time_range_options()
@list_command("Sessions", COLUMNS)
def list_sessions(client: RealtimeKit, **filters: Any) -> Any:
    """List sessions, newest first."""
    return client.sessions.where(**filters).order_by("-created_at")


@sessions.command("show")
@archive_option
@click.argument("session_id", type=resource_id)
@format_options
@with_client
def show_session(client: RealtimeKit, session_id: str, output_format: str | None = None) -> None:
    """Show one session with its participants, chat, transcript, summary, recordings and livestreams.

    CSV has only the session.
    """
    from realtimekit.cli import output, session_view  # rich, loaded when a command runs

    session = client.sessions.find(session_id)
    if output_format == "csv":
        output.print_record(output_format, session)
        return
    document = session_view.session_document(session)
    if output_format == "json":
        output.print_json(document)
    else:
        session_view.print_session(session, document)


@sessions.command("participants")
@archive_option
@click.argument("session_id", type=resource_id)
@click.option("--search", metavar="TEXT", help="Only participants that match.")
@list_command("Participants", PARTICIPANT_COLUMNS)
def list_participants(client: RealtimeKit, session_id: str, **filters: Any) -> Any:
    """List the participants of a session."""
    return client.sessions.ref(session_id).participants.where(**filters)


@sessions.command("chat")
@archive_option
@click.argument("session_id", type=resource_id)
@format_options
@with_client
def show_chat(client: RealtimeKit, session_id: str, output_format: str | None = None) -> None:
    """Show the chat of a session."""
    from realtimekit.cli import output, session_view

    messages = client.sessions.ref(session_id).chat.messages(errors=session_view.ProblemCollector("chat"))
    if output_format == "csv":
        rows = [[output.read_field(message, column.name) for column in CHAT_COLUMNS] for message in messages]
        output.print_csv([column.name for column in CHAT_COLUMNS], rows)
        return
    document = [output.serialize_record(message) for message in messages]
    rows = [session_view.chat_row(message) for message in document]
    output.print_rows(output_format, f"Messages: {len(rows)}", session_view.CHAT_COLUMNS, rows, document)


@sessions.command("transcript")
@archive_option
@click.argument("session_id", type=resource_id)
@format_flags(
    srt="Print SubRip subtitles.",
    vtt="Print WebVTT subtitles.",
    markdown="Print Markdown.",
    text="Print plain text, a line for each segment.",
    json="Print JSON.",
    csv="Print CSV.",
)
@with_client
def show_transcript(client: RealtimeKit, session_id: str, output_format: str | None = None) -> None:
    """Show the transcript of a session."""
    from realtimekit.artifacts import formats
    from realtimekit.artifacts.segments import EXPORT_COLUMNS, to_text
    from realtimekit.cli import output, session_view
    from realtimekit.cli.console import print_file, replace_controls

    writers = {"srt": formats.to_srt, "vtt": formats.to_vtt, "markdown": formats.to_markdown, "text": to_text}
    segments = session_view.read_segments(client.sessions.ref(session_id))
    if output_format in writers:
        print_file(replace_controls(writers[output_format](segments)))
    elif output_format == "csv":
        output.print_csv(EXPORT_COLUMNS, [session_view.transcript_csv_row(segment) for segment in segments])
    else:
        document = session_view.serialize_segments(segments)
        rows = [session_view.transcript_row(segment) for segment in document]
        output.print_rows(output_format, f"Segments: {len(rows)}", session_view.TRANSCRIPT_COLUMNS, rows, document)


@sessions.command("summary")
@archive_option
@click.argument("session_id", type=resource_id)
@click.option("--generate", is_flag=True, help="Generate it (again) first, and wait for it.")
@wait_options(300)
@format_flags(json="Print JSON.")
@with_client
def show_summary(
    client: RealtimeKit,
    session_id: str,
    timeout: float,
    poll_interval: float,
    *,
    generate: bool,
    output_format: str | None = None,
) -> None:
    """Show the summary of a session: plain text or Markdown, as configured in its meeting."""
    from realtimekit.cli.console import print_file, replace_controls
    from realtimekit.cli.output import print_json
    from realtimekit.cli.progress import spinner

    session = client.sessions.ref(session_id)
    if generate:
        with spinner("the summary"):
            summary = session.generate_summary().wait(timeout=timeout, poll_interval=poll_interval)
    else:
        summary = session.summary
    text = summary.text()
    if output_format == "json":
        print_json({"session_id": session_id, "text": text})
    else:
        print_file(replace_controls(text.rstrip("\n")) + "\n")


@sessions.command("quality")
@archive_option
@click.argument("session_id", type=resource_id)
@format_options
@with_client
def show_quality(client: RealtimeKit, session_id: str, output_format: str | None = None) -> None:
    """Show the call quality of each participant, and what went wrong."""
    from realtimekit.cli import quality_view

    quality_view.print_session_quality(output_format, client.sessions.find(session_id))


@sessions.command("download")
@archive_option
@click.argument("session_id", type=resource_id, required=False)
@time_range_options()
@click.option(
    "-o",
    "--output",
    "--to",
    "to",
    metavar="FOLDER",
    type=output_folder,
    default=".",
    show_default=True,
    help="Folder, created if it does not exist.",
)
@click.option("--only", "kinds", type=Choice(ARTIFACTS), multiple=True, help="Only this artifact (repeatable).")
@click.option(
    "--transcript-format",
    type=OpenEnum("transcript.TranscriptFormat"),
    default="CSV",
    show_default=True,
    help="Format of the transcript file.",
)
@format_flags(to_file=False, json="Print JSON.")
@with_client
def download_session(
    client: RealtimeKit,
    to: str,
    transcript_format: str,
    session_id: str | None = None,
    kinds: tuple[str, ...] = (),
    output_format: str | None = None,
    **times: Any,
) -> None:
    """Download the artifacts of a session: chat, transcript, summary, recordings.

    Missing artifacts are noted on stderr; with --only they are an error.

    With --since or --until instead of SESSION_ID, downloads those of all ended sessions of that time, each into its own
    folder. Existing files are not downloaded again, so the same command resumes where it was interrupted. Exits
    with 1 if some files failed.
    """
    if (session_id is None) is (not times):
        raise click.UsageError("give either SESSION_ID or --since and --until, for all sessions of that time")
    from realtimekit.cli import bulk_download, downloads

    if session_id is None:
        ended = client.sessions.where(status="ENDED", **times).order_by("created_at")  # the oldest files expire first
        if not bulk_download.download_sessions(ended, kinds or ARTIFACTS, to, transcript_format, output_format):
            raise click.exceptions.Exit(1)
        return
    session = client.sessions.find(session_id)
    files = downloads.download_session(session, kinds or ARTIFACTS, to, transcript_format, strict=bool(kinds))
    downloads.print_saved_files(output_format, files)


sessions.add_command(report)
sessions.add_command(save)
