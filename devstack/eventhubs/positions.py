"""Start positions: the selector filter of a receiving link, turned into a sequence number."""

import re
from typing import Any

from devstack.eventhubs.errors import ARGUMENT, INVALID_FIELD, AmqpError, not_implemented
from devstack.eventhubs.log.partition_log import PartitionLog
from devstack.eventhubs.wire.decode import Described

# The filter's registered name and code, and the code that the .NET SDK sends.
SELECTORS = ("apache.org:selector-filter:string", 0x468C00000004, 0x137000000A)
_FORM = re.compile(
    r"\s*amqp\.annotation\.(x-opt-offset|x-opt-sequence-number|x-opt-enqueued-time)\s*(>=?)\s*"
    r"(?:'([^']*)'|([^\s']+))\s*"  # the .NET SDK leaves the quotes out
)
FIRST, LATEST = "-1", "@latest"


def selector(source: list[Any] | None) -> str | None:
    """The selector of a source; refuses filters of any other kind."""
    filters = source[7] if source is not None and len(source) > 7 else None
    if not filters:
        return None
    if not isinstance(filters, dict) or len(filters) != 1:
        raise not_implemented("a filter set with more than the selector")
    (value,) = filters.values()
    if (
        not isinstance(value, Described)
        or value.descriptor not in SELECTORS
        or not isinstance(value.value, str)
    ):
        raise not_implemented("a filter other than apache.org:selector-filter:string")
    return value.value


def start(text: str | None, log: PartitionLog) -> int:
    """The sequence number of the first event to deliver. Without a selector that is the oldest one.

    Raises AmqpError: invalid-field for a selector that cannot be read, argument-error for an offset or
    sequence number beyond the last event (the data folder is not the one the position came from).
    """
    if text is None:
        return log.first_sequence
    name, operator, value = _parts(text)
    inclusive = operator == ">="
    if name == "x-opt-offset" and value in (FIRST, LATEST):
        return log.first_sequence if value == FIRST else log.published
    try:
        number = int(value)
    except ValueError as fault:
        raise AmqpError(INVALID_FIELD, f"{value!r} in the selector is not a number") from fault
    if name == "x-opt-enqueued-time":
        return log.after_time(number, inclusive=inclusive)
    return _by_number(name, number, inclusive, log)


def _parts(text: str) -> tuple[str, str, str]:
    """Annotation, operator and value of a selector."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise AmqpError(
            INVALID_FIELD,
            f"the selector {text!r} is not understood: compare x-opt-offset, x-opt-sequence-number or "
            "x-opt-enqueued-time with > or >= and a value, quoted or not",
        )
    name, operator, quoted, bare = match.groups()
    return name, operator, bare if quoted is None else quoted


def _by_number(name: str, number: int, inclusive: bool, log: PartitionLog) -> int:
    last = log.published_offset if name == "x-opt-offset" else log.published - 1
    if number > max(last, 0):
        what = "offset" if name == "x-opt-offset" else "sequence number"
        # The first two sentences are the service's, and read by programs.
        raise AmqpError(
            ARGUMENT,
            f"The supplied {what} '{number}' is invalid. The last {what} in the system is '{last}' "
            "(a checkpoint of another data folder or of a new hub: delete it, or start from the beginning)",
        )
    if name == "x-opt-offset":
        return log.after_offset(number, inclusive=inclusive)
    return number if inclusive else number + 1
