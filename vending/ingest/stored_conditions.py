"""The conditions documents as they are stored: a partition's in order, and the whole fleet's as one map."""

from collections.abc import Collection, Iterable, Set
from typing import NamedTuple

from vending.documents.base import load
from vending.documents.conditions import YOUNG, Conditions, Entry, Named
from vending.ports import Documents, Stored
from vending.readable import readable
from vending.state import conditions


class Partition(NamedTuple):
    """A partition's documents as they were read."""

    young: Conditions
    shards: list[Conditions]
    """In order."""
    etags: dict[str, str]
    """Of those that are stored, by id."""

    def knows(self, machine: str) -> bool:
        """Whether one of them names the machine."""
        return any(machine in document.machines for document in (self.young, *self.shards))

    @property
    def named(self) -> Named:
        """The new machines of late."""
        held = self.shards[0].named if self.shards else None
        return held or Named(0, {})


async def of_partition(partition: str, documents: Documents, *, to_room: bool = False) -> Partition:
    """All of the partition's documents, or the shards up to the first one with room. Raises Transient.

    The young one is read before those that it is folded into: what has left it meanwhile is in them.
    """
    found = Partition(conditions.young(partition), [], {})
    if young := await _read(conditions.young_id(partition), documents, found.etags):
        found = found._replace(young=young)
    while shard := await _read(f"{partition}:{len(found.shards)}", documents, found.etags):
        found.shards.append(shard)
        if to_room and not conditions.full(shard):
            break
    return found


async def _read(name: str, documents: Documents, etags: dict[str, str]) -> Conditions | None:
    stored = await documents.read(name, name)
    if stored is None:
        return None
    etags[name] = stored.etag
    return load(stored.body, Conditions)


async def of_fleet(documents: Documents) -> dict[str, Entry]:
    """Every machine that ever sent an event, with its registers. Raises Transient, and Malformed: what is
    decided for good by a machine's registers needs all of them."""
    return conditions.merged([load(stored.body, Conditions) for stored in await _all(documents)])


async def readable_of_fleet(documents: Documents) -> dict[str, Entry]:
    """The same for who must go on: see :func:`readable_together`. Raises Transient."""
    return readable_together((await read_each(documents, await ids(documents))).values())


class Read(NamedTuple):
    """A document as it was read; None where it is malformed, which is logged. ``names``: its machines."""

    etag: str
    document: Conditions | None
    names: Set[str]


async def read_each(documents: Documents, names: Iterable[str]) -> dict[str, Read]:
    """The documents that there are of these, by id. Raises Transient."""
    found: dict[str, Read] = {}
    for name in names:
        if stored := await documents.read(name, name):
            document, named = readable(stored.body, Conditions), stored.body.get("machines")
            found[name] = Read(
                stored.etag, document, named.keys() if isinstance(named, dict) else frozenset()
            )
    return found


def readable_together(read: Collection[Read]) -> dict[str, Entry]:
    """Every machine in these documents with its registers. One that a malformed document names is passed
    over, for that may hold the newest of them."""
    entries = conditions.merged([one.document for one in read if one.document])
    hidden = set[str]().union(*(one.names for one in read if one.document is None))
    return {machine: entry for machine, entry in entries.items() if machine not in hidden}


async def _all(documents: Documents) -> list[Stored]:
    """A query lists the documents, which are then read by their ids: a point read of a large document costs a
    tenth of a query that returns it."""
    found = [await documents.read(name, name) for name in await ids(documents)]
    return [stored for stored in found if stored]


async def ids(documents: Documents) -> list[str]:
    """Of all conditions documents: the young ones first, which are folded into the others."""
    return sorted(await versions(documents), key=lambda name: (not name.endswith(f":{YOUNG}"), name))


async def versions(documents: Documents) -> dict[str, str]:
    """The ids of all conditions documents, each with its version: one query."""
    listed = documents.select(None, ("type", "=", Conditions.type), fields=("id",))
    return {stored.body["id"]: stored.etag async for stored in listed}
