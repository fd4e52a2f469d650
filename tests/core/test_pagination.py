"""A paginator reads every record once and ends, whatever `paging` says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtimekit.pagination import Paginator, Paging

Page = tuple[list[Any], Paging]
UNKNOWN = Paging()
MANY = settings(deadline=None, max_examples=300)


def walked(
    page: Callable[[int], Page], paginator: Paginator | None = None, most: int = 10_000
) -> tuple[list[Any], list[int]]:
    """Return the records, and the numbers of the requested pages."""
    paginator = paginator or Paginator()
    records: list[Any] = []
    asked: list[int] = []
    while paginator.page_no is not None:
        asked.append(paginator.page_no)
        assert len(asked) <= most, "the paginator does not end"
        marks, paging = page(paginator.page_no)
        records += marks[: paginator.accept(marks, paging)]
    return records, asked


def pages(*given: list[Any], paging: Callable[[int, int, int, int], Paging] | None = None) -> Callable[[int], Page]:
    """A server with these pages; `paging` is called with number, total, start and end."""
    total = sum(map(len, given))

    def page(number: int) -> Page:
        records = given[number - 1] if number <= len(given) else []
        start = sum(map(len, given[: number - 1])) + 1
        return records, paging(number, total, start, start + len(records) - 1) if paging else UNKNOWN

    return page


def right(_number: int, total: int, start: int, end: int) -> Paging:
    return Paging(total, start, end)


ONE, TWO, THREE = [1, 2, 3], [4, 5, 6], [7]


class TestEnds:
    def test_according_to_paging(self) -> None:
        assert walked(pages(ONE, TWO, THREE, paging=right)) == ([1, 2, 3, 4, 5, 6, 7], [1, 2, 3])

    def test_after_a_full_last_page_without_requesting_an_empty_one(self) -> None:
        assert walked(pages(ONE, TWO, paging=right))[1] == [1, 2]

    def test_at_an_empty_page_if_paging_is_missing(self) -> None:
        assert walked(pages(ONE, TWO, THREE)) == ([1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4])

    def test_at_once_if_the_first_page_is_empty(self) -> None:
        for paging in (UNKNOWN, Paging(0, 0, 0), Paging(0, 1, 0), Paging(50, 1, 20)):
            assert walked(pages(paging=lambda *_, said=paging: said)) == ([], [1])

    def test_at_a_repeated_page(self) -> None:
        assert walked(lambda _: (ONE, UNKNOWN)) == (ONE, [1, 2])
        assert walked(lambda _: (ONE, Paging(300, 1, 3))) == (ONE, [1, 2])

    def test_at_a_last_page_that_is_repeated(self) -> None:
        assert walked(lambda number: ([ONE, TWO][min(number, 2) - 1], UNKNOWN)) == (ONE + TWO, [1, 2, 3])


class TestEndsAtRepeatedRecords:
    """Servers that ignore `page_no` in different ways."""

    def test_in_another_order(self) -> None:
        records, _ = walked(lambda number: (ONE if number % 2 else ONE[::-1], UNKNOWN), most=50)
        assert records == ONE

    def test_when_the_pages_start_over(self) -> None:
        records, _ = walked(lambda number: ([ONE, TWO, THREE][(number - 1) % 3], UNKNOWN), most=50)
        assert records == ONE + TWO + THREE

    @pytest.mark.parametrize("said", [Paging(1000, 1, 3), Paging(1000, None, 3), Paging(1000, 501, 503)])
    def test_with_a_paging_that_never_moves_on(self, said: Paging) -> None:
        records, _ = walked(lambda number: ([ONE, TWO, THREE * 3][(number - 1) % 3], said), most=50)
        assert records == ONE + TWO + THREE * 3
        assert walked(lambda number: (ONE if number % 2 else ONE[::-1], said), most=50) == (ONE, [1, 2])

    def test_with_a_paging_that_starts_over(self) -> None:
        """Records of pages with a trusted paging are not remembered: they may be repeated, but not forever."""
        page = pages(ONE, TWO, paging=lambda *_: Paging(1000, *_[2:]))
        records, _ = walked(lambda number: page((number - 1) % 2 + 1), most=50)
        assert set(records) == {*ONE, *TWO}
        assert len(records) <= 3 * 3 + 3


class TestGoesOn:
    def test_past_a_short_page(self) -> None:
        assert walked(pages([1], ONE, [9], TWO, paging=right)) == ([1, 1, 2, 3, 9, 4, 5, 6], [1, 2, 3, 4])
        assert walked(pages([1], ONE, [9], TWO)) == ([1, 1, 2, 3, 9, 4, 5, 6], [1, 2, 3, 4, 5])

    @pytest.mark.parametrize(
        "wrong",
        [
            Paging(2, 1, 3),  # a total smaller than the end
            Paging(0, 0, 0),
            Paging(3, 0, 3),  # a start that does not fit the end
            Paging(3, 2, 3),
            Paging(2, 1, 2),  # an end smaller than the page
            Paging(3, None, None),
            Paging(None, 1, 3),
            Paging(-3, -3, -3),
        ],
    )
    def test_if_paging_does_not_fit_its_page(self, wrong: Paging) -> None:
        records, asked = walked(pages(ONE, TWO, THREE, paging=lambda *_: wrong))
        assert records == [1, 2, 3, 4, 5, 6, 7]
        assert asked == [1, 2, 3, 4]

    def test_if_only_the_start_is_missing_the_rest_is_trusted(self) -> None:
        page = pages(ONE, TWO, paging=lambda _, total, _start, end: Paging(total, None, end))
        assert walked(page) == (ONE + TWO, [1, 2])

    def test_past_a_paging_that_does_not_advance(self) -> None:
        records, asked = walked(pages(ONE, TWO, THREE, paging=lambda *_: Paging(7, 1, 3)))
        assert (records, asked) == ([1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4])

    def test_past_offsets_that_overlap(self) -> None:
        overlapping = pages(
            ONE, [3, 4, 5], [5, 6, 7], paging=lambda number, *_: Paging(7, 2 * number - 1, 2 * number + 1)
        )
        assert set(walked(overlapping, most=5)[0]) == {1, 2, 3, 4, 5, 6, 7}

    def test_with_the_given_first_page(self) -> None:
        assert walked(pages(ONE, TWO, THREE, paging=right), Paginator(2)) == ([4, 5, 6, 7], [2, 3])


class TestLimit:
    @pytest.mark.parametrize(
        ("limit", "asked"), [(1, [1]), (3, [1]), (4, [1, 2]), (6, [1, 2]), (7, [1, 2, 3]), (100, [1, 2, 3])]
    )
    @pytest.mark.parametrize("paging", [right, None], ids=["paging", "no paging"])
    def test_no_page_too_many_is_requested(self, limit: int, asked: list[int], paging: Any) -> None:
        records, numbers = walked(pages(ONE, TWO, THREE, paging=paging), Paginator(limit=limit))
        assert records == [1, 2, 3, 4, 5, 6, 7][:limit]
        assert numbers == (asked if paging or limit < 100 else [1, 2, 3, 4])


class TestLastPage:
    """The last page that `prefetch` may request ahead."""

    def last(self, marks: list[Any], paging: Paging, limit: int | None = None, first: int = 1) -> int | None:
        paginator = Paginator(first, limit)
        paginator.accept(marks, paging)
        return paginator.last_page

    def test_is_unknown_without_paging(self) -> None:
        assert self.last(ONE, UNKNOWN) is None

    @pytest.mark.parametrize("wrong", [Paging(2, 1, 3), Paging(300, 2, 3), Paging(300, 1, 2), Paging(300, None, None)])
    def test_is_unknown_if_paging_does_not_fit(self, wrong: Paging) -> None:
        assert self.last(ONE, wrong) is None

    @pytest.mark.parametrize(("total", "last"), [(3, 1), (4, 2), (6, 2), (7, 3), (300, 100)])
    def test_follows_from_the_total(self, total: int, last: int) -> None:
        assert self.last(ONE, Paging(total, 1, 3)) == last

    def test_counts_from_the_current_page(self) -> None:
        assert self.last(ONE, Paging(300, 10, 12), first=4) == 100

    @pytest.mark.parametrize(("limit", "last"), [(2, 1), (3, 1), (4, 2), (9, 3)])
    def test_is_not_beyond_the_limit(self, limit: int, last: int) -> None:
        assert self.last(ONE, Paging(300, 1, 3), limit) == last
        assert self.last(ONE, UNKNOWN, limit) == last


# --- properties -------------------------------------------------------------------------------------------------------

Offsets = st.none() | st.integers(-5, 60)
AnyPaging = st.builds(Paging, Offsets, Offsets, Offsets)


@MANY
@given(
    total=st.integers(0, 60),
    asked_size=st.integers(1, 50),
    cap=st.integers(1, 50),
    known=st.sampled_from(["all", "nothing", "total", "end", "no start"]),
    limit=st.none() | st.integers(1, 70),
)
def test_every_record_once_from_an_honest_server(
    total: int, asked_size: int, cap: int, known: str, limit: int | None
) -> None:
    """The server sends shorter pages than requested, with a complete, a partial or no `paging`."""
    size = min(asked_size, cap)

    def page(number: int) -> Page:
        records = list(range(total))[(number - 1) * size : number * size]
        start = (number - 1) * size + 1
        end = start + len(records) - 1
        said = {
            "all": Paging(total, start, end),
            "nothing": UNKNOWN,
            "total": Paging(total, None, None),
            "end": Paging(None, None, end),
            "no start": Paging(total, None, end),
        }
        return records, said[known]

    records, asked = walked(page, Paginator(limit=limit))
    assert records == list(range(total))[:limit]
    assert asked == list(range(1, len(asked) + 1))
    assert len(asked) <= -(-total // size) + 1


@MANY
@given(sizes=st.lists(st.integers(1, 7), max_size=12), honest=st.booleans())
def test_every_record_once_with_pages_of_any_size(*, sizes: list[int], honest: bool) -> None:
    numbers = iter(range(1000))
    given_pages = [[next(numbers) for _ in range(size)] for size in sizes]
    records, _ = walked(pages(*given_pages, paging=right if honest else None))
    assert records == [record for page in given_pages for record in page]


@MANY
@given(
    sizes=st.lists(st.integers(0, 5), max_size=10),
    paging=st.lists(AnyPaging, min_size=12, max_size=12),
    repeats_last=st.booleans(),
    limit=st.none() | st.integers(1, 20),
    first=st.integers(1, 5),
)
def test_it_ends_without_repetition_for_any_paging(
    *, sizes: list[int], paging: list[Paging], repeats_last: bool, limit: int | None, first: int
) -> None:
    numbers = iter(range(1000))
    given_pages = [[next(numbers) for _ in range(size)] for size in sizes]

    def page(number: int) -> Page:
        if repeats_last and given_pages:
            number = min(number, len(given_pages))
        return (given_pages[number - 1] if number <= len(given_pages) else []), paging[min(number, 12) - 1]

    paginator = Paginator(first, limit)
    records, asked = walked(page, paginator, most=12)
    assert len(records) == len(set(records)) <= (limit or 1000)
    assert len(asked) <= max(len(sizes) - first + 2, 2)
    assert paginator.accept([1], UNKNOWN) == 0, "an ended paginator takes nothing more"
