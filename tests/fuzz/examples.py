"""The number of examples, and the strategies that generate them.

`make test` tries the same few each time. `make fuzz` (FUZZ_EXAMPLES=20000) runs every test with made-up examples, also
those outside this folder, and tries others, and many more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))


def fuzzed(examples: int = 150) -> settings:
    """Return the settings of a test.

    Args:
        examples: how many `make test` tries. `make fuzz` tries FUZZ_EXAMPLES where this is 150, and in proportion where
            it is less, because such a test takes longer for each.
    """
    return settings(
        max_examples=EXAMPLES * min(examples, 150) // 150 or examples,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )


# --- bytes ------------------------------------------------------------------------------------------------------------

ODD = [
    *(b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"\r\n", b"\n\n", b'"', b"%", b"{", b"[" * 50, b"-->", b"<", b"9" * 30),
    *(b"\\ud800", b"NaN", b"1e999", b"-1", b"null", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"a" * 300),
]
edits = st.lists(
    st.tuples(
        st.sampled_from(["flip", "drop", "double", "insert", "cut"]),
        st.integers(0, 2**16),
        st.integers(0, 60),
        st.sampled_from(ODD) | st.binary(max_size=8),
    ),
    max_size=5,
)


@st.composite
def mutated(draw: st.DrawFn, originals: Sequence[bytes]) -> bytes:
    """Generate one of these values with a few edits, sometimes with none."""
    content = draw(st.sampled_from(originals))
    for kind, where, length, piece in draw(edits):
        at = where % (len(content) + 1)
        match kind:
            case "flip":
                content = (
                    content[:at] + bytes([(content[at : at + 1] or b"\0")[0] ^ (1 << length % 8)]) + content[at + 1 :]
                )
            case "drop":
                content = content[:at] + content[at + length :]
            case "double":
                content = content[: at + length] + content[at:]
            case "insert":
                content = content[:at] + piece + content[at:]
            case _:
                content = content[:at]
    return content


# --- JSON -------------------------------------------------------------------------------------------------------------

odd_texts = st.sampled_from(["", "null", "true", "NaN", "2026-06-03T10:00:00Z", "9" * 30, "\0", "\u2028", "😀"])
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8) | odd_texts,
    st.sampled_from([-1, 0, 2**63, 10**30, -(10**30), 1e300]),
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def changed(shape: Any) -> st.SearchStrategy[Any]:
    """JSON of this shape, in which some of the parts, at any depth, are left out or anything else."""

    @st.composite
    def build(draw: st.DrawFn) -> Any:
        return _clone(draw, shape, top=True)

    return build()


def _clone(draw: st.DrawFn, part: Any, *, top: bool = False) -> Any:
    if not draw(st.integers(0, 40 if top else 9)):
        return draw(values)
    if isinstance(part, dict):
        return {name: _clone(draw, item) for name, item in part.items() if draw(st.integers(0, 14))}
    if isinstance(part, list):
        return [_clone(draw, item) for item in part * draw(st.integers(0, 2))]
    return part


def as_bytes(value: Any) -> bytes:
    """Return the value as JSON on the wire."""
    return json.dumps(value).encode()
