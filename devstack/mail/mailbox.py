"""The mails as files: one ``.eml`` each, written whole or not at all, a bounded number of them.

An id is the microsecond of the arrival (since 1970 UTC, 16 digits), later than every other one's: names
sort as mails came. Each file begins with two headers of ours, the envelope; what follows is what was sent,
byte for byte.
"""

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ID = re.compile(r"[0-9]{16}")
ENVELOPE = ("X-Envelope-From", "X-Envelope-To")
"""Headers of ours, at the top of a file."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """``mail``: bytes of one as it is sent; ``mails`` and ``folder``: how many are kept, and bytes of all."""

    mail: int = 10 << 20
    mails: int = 1_000
    folder: int = 200 << 20


class Mailbox:
    """A folder of mails; the oldest go when there are too many. One process writes it."""

    def __init__(self, folder: Path, bounds: Bounds) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.bounds = folder, bounds
        for unfinished in folder.glob("*.tmp"):
            unfinished.unlink()
        found = sorted(path for path in folder.glob("*.eml") if ID.fullmatch(path.stem))
        self._sizes = {path.stem: path.stat().st_size for path in found}
        self._bytes = sum(self._sizes.values())
        self._last = int(found[-1].stem) if found else 0
        self._trim()

    def keep(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """Write a mail; its id. When this returns, the file survives the end of the process."""
        self._last = max(self._last + 1, time.time_ns() // 1000)
        name, whole = f"{self._last:016d}", envelope(sender, recipients) + content
        draft = self.folder / f"{name}.tmp"
        draft.write_bytes(whole)
        os.replace(draft, self._file(name))  # noqa: PTH105 - the two names side by side
        self._sizes[name] = len(whole)
        self._bytes += len(whole)
        self._trim()
        return name

    def ids(self) -> list[str]:
        """What is kept, newest first."""
        return list(reversed(self._sizes))

    def read(self, name: str) -> bytes | None:
        """The file; None where there is none, or no more."""
        if name not in self._sizes:
            return None
        try:
            return self._file(name).read_bytes()
        except FileNotFoundError:  # somebody cleared up
            self._forget(name)
            return None

    def _trim(self) -> None:
        while len(self._sizes) > self.bounds.mails or (
            self._bytes > self.bounds.folder and len(self._sizes) > 1
        ):
            oldest = next(iter(self._sizes))
            self._file(oldest).unlink(missing_ok=True)
            self._forget(oldest)

    def _forget(self, name: str) -> None:
        self._bytes -= self._sizes.pop(name)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.eml"


def envelope(sender: str, recipients: Sequence[str]) -> bytes:
    """The headers that say from whom and to whom a mail went, whatever it says itself; a line for each."""
    to = ",\r\n ".join(f"<{recipient}>" for recipient in recipients)
    lines = (f"{name}: {value}\r\n" for name, value in zip(ENVELOPE, (f"<{sender}>", to), strict=True))
    return "".join(lines).encode("utf-8", "surrogateescape")
