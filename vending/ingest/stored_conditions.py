"""The conditions documents as they are stored: a partition's in order, and the whole fleet's as one map."""

from typing import NamedTuple

from vending.documents.base import load
from vending.documents.conditions import Conditions, Entry
from vending.ports import Documents, Stored
from vending.readable import readable
from vending.state import conditions


class Held(NamedTuple):
    """A document and the version it was read at."""

    document: Conditions
    etag: str


async def of_partition(partition: str, documents: Documents, *, to_room: bool = False) -> list[Held]:
    """The partition's documents in order: all, or up to the first one with room. Raises Transient."""
    found: list[Held] = []
    while (stored := await documents.read(key := f"{partition}:{len(found)}", key)) is not None:
        found.append(Held(load(stored.body, Conditions), stored.etag))
        if to_room and not conditions.full(found[-1].document):
            break
    return found


async def of_fleet(documents: Documents) -> dict[str, Entry]:
    """Every machine that ever sent an event, with its registers. Raises Transient, and Malformed: what is
    decided for good by a machine's registers needs all of them."""
    return conditions.merged([load(stored.body, Conditions) for stored in await _all(documents)])


async def readable_of_fleet(documents: Documents) -> dict[str, Entry]:
    """The same for who must go on: a malformed document is logged and passed over, and so is every machine
    that it names, for it may hold the newest registers. Raises Transient."""
    held: list[Conditions] = []
    hidden: set[str] = set()
    for stored in await _all(documents):
        if document := readable(stored.body, Conditions):
            held.append(document)
        elif isinstance(named := stored.body.get("machines"), dict):
            hidden |= named.keys()
    return {machine: entry for machine, entry in conditions.merged(held).items() if machine not in hidden}


async def _all(documents: Documents) -> list[Stored]:
    """A query lists the documents, which are then read by their ids: a point read of a large document costs a
    tenth of a query that returns it."""
    found = [await documents.read(name, name) for name in await ids(documents)]
    return [stored for stored in found if stored]


async def ids(documents: Documents) -> list[str]:
    """Of all conditions documents, in order."""
    listed = documents.select(None, ("type", "=", Conditions.type), fields=("id",))
    return sorted([stored.body["id"] async for stored in listed])
