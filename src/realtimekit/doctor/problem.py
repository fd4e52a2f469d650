"""A problem and how to fix it."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal[
    "setting",  # missing or invalid; nothing was sent
    "dns", "tls", "proxy", "refused", "timeout", "connection",  # no response
    "not the API",  # something else responds there
    "token", "permission", "account", "app",  # rejected
    "rate limit", "server",
]  # fmt: skip


class Problem(NamedTuple):
    """Why it does not work, and what to do.

    Attributes:
        kind: the kind of problem.
        message: what is wrong; with "most likely" if the API does not document its response.
        fixes: what to do, the likeliest first.
        evidence: the response, e.g. 'GET /... returned 403 (code 10000): Authentication error'; "" without one.
    """

    kind: Kind
    message: str
    fixes: tuple[str, ...]
    evidence: str = ""

    def redact(self, secret: str) -> Problem:
        """Return the same problem without a secret that a server may have repeated."""
        if not secret:
            return self
        texts = (self.message, self.evidence, *self.fixes)
        message, evidence, *fixes = (text.replace(secret, "<token>") for text in texts)
        return self._replace(message=message, evidence=evidence, fixes=tuple(fixes))
