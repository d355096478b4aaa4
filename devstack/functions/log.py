"""The host's own lines, on stderr. ``quiet`` drops what went well."""

import sys
from datetime import UTC, datetime

quiet = False


def info(text: str) -> None:
    """A line about something that went well."""
    if not quiet:
        _write(text)


def error(text: str) -> None:
    """A line that is always shown."""
    _write(text)


def _write(text: str) -> None:
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")[:23]
    sys.stderr.write(f"[{stamp}Z] {text}\n")
    sys.stderr.flush()
