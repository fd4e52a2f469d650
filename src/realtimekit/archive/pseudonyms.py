"""Pseudonyms in place of people, in rows of the tables: the same person has the same one everywhere."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from realtimekit.archive.ledger import Ledger
from realtimekit.archive.store import Store
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.snapshot import Snapshot

_IDS = ("custom_participant_id", "user_id", "peer_id", "participant_id")
_NAMES = ("display_name", "speaker")
_TEXTS = ("text", "payload")
# What may hold anything: not for others, if people are not to be known.
_FREE_FORM = (
    "extra",
    "record",
    "meeting",
    "title",
    "output_file_name",
    "path",
    "source",
    "artifact",
    "reason",
    "err_message",
)
# Where people are named, and by what.
_PERSON_COLUMNS: dict[str, list[str]] = {
    "participants": ["session_id", "custom_participant_id", "user_id", "peer_id", "display_name"],
    "transcript_segments": ["session_id", "custom_participant_id", "user_id", "peer_id", "speaker"],
    "chat_messages": ["session_id", "participant_id", "display_name"],
}


class Pseudonymizer:
    """The people of an archive, each with a pseudonym that is the same in every table and every export."""

    def __init__(self, store: Store, ledger: Ledger, snapshot: Snapshot) -> None:
        self._key = bytes.fromhex(str((ledger.identity() or {})["erasure_key"]))
        self._aliases: dict[str, str] = {}  # id -> another id of the same person
        self._named: dict[str, dict[str, str]] = {}  # session -> name -> id, or the name itself
        self._words: tuple[str, re.Pattern[str] | None, dict[str, str]] = "", None, {}  # of the last session
        for table, columns in _PERSON_COLUMNS.items():
            for file in snapshot.files(table):
                rows = read_table(store, table, [file], columns).to_pydict()
                for session_id, *ids, name in zip(*(rows[column] for column in columns), strict=True):
                    self._add_person(session_id, [each for each in ids if each], name)

    def _add_person(self, session_id: str, ids: list[str], name: str | None) -> None:
        for other in ids[1:]:
            first, second = self._canonical_id(ids[0]), self._canonical_id(other)
            if first != second:
                self._aliases[second] = first
        if name:
            self._named.setdefault(session_id, {}).setdefault(name, ids[0] if ids else name)

    def _canonical_id(self, person: str) -> str:
        """Return the id by which a person is known."""
        while (other := self._aliases.get(person, person)) != person:
            person = other
        return person

    def pseudonymize(self, table: Any, name: str) -> Any:
        """Return a pyarrow.Table without people.

        Args:
            table: rows of a table.
            name: its name.
        """
        import pyarrow as pa

        columns: dict[str, list[Any]] = table.to_pydict()
        sessions = columns["session_id"]
        ids = [column for column in _IDS if column in columns]
        persons = [
            next((value for value in row if value), None) for row in zip(*(columns[c] for c in ids), strict=True)
        ]
        for column in ids:
            columns[column] = [value and self.pseudonym(value) for value in columns[column]]
        for column in _NAMES:
            if column in columns:
                columns[column] = [
                    value and self.pseudonym(str(person or self._named.get(session, {}).get(value, value)))
                    for value, session, person in zip(columns[column], sessions, persons, strict=True)
                ]
        for column in _TEXTS:
            if column in columns:
                columns[column] = [
                    value and self._without_people(value, session)
                    for value, session in zip(columns[column], sessions, strict=True)
                ]
        if name == "chat_messages":  # of an image or a file, the payload is its link or name
            columns["payload"] = [
                text if kind in {None, "TEXT_MESSAGE"} else None
                for text, kind in zip(columns["payload"], columns["payload_type"], strict=True)
            ]
        for column in _FREE_FORM:
            if column in columns:
                columns[column] = [None] * len(sessions)
        return pa.table(columns, schema=table.schema)

    def pseudonym(self, person: str) -> str:
        """Return the pseudonym of a person, given by any of their ids, or by a name that has no id."""
        value = self._canonical_id(person).encode("utf-8", "surrogatepass")
        digest = hmac.new(self._key, b"person\n" + value, hashlib.sha256).hexdigest()
        return f"person-{digest[:12]}"

    def _without_people(self, text: str, session_id: str) -> str:
        """Replace the names and ids of those who were in a session, also their first and last names."""
        if self._words[0] != session_id:
            self._words = session_id, *self._pattern(self._named.get(session_id, {}))
        _, pattern, pseudonyms = self._words
        if pattern is None:
            return text
        return pattern.sub(lambda found: pseudonyms.get(_fold(found[0]), "person"), unicodedata.normalize("NFC", text))

    def _pattern(self, named: dict[str, str]) -> tuple[re.Pattern[str] | None, dict[str, str]]:
        pseudonyms: dict[str, str] = {}
        for name, person in named.items():
            parts = [name, *re.split(r"[\s_.,;:@()<>|/-]+", name), *self._ids_of(person)]
            for part in parts:
                if len(part) > 1:
                    pseudonyms.setdefault(_fold(part), self.pseudonym(person))
        if not pseudonyms:
            return None, {}
        words = sorted(pseudonyms, key=len, reverse=True)
        return re.compile("|".join(map(_as_word, words)), re.IGNORECASE), pseudonyms

    def _ids_of(self, person: str) -> Iterable[str]:
        if not hasattr(self, "_members"):
            self._members: dict[str, list[str]] = {}
            for each in {*self._aliases, *self._aliases.values()}:
                self._members.setdefault(self._canonical_id(each), []).append(each)
        first = self._canonical_id(person)
        return self._members.get(first, [first])


def _fold(word: str) -> str:
    return unicodedata.normalize("NFC", word).lower()


def _as_word(word: str) -> str:
    """Return a pattern of a word of its own; scripts without spaces between words have no such."""
    before = "" if unicodedata.east_asian_width(word[0]) in "WF" else r"(?<![^\W_])"
    after = "" if unicodedata.east_asian_width(word[-1]) in "WF" else r"(?![^\W_])"
    return f"{before}{re.escape(word)}{after}"
