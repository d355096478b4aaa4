"""Who says so: a key has no name, so whoever shows one may state who they are, and nothing proves it."""

import re

HEADER = "x-operator"
LONGEST = 64
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9 ._@+\-]{{0,{LONGEST - 1}}}")
FORM = f"X-Operator is a name of at most {LONGEST} letters, digits, spaces and . _ @ + -, beginning with one"
BY_KEY = "key"
"""Who asked, where a key is all that is known."""


def named(stated: str) -> str | None:
    """How an audit record names who showed a key; None for a stated name that is none."""
    if not stated:
        return BY_KEY
    return f"{BY_KEY} (says {stated})" if _NAME.fullmatch(stated) else None
