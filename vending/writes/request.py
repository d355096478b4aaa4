"""One write as it is asked for: by whom, when, under which key, for which version. Pure."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from vending.writes.refusals import Stale, Unconditional, WrongWrite

LONGEST_KEY = 128
KEY = re.compile(r'"?([\x21\x23-\x5b\x5d-\x7e]{1,128})"?')
"""Of Idempotency-Key: the draft has it in quotes, and most clients send it without."""
TAG = re.compile(r'(W/)?"([^"\x00-\x1f]*)"')
TAGS = re.compile(rf"{TAG.pattern}(\s*,\s*{TAG.pattern})*")
ANY = "*"


@dataclass(frozen=True, slots=True)
class Request:
    """A write in the making. What it changes keeps the ``id`` in the same transaction, so that a repetition
    knows its own effect again."""

    id: str
    """24 hex digits, of this request alone."""
    by: str
    at: int
    """When it was asked first (ms): a repetition has the same time."""
    repeated: bool = False
    """Whether an earlier attempt may have done it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller wants: ``what`` is done to ``target``, as ``digest`` says in full."""

    by: str
    what: str
    target: str
    digest: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; ``version`` of the document as it is now."""

    status: int
    body: Any
    version: str | None = None


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The versions that the caller knows; none: any will do."""

    versions: frozenset[str] = field(default_factory=frozenset)

    def check(self, version: str) -> None:
        """Raises Stale for a version that is none of them."""
        if self.versions and bare(version) not in self.versions:
            raise Stale(f'It is at version "{bare(version)}" now: read it again, and say that in If-Match.')


def if_match(header: str | None) -> IfMatch:
    """The header, ``*`` or entity tags. Raises Unconditional without one, WrongWrite for what is none.

    A weak tag names no version, so it never matches (RFC 9110, 13.1.1).
    """
    if not (header or "").strip():
        raise Unconditional('Say in If-Match which version you change: its ETag, or "*" for any.')
    text = (header or "").strip()
    if text == ANY:
        return IfMatch()
    if not TAGS.fullmatch(text):
        raise WrongWrite('If-Match is "*", or entity tags in quotes, separated by commas')
    return IfMatch(frozenset({"", *(tag[2] for tag in TAG.finditer(text) if not tag[1])}))


def idempotency_key(header: str | None) -> str | None:
    """The key without its quotes; None without one. Raises WrongWrite."""
    if header is None:
        return None
    found = KEY.fullmatch(header.strip())
    if found is None:
        raise WrongWrite(f"Idempotency-Key has 1 to {LONGEST_KEY} visible ASCII characters")
    return found[1]


def bare(version: str) -> str:
    """A store's version without the quotes that some put around it."""
    return version.strip('"')


def digest(*parts: str | bytes) -> str:
    """32 hex digits of the parts and of where each ends."""
    sums = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sums.update(len(data).to_bytes(8) + data)
    return sums.hexdigest()
