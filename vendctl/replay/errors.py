"""What a user can mend: a file, a mapping, a folder."""

from collections.abc import Sequence


class ReplayError(Exception):
    """Its text says what is wrong, with which thing, and what to do next."""


class RowsRefused(ReplayError):
    """Rows that cannot be read: the text has the first of each kind, ``faults`` has all of them."""

    def __init__(self, text: str, faults: Sequence[str]) -> None:
        super().__init__(text)
        self.faults = faults


class Unreadable(ValueError):
    """A cell that cannot be read; ``why`` is the same for every cell of that kind."""

    def __init__(self, value: str, why: str) -> None:
        super().__init__(f"{value!r} {why}")
        self.why = why
