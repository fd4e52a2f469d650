"""A problem and its cure."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal[
    "setting",  # missing, or cannot be right; nothing was sent
    "dns", "tls", "proxy", "refused", "timeout", "connection",  # no answer
    "not the API",  # something else answers there
    "token", "permission", "account", "app",  # refused
    "rate limit", "server",
]  # fmt: skip


class Problem(NamedTuple):
    """Why it does not work, and what to do.

    Attributes:
        kind: which of the problems that are told apart.
        text: what is wrong; with "most likely" where the API does not document what it said.
        cures: what to do, the likeliest first.
        said: the answer that told it, e.g. 'GET /... answered 403 (code 10000): Authentication error'; "" without one.
    """

    kind: Kind
    text: str
    cures: tuple[str, ...]
    said: str = ""

    def without(self, secret: str) -> Problem:
        """The same with a secret replaced, which a server may have repeated."""
        if not secret:
            return self
        text, said, *cures = (words.replace(secret, "<token>") for words in (self.text, self.said, *self.cures))
        return self._replace(text=text, said=said, cures=tuple(cures))
