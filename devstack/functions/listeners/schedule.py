"""NCRONTAB: ``{second} {minute} {hour} {day} {month} {day of week}``, or five fields without the second.

Day and day of week must both match (AND). Source: azure-webjobs-sdk-extensions CronSchedule over NCrontab.
"""

import re
from datetime import datetime

from croniter import CroniterError, croniter  # type: ignore[import-untyped]

from devstack.functions.errors import ConfigurationError

_FIELD = re.compile(r"[0-9A-Za-z*/,-]+")
_NAMES = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    "sun", "mon", "tue", "wed", "thu", "fri", "sat",
)  # fmt: skip


class Schedule:
    """Occurrences of one expression, in UTC."""

    def __init__(self, expression: str, where: str) -> None:
        fields = expression.split()
        if len(fields) == 5:
            fields = ["0", *fields]
        if len(fields) != 6 or not all(map(_known, fields)):
            raise ConfigurationError(
                f"{where}: schedule {expression!r} is not NCRONTAB: write six fields such as '0 */5 * * * *'"
                " (second, minute, hour, day, month, day of week)"
            )
        self._expression = " ".join(fields)
        try:
            self.next_after(datetime(2026, 1, 1))  # noqa: DTZ001 - only to check the expression
        except (CroniterError, ValueError) as error:
            raise ConfigurationError(f"{where}: schedule {expression!r}: {error}") from error

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence strictly after ``moment``."""
        found: datetime = croniter(self._expression, moment, second_at_beginning=True, day_or=False).get_next(
            datetime
        )
        return found

    def sub_minute(self, moment: datetime) -> bool:
        """Whether all occurrences lie less than a minute apart: the platform then keeps no status.

        Only where no field but the seconds says anything: ``* 30 * * * *`` pauses for an hour.
        """
        if self._expression.split()[1:] != ["*"] * 5:
            return False
        first = self.next_after(moment)
        return (self.next_after(first) - first).total_seconds() < 60


def _known(field: str) -> bool:
    words = re.findall(r"[A-Za-z]+", field)
    return bool(_FIELD.fullmatch(field)) and all(word.lower()[:3] in _NAMES for word in words)
