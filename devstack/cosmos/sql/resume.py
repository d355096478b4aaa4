"""The order of the rows of ORDER BY, and where a client goes on in it.

Rows of equal keys follow each other in the order of creation, backwards when the first key descends: clients
that resume drop rows by this rule. A client resumes with ``resumeFilter`` beside the query
(``SqlQueryResumeFilter`` of azure-cosmos-dotnet-v3): a value for each key, and for the range where the page
ended the item's resource id. ``exclude`` leaves out what equals the values: ranges left of that one are done
with them. With a continuation as well, the later place holds.
"""

from dataclasses import dataclass
from typing import Any, Final

from devstack.cosmos.errors import Refusal, bad_request
from devstack.cosmos.rids import item_seq
from devstack.cosmos.sql.hashing import hash_text
from devstack.cosmos.sql.values import RANKS, sort_key

type Mark = tuple[int, int]  # (item, row within the item)
type Keys = tuple[Any, ...]  # one sort key for each key of ORDER BY

WORD: Final = 2**64


def compare(mine: Keys, theirs: Keys, descending: list[bool]) -> int:
    """Below 0 when ``mine`` comes first in the order of the query, above 0 when it comes later."""
    for one, other, down in zip(mine, theirs, descending, strict=True):
        if one != other:
            return 1 if (one > other) != down else -1
    return 0


def in_order(mark: Mark, descending: list[bool]) -> Mark:
    """What sorts rows of equal keys."""
    return (-mark[0] if descending[0] else mark[0], mark[1])


@dataclass(frozen=True, slots=True)
class Resume:
    """A resume filter: the values as sort keys, the item, whether it and its equals are left out."""

    keys: Keys
    seq: int | None
    exclude: bool

    def admits(self, keys: Keys, mark: Mark, descending: list[bool]) -> bool:
        """Whether a row comes at or after the place."""
        sign = compare(keys, self.keys, descending)
        if sign or self.seq is None:
            return sign > 0 or (sign == 0 and not self.exclude)
        mine, here = (in_order((seq, 0), descending) for seq in (mark[0], self.seq))
        return mine > here or (mine == here and not self.exclude)


def parse_resume(data: Any, container: str, orders: int) -> Resume | None:
    """The filter of a query request; None when there is none. ``container`` is a resource id."""
    if data is None:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("value"), list):
        raise _malformed(f"it needs a list 'value': {data!r}")
    if len(data["value"]) != orders:
        raise _malformed(f"{len(data['value'])} values for {orders} keys of ORDER BY")
    rid, exclude = data.get("rid"), data.get("exclude", False)
    seq = None if rid is None else item_seq(str(rid), container)
    if rid is not None and seq is None:
        raise _malformed(f"the rid {rid!r} names no item of this container")
    if not isinstance(exclude, bool):
        raise _malformed(f"'exclude' is true or false, not {exclude!r}")
    return Resume(tuple(_key(one) for one in data["value"]), seq, exclude)


def _key(value: Any) -> tuple[Any, ...]:
    """The sort key of a resume value: ``[]`` is undefined, arrays and objects come as their hash."""
    if value == []:
        return (0,)
    if isinstance(value, list):
        raise _malformed(f"the value {value!r}: an array is written as its hash")
    if not isinstance(value, dict):
        return sort_key(value)
    kind = {"array": RANKS[list], "object": RANKS[dict]}.get(str(value.get("type")))
    words = [value.get("low"), value.get("high")]
    if kind is None or not all(isinstance(one, int) and not isinstance(one, bool) for one in words):
        raise _malformed(f"the value {value!r}: it needs 'type', 'low' and 'high'")
    low, high = (int(str(one)) % WORD for one in words)
    return (kind, hash_text((low, high)))


def _malformed(what: str) -> Refusal:
    return bad_request(f"The resume filter of the query is malformed: {what}.")
