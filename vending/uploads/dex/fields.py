"""The fields of one segment, by the standard's numbers from 1: read strictly, what cannot be read is told.

The numbers of a segment are claimed together or not at all: where a text stands among them, the segment is
damaged or of another shape, and what its neighbours mean is a guess.
"""

import re
from datetime import date, time

from vending.uploads.dex.audit import Meter, Segment, Tally
from vending.uploads.dex.told import Told, cited

SENTINEL = 2**32 - 1
"""What some machines send where they have no number."""
MOST_DIGITS = 15
_ESCAPE = re.compile(r"\^([2-7][0-9A-Fa-f])\^")
"""A printable character by its code, as the standard writes an asterisk inside a text."""
_CENTURY = 70
"""Years of two digits from here on are of the 20th century."""


class Fields:
    """One segment; remembers up to which field it was read."""

    def __init__(self, segment: Segment, told: Told) -> None:
        self.segment, self._told = segment, told
        self._read = 0
        self._padded = False

    def sent(self, number: int) -> str:
        """A field as it was sent, without blanks around it; "" where it was not."""
        self._read = max(self._read, number)
        if number > len(self.segment.fields):
            return ""
        raw = self.segment.fields[number - 1]
        bare = raw.strip(" ")
        if len(bare) < len(raw) and not self._padded:
            self._padded = True
            self._told(self.segment.line, "padding", f"{self._name(number)}: blanks around {cited(bare)}")
        return bare

    def text(self, number: int) -> str:
        """A text, its escapes resolved."""
        sent = self.sent(number)
        if sent == str(SENTINEL):
            self._told(self.segment.line, "sentinel", f"{self._name(number)}: {sent} says that there is none")
            return ""
        return _ESCAPE.sub(lambda found: chr(int(found[1], 16)).replace("\x7f", ""), sent)

    def numbers(self, *wanted: int) -> list[int | None]:
        """Whole numbers; all None where one of them is a text."""
        found: list[int | None] = []
        for number in wanted:
            sent = self.sent(number)
            if not (sent.isascii() and sent.isdigit() and len(sent) <= MOST_DIGITS):
                if sent:
                    self.refuse(number, "no whole number, so no number of this segment is claimed")
                    self._read = max(self._read, *wanted)
                    return [None] * len(wanted)
                found.append(None)
            elif (value := int(sent)) == SENTINEL:
                self._told(
                    self.segment.line, "sentinel", f"{self._name(number)}: {sent} says that there is none"
                )
                found.append(None)
            else:
                found.append(value)
        return found

    def flag(self, number: int) -> bool | None:
        """1 or 0; anything else is told."""
        sent = self.sent(number)
        if sent and sent not in ("0", "1"):
            self.refuse(number, "neither 0 nor 1")
        return {"1": True, "0": False}.get(sent)

    def moment(self, day: int, clock: int) -> str | None:
        """A date (YYMMDD, YYYYMMDD) with its time (HHMM, HHMMSS): ISO 8601; the day alone without a time."""
        sent = self.sent(day), self.sent(clock)
        if not sent[0].strip("0"):
            return None
        found = _moment(*sent)
        if found is None:
            self.refuse(day, f"no date, or {cited(sent[1])} after it no time")
        return found

    def meter(self, *, count_first: bool = False) -> Meter:
        """Fields 1 to 4: value and count since initialisation, then since reset. PA2 to PA4: count first."""
        first, second, third, fourth = self.numbers(1, 2, 3, 4)
        if count_first:
            return Meter(Tally(second, first), Tally(fourth, third))
        return Meter(Tally(first, second), Tally(third, fourth))

    def beyond(self) -> Segment | None:
        """The fields after the last one that was asked for; None where all of them are empty."""
        rest = self.segment.fields[self._read :]
        if not any(rest):
            return None
        return Segment(self.segment.line, self.segment.name, rest, self._read + 1)

    def refuse(self, number: int, why: str) -> None:
        """Tell that a field is not claimed, because it ``is`` something else."""
        self._told(
            self.segment.line, "unreadable", f"{self._name(number)}: {cited(self.sent(number))} is {why}"
        )

    def _name(self, number: int) -> str:
        """As the standard numbers it: PA102."""
        return f"{self.segment.name}{number:02d}"


def _moment(day: str, clock: str) -> str | None:
    if not (day.isascii() and day.isdigit() and len(day) in (6, 8)):
        return None
    if clock and not (clock.isascii() and clock.isdigit() and len(clock) in (4, 6)):
        return None
    year, rest = int(day[:-4]), day[-4:]
    if len(day) == 6:
        year += 1900 if year >= _CENTURY else 2000
    try:
        found = date(year, int(rest[:2]), int(rest[2:])).isoformat()
        if not clock:
            return found
        return f"{found}T{time(int(clock[:2]), int(clock[2:4]), int(clock[4:] or 0)).isoformat()}"
    except ValueError:
        return None
