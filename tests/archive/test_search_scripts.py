"""Search in languages that are written without spaces between words, or without their vowels."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from realtimekit.archive import Archive
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.search import Match, index_path

from .raw import CHAT, make_archive, put_session, transcript, update

TEXTS = {
    "zh": "我们明年的预算会议，AI会议室在三楼。",
    "zh-2": "预，算的会",  # the same characters, and other words
    "ja": "来年の予算について、データベースの会議を開きます。",
    "ja-2": "データーの議会",
    "ko": "내년 예산회의를 시작하겠습니다",
    "th": "การประชุมเรื่องงบประมาณปีหน้า กินข้าว",
    "th-2": "กันเองข้าง",  # กิน and กัน differ in a vowel alone
    "lo": "ກອງປະຊຸມງົບປະມານ",
    "km": "ការប្រជុំថវិកាឆ្នាំក្រោយ",
    "my": "လာမည့်နှစ်ဘတ်ဂျက်အစည်းအဝေး",
    "ar": "مُحَمَّد يناقش الميزانيّة غدًا",
    "he": "יְשִׁיבַת הַתַּקְצִיב",
    "hi": "अगले साल का बजट और हिन्दी",
    "hi-2": "हल्दी",
    "plain": "the budget of next year",
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = make_archive(tmp_path_factory.mktemp("archive"))
    for name, text in TEXTS.items():
        put_session(archive, name, transcript=transcript((0, "Alice", text)))
    update(archive)
    return archive


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        # Words at the beginning, in the middle and at the end; a single character; what only looks alike is not found.
        ("预算", ["zh"]), ("会议", ["zh"]), ("三楼", ["zh"]), ("议室", ["zh"]), ("算", ["ja", "zh", "zh-2"]),
        ("预算会", ["zh"]), ("预会", []), ("算预", []), ("预算 会议", ["zh"]),
        ("会议*", ["zh"]), ('"预算会议"', ["zh"]),
        ("AI", ["zh"]), ("AI会议室", ["zh"]), ("ai会", ["zh"]), ("AI预算", []), ("会 -预算", ["ja", "ja-2", "zh-2"]),
        ("预算 OR 예산", ["ko", "zh"]), ("会议 OR budget", ["plain", "zh"]), ("budget -会议", ["plain"]),
        ("会议AI", ["zh"]),  # signs between words do not matter
        ("予算", ["ja"]), ("会議", ["ja"]), ("データベース", ["ja"]), ("ベース", ["ja"]),
        ("テ\u3099ータ", ["ja", "ja-2"]), ("テータ", []), ("開きます", ["ja"]), ("議会", ["ja-2"]),
        ("회의", ["ko"]), ("예산", ["ko"]), ("내년 예산", ["ko"]), ("시작", ["ko"]),
        ("ประชุม", ["th"]), ("งบประมาณ", ["th"]), ("กิน", ["th"]), ("กัน", ["th-2"]), ("กน", []), ("ข้าว", ["th"]),
        ("ปี*", ["th"]), ("ປະຊຸມ", ["lo"]), ("ថវិកា", ["km"]), ("ဘတ်ဂျက်", ["my"]),
        ("محمد", ["ar"]), ("مُحَمَّد", ["ar"]), ("الميزانية", ["ar"]), ("غدا", ["ar"]), ("الميز*", ["ar"]), ("ميزانية", []),
        ("ישיבת", ["he"]), ("התקציב", ["he"]),
        ("बजट", ["hi"]), ("हिन्दी", ["hi"]), ("हिन*", ["hi"]), ("ह*", ["hi", "hi-2"]), ("हन्दी", []),
    ],
)  # fmt: skip
def test_what_somebody_types(archive: Archive, words: str, expected: list[str]) -> None:
    assert sorted({match.session_id for match in archive.search(words)}) == expected


def marked(match: Match) -> str:
    return "".join(f"**{text}**" if matched else text for text, matched in match.pieces())


@pytest.mark.parametrize(
    ("words", "snippet"),
    [
        ("预算", "我们明年的**预算**会议，AI会议室在三楼。"),
        ("算 三楼", "我们明年的预**算**会议，AI会议室在**三楼**。"),
        ("AI会议", "我们明年的预算会议，**AI会议**室在三楼。"),
        ("ประชุม", "การ**ประชุม**เรื่องงบประมาณปีหน้า กินข้าว"),
        ("예산", "내년 **예산**회의를 시작하겠습니다"),
        ("हिन्दी", "अगले साल का बजट और **हिन्दी**"),
        ("محمد", "**محمد** يناقش الميزانية غدا"),  # without its vowels
        ("三楼 -budget", "我们明年的预算会议，AI会议室在**三楼**。"),
    ],
)
def test_what_a_snippet_shows(archive: Archive, words: str, snippet: str) -> None:
    (match,) = archive.search(words)
    assert marked(match) == snippet


def test_what_is_excluded_by_its_pairs_still_has_a_snippet(archive: Archive) -> None:
    """预，算 is not 预算, but its characters follow each other as well."""
    (match,) = archive.search("的会 -预算")
    assert marked(match) == "预，算**的会**"


def test_a_long_text_is_cut_around_the_match(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive")
    put_session(archive, "s", transcript=transcript((0, "Alice", "天地" * 500 + "预算" + "玄黄" * 500)))
    update(archive)
    (match,) = archive.search("预算")
    assert "**预算**" in marked(match)
    assert 20 < len(match.snippet) < 80


def test_chats_and_names(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive")
    line = "m1,user-li,s,meeting-1,李雷,false,false,TEXT_MESSAGE,明天见\x1f\ue000,2026-06-04T10:00:00Z\r\n"
    put_session(archive, "s", chat=CHAT + line, summary="# 总结\n\n预算已批准")
    update(archive)
    (match,) = archive.search("天见", speaker="李")
    assert (match.kind, match.speaker) == ("chat", "李雷")
    assert [match.kind for match in archive.search("批准")] == ["summary"]


@pytest.mark.parametrize("words", ["。", "，，", "\ue000", "\x1f", "•", "„“"])
def test_signs_alone_are_no_words(archive: Archive, words: str) -> None:
    with pytest.raises(ArchiveError, match="contains no words"):
        archive.search(words)


def test_an_index_of_the_version_before_is_made_anew(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive")
    put_session(archive, "s", transcript=transcript((0, "Alice", "明年的预算")))
    update(archive)
    path = index_path(archive.store)
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as old:
        old.execute("create virtual table texts using fts5 (text, tokenize = 'unicode61 remove_diacritics 2')")
        old.execute("pragma user_version = 2")
    old.close()
    assert len(archive.search("预算")) == 1
