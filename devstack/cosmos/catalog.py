"""Databases, containers and their partition key ranges: in the file, and as objects beside it."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from devstack.cosmos import epk
from devstack.cosmos.budget import Budget
from devstack.cosmos.definition import Definition, check_name
from devstack.cosmos.errors import Refusal, conflict, not_found, owner_not_found, range_gone
from devstack.cosmos.rids import container_rid, database_rid
from devstack.cosmos.store import Store

LEAST_RUS = 400  # of a container of the service


@dataclass(slots=True)
class Range:
    """A partition key range; a split makes it not live and leaves it as its children's parent."""

    id: int
    low: str
    high: str
    parents: list[str]
    budget: Budget | None = None


@dataclass(slots=True)
class Container:
    """A container: its definition, its live ranges and the LSN of its last committed write."""

    number: int
    db_number: int
    db: str
    id: str
    ts: int
    definition: Definition
    rus: int | None  # what it may spend, None for no limit
    offer: int  # what it is said to have
    lsn: int = 0
    ranges: list[Range] = field(default_factory=list)
    rid: str = ""
    db_rid: str = ""
    docs: str = ""

    def range_of(self, key: str) -> Range:
        """The live range that holds an effective partition key."""
        for one in reversed(self.ranges):
            if key >= one.low:
                return one
        raise AssertionError("the first range starts at the empty key")

    def range_named(self, range_id: str) -> Range:
        """The live range of this id; 410/1002 when it was split or never was."""
        for one in self.ranges:
            if str(one.id) == range_id:
                return one
        raise range_gone(range_id)

    def set_ranges(self, ranges: list[Range]) -> None:
        """Take these as the live ranges, each with its share of the throughput."""
        self.ranges = sorted(ranges, key=lambda one: one.low)
        if self.rus is not None:
            for one in self.ranges:
                one.budget = Budget(self.rus / len(self.ranges))

    def to_json(self) -> dict[str, Any]:
        """The resource as clients see it."""
        link = f"dbs/{self.db_rid}/colls/{self.rid}/"
        return {
            "id": self.id, **self.definition.to_json(), "_rid": self.rid, "_ts": self.ts, "_self": link,
            "_etag": f'"{self.number:08x}-0000-0000-0000-{self.ts:08x}0000"', "_docs": "docs/",
            "_sprocs": "sprocs/", "_triggers": "triggers/", "_udfs": "udfs/", "_conflicts": "conflicts/",
        }  # fmt: skip


class Row(NamedTuple):
    """A container as it is stored; ``rus``: the throughput that a client asked for."""

    number: int
    db: str
    name: str
    ts: int
    definition: Definition
    rus: int | None


class Catalog:
    """All databases and containers of the account. Changes happen inside the caller's transaction."""

    def __init__(self, store: Store, ranges: int, rus: int | None) -> None:
        self._store = store
        self._ranges = ranges
        self._rus = rus
        self.databases: dict[str, dict[str, Any]] = {}
        self.containers: dict[tuple[str, str], Container] = {}
        self.load()

    def load(self) -> None:
        """Read everything from the file again (at the start, and after a rolled-back change)."""
        self.databases = {}
        self.containers = {}
        for name, number, ts in self._store.rows("SELECT id, number, ts FROM databases"):
            self.databases[name] = {"number": number, "ts": ts}
        names = {row["number"]: name for name, row in self.databases.items()}
        for row in self._store.rows("SELECT number, db, id, definition, ts, rus FROM containers"):
            number, db, name, definition, ts, rus = row
            found = Row(number, names[db], name, ts, Definition(orjson.loads(definition)), rus)
            made = self._container(found)
            made.lsn = self._store.rows("SELECT lsn FROM lsns WHERE container = ?", number)[0][0]
            made.set_ranges([
                Range(one, low, high, orjson.loads(parents))
                for one, low, high, parents in self._store.rows(
                    "SELECT id, low, high, parents FROM ranges WHERE container = ? AND live = 1", number
                )
            ])  # fmt: skip

    def _container(self, row: Row) -> Container:
        number, db, name, ts, definition, rus = row
        db_number = self.databases[db]["number"]
        limit = None if self._rus is None else rus or self._rus
        made = Container(number, db_number, db, name, ts, definition, limit, rus or self._rus or LEAST_RUS)
        made.db_rid, made.rid = database_rid(db_number), container_rid(db_number, number)
        made.docs = f"docs_{number}"
        self.containers[db, name] = made
        return made

    def database_name(self, text: str) -> str:
        """The name of the database that a path names, perhaps by its resource id; else the text itself."""
        if text in self.databases:
            return text
        found = (name for name, row in self.databases.items() if database_rid(row["number"]) == text)
        return next(found, text)

    def container_name(self, db: str, text: str) -> str:
        """The name of the container, likewise, in the database with the name ``db``."""
        if (db, text) in self.containers:
            return text
        found = (name for (owner, name), one in self.containers.items() if owner == db and one.rid == text)
        return next(found, text)

    def database(self, name: str) -> dict[str, Any]:
        """A database as clients see it."""
        if name not in self.databases:
            raise not_found(f"database '{name}'")
        row = self.databases[name]
        own = database_rid(row["number"])
        return {
            "id": name, "_rid": own, "_self": f"dbs/{own}/", "_ts": row["ts"], "_colls": "colls/",
            "_users": "users/", "_etag": f'"{row["number"]:08x}-0000-0000-0000-{row["ts"]:08x}0000"',
        }  # fmt: skip

    def container(self, db: str, name: str) -> Container:
        """A container, for a request to itself: 404 when it is missing."""
        if db not in self.databases:
            raise owner_not_found(f"database '{db}'")
        found = self.containers.get((db, name))
        if found is None:
            raise not_found(f"container '{name}' in database '{db}'")
        return found

    def owner(self, db: str, name: str) -> Container:
        """A container, for a request to something inside it: 404/1003 when it is missing."""
        found = self.containers.get((db, name))
        if found is None:
            raise owner_not_found(f"container '{name}' in database '{db}'")
        return found

    def add_database(self, body: dict[str, Any], ts: int) -> dict[str, Any]:
        """Create a database; 409 when the name is taken."""
        name = check_name(body)
        if name in self.databases:
            raise conflict(f"database '{name}'")
        number = self._store.next_number("database")
        self._store.execute("INSERT INTO databases VALUES (?, ?, ?)", (name, number, ts))
        self.databases[name] = {"number": number, "ts": ts}
        return self.database(name)

    def remove_database(self, name: str) -> None:
        """Delete a database and its containers."""
        self.database(name)
        for db, container in list(self.containers):
            if db == name:
                self.remove_container(db, container)
        self._store.execute("DELETE FROM databases WHERE id = ?", (name,))
        del self.databases[name]

    def add_container(self, db: str, body: dict[str, Any], ts: int, rus: int | None) -> Container:
        """Create a container with its first ranges; ``rus`` is the throughput the client asked for."""
        if db not in self.databases:
            raise owner_not_found(f"database '{db}'")
        name = check_name(body)
        if (db, name) in self.containers:
            raise conflict(f"container '{name}'")
        definition = Definition(body)
        number = self._store.next_number("container")
        made = self._container(Row(number, db, name, ts, definition, rus))
        self._store.execute(
            "INSERT INTO containers VALUES (?, ?, ?, ?, ?, ?)",
            (number, made.db_number, name, orjson.dumps(definition.to_json()).decode(), ts, rus),
        )
        self._store.execute("INSERT INTO lsns VALUES (?, 0)", (number,))
        self._store.add_docs_table(number)
        edges = [epk.MIN_EPK, *epk.bounds(self._ranges), epk.MAX_EPK]
        made.set_ranges([Range(i, edges[i], edges[i + 1], []) for i in range(self._ranges)])
        for one in made.ranges:
            self._add_range(number, one)
        return made

    def replace_container(self, db: str, name: str, body: dict[str, Any]) -> Container:
        """Change the indexing policy and the TTL; everything else is fixed at the creation."""
        found = self.container(db, name)
        definition = Definition(body)
        if definition.path != found.definition.path or body.get("id") != name:
            raise Refusal(400, "The id and the partition key of a container cannot be changed.")
        text = orjson.dumps(definition.to_json()).decode()
        self._store.execute("UPDATE containers SET definition = ? WHERE number = ?", (text, found.number))
        found.definition = definition
        return found

    def remove_container(self, db: str, name: str) -> None:
        """Delete a container with its items."""
        found = self.container(db, name)
        for table in ("containers", "lsns", "ranges"):
            column = "number" if table == "containers" else "container"
            self._store.execute(f"DELETE FROM {table} WHERE {column} = ?", (found.number,))  # noqa: S608
        self._store.execute(f"DROP TABLE {found.docs}")
        del self.containers[db, name]

    def split(self, container: Container, parent: Range) -> list[Range]:
        """Cut a range in half; its id is gone from now on, and its children name it."""
        first = self._store.rows("SELECT MAX(id) FROM ranges WHERE container = ?", container.number)[0][0] + 1
        cut = epk.middle(parent.low, parent.high)
        lineage = [*parent.parents, str(parent.id)]
        children = [Range(first, parent.low, cut, lineage), Range(first + 1, cut, parent.high, lineage)]
        self._store.execute(
            "UPDATE ranges SET live = 0 WHERE container = ? AND id = ?", (container.number, parent.id)
        )
        for one in children:
            self._add_range(container.number, one)
        container.set_ranges([one for one in container.ranges if one is not parent] + children)
        return children

    def _add_range(self, number: int, one: Range) -> None:
        parents = orjson.dumps(one.parents).decode()
        self._store.execute(
            "INSERT INTO ranges VALUES (?, ?, ?, ?, ?, 1)", (number, one.id, one.low, one.high, parents)
        )
