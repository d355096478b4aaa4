"""Which part of a container a request is about, and the items in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from devstack.cosmos import epk
from devstack.cosmos.catalog import Container
from devstack.cosmos.errors import bad_request
from devstack.cosmos.sql.pages import Item
from devstack.cosmos.store import Store
from devstack.cosmos.wire import Call


@dataclass(frozen=True, slots=True)
class Slice:
    """Effective keys from ``low`` (inclusive) to ``high`` (exclusive), or the one key value ``pk``."""

    low: str
    high: str
    pk: str | None = None


def scope_of(call: Call, container: Container) -> Slice | None:
    """The slice the headers name: a key value, a range, part of a range; None for the whole container."""
    key, range_id = (
        call.header("x-ms-documentdb-partitionkey"),
        call.header("x-ms-documentdb-partitionkeyrangeid"),
    )
    if key:
        pk = epk.key_text(epk.parse_header(key))
        point = epk.key_of_text(pk)
        return Slice(point, point + "0", pk)
    if not range_id:
        return None
    found = container.range_named(range_id.split(",")[-1])
    low, high = found.low, found.high
    if call.header("x-ms-read-key-type"):
        if call.header("x-ms-read-key-type") != "EffectivePartitionKeyRange":
            raise bad_request(f"x-ms-read-key-type {call.header('x-ms-read-key-type')!r} is not supported.")
        low, high = max(low, call.header("x-ms-start-epk")), min(high, call.header("x-ms-end-epk") or high)
    return Slice(low, high)


def alive(container: Container, now: float) -> str:
    """SQL that is true for items within their time to live."""
    default = container.definition.ttl
    if default is None:
        return "1"
    life = f"COALESCE(ttl, {default})"
    return f"({life} = -1 OR ts + {life} > {int(now)})"


class Wanted(NamedTuple):
    """Items from number ``start`` on, perhaps only those with these ``ids`` and ``keys``."""

    start: int
    ids: list[str] | None = None
    keys: list[str] | None = None


def read_items(store: Store, container: Container, part: Slice, now: float, wanted: Wanted) -> Iterator[Item]:
    """The items that are wanted, in creation order."""
    start, ids, keys = wanted
    where = ["seq >= ?", alive(container, now)]
    arguments: list[Any] = [start]
    index = ""
    if part.pk is not None:
        where.append("pk = ?")
        arguments.append(part.pk)
        if ids is None:
            index = f"INDEXED BY {container.docs}_pk"
    else:
        where += ["epk >= ?", "epk < ?"]
        arguments += [part.low, part.high]
        if keys is not None:
            where.append(f"pk IN ({','.join('?' * len(keys))})")
            arguments += keys
    if ids is not None:
        where.append(f"id IN ({','.join('?' * len(ids))})")
        arguments += ids
    sql = f"SELECT seq, body FROM {container.docs} {index} WHERE {' AND '.join(where)} ORDER BY seq"  # noqa: S608
    yield from store.execute(sql, arguments)
