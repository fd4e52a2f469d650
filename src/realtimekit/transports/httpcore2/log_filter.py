"""A log filter: at DEBUG, httpcore2 logs the password of a SOCKS proxy, and signed links in `Location` headers."""

from __future__ import annotations

import logging
import re

_SECRETS = re.compile(r"(?<=auth=)\(.*?\)|(?<=\?)[^'\"\s]+")
_LOGGERS = ("httpcore2.http11", "httpcore2.proxy", "httpcore2.socks")


def redact_secrets(record: logging.LogRecord) -> bool:
    """Replace passwords and queries in a log message."""
    record.msg, record.args = _SECRETS.sub("...", record.getMessage()), ()
    return True


def install() -> None:
    """Add the filter to the loggers of httpcore2; adding it again has no effect."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(redact_secrets)
