"""The id of a request: the caller's own, else the trace's, else a new one. In every answer and log line."""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-Id"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:\-]{0,127}")
"""What may stand in a log line and a header as it came."""
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
"""W3C Trace Context, level 1: version, trace, parent, flags."""
_current: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """Of the request that is answered now; empty where none is."""
    return _current.get()


@contextmanager
def identified(headers: Mapping[str, str]) -> Iterator[str]:
    """Within, :func:`request_id` is the id of the request with these headers."""
    token = _current.set(chosen(headers))
    try:
        yield request_id()
    finally:
        _current.reset(token)


def chosen(headers: Mapping[str, str]) -> str:
    """The id for a request with these headers."""
    if _SANE.fullmatch(said := headers.get(HEADER.lower(), "")):
        return said
    trace = _TRACEPARENT.fullmatch(headers.get("traceparent", "").strip())
    return trace[1] if trace else uuid.uuid4().hex
