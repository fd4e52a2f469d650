"""Transcription and summarization of a meeting (`ai_config`): records for reading, `...Fields` for writing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, TypedDict

from realtimekit.record import Record

# Those of the API's description; Cloudflare's pages on transcription name more, such as "en", "es" and "multi".
Language: TypeAlias = Literal["en-US", "en-IN", "de", "hi", "sv", "ru", "pl", "el", "fr", "nl"] | str
TextFormat: TypeAlias = Literal["plain_text", "markdown"] | str
SummaryType: TypeAlias = (
    Literal[
        "general",
        "team_meeting",
        "sales_call",
        "client_check_in",
        "interview",
        "daily_standup",
        "one_on_one_meeting",
        "lecture",
        "code_review",
    ]
    | str
)


class TranscriptionConfig(Record, repr_fields=("language",)):
    """How a meeting is transcribed."""

    language: Language | None
    keywords: list[str] | None
    profanity_filter: bool | None


class SummarizationConfig(Record, repr_fields=("summary_type", "word_limit")):
    """How a meeting is summarized."""

    summary_type: SummaryType | None
    text_format: TextFormat | None
    word_limit: int | None


class AiConfig(Record):
    """How a meeting is transcribed and summarized."""

    transcription: TranscriptionConfig | None
    summarization: SummarizationConfig | None


class TranscriptionFields(TypedDict, total=False):
    """How a meeting is transcribed."""

    language: Language  # default en-US
    keywords: Sequence[str]  # names and terms to expect
    profanity_filter: bool  # default False


class SummarizationFields(TypedDict, total=False):
    """How a meeting is summarized."""

    summary_type: SummaryType  # default general
    text_format: TextFormat  # default markdown
    word_limit: int  # 150 to 1000, default 500


class AiConfigFields(TypedDict, total=False):
    """How a meeting is transcribed and summarized."""

    transcription: TranscriptionFields
    summarization: SummarizationFields
