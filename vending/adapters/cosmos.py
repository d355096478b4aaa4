"""Documents and their change feed in a Cosmos DB container.

Facts this rests on, all of azure-cosmos 4.17: a batch call empties the options out of the operations it is
given, so they are built for each call; the change feed's pager forgets its position on an empty page, so
the position is taken from the headers of this very call; the first call fetches the container's own
properties, whose 404 looks like an item's, so they are fetched apart; the session tokens of a container that
is written before anything was read from it are mixed with other containers', and reads then ask for versions
that do not exist (404/1002), so the first thing that happens to a container is a read.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosResourceNotFoundError

from vending.adapters.faults import Meaning, headers_of, meaning, status_of, translated, waits
from vending.adapters.metering import charge
from vending.documents.base import Body
from vending.errors import Conflict, VendstreamError
from vending.ports import Filter, Put, Stored

MAX_OPERATIONS = 100
"""Of one transactional batch (the service's limit)."""
PAGE = 200
"""Items of one page of a query."""
SYSTEM = frozenset({"_rid", "_self", "_etag", "_attachments", "_ts", "_lsn"})
NOTHING = "nothing"
"""The id and key of an item that nobody writes."""
PARTITION_FULL = 1014
"""Substatus of a 403: a logical partition holds its 20 GB, which does not pass by itself."""
COMPARISONS = frozenset({"=", "<", "<=", ">", ">=", "in"})
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Charge = Callable[[str, float], None]
"""Called with the operation (``read machines``) and its request units, once per response."""


class CosmosDocuments:
    """The ports Erasable and Feed on one container."""

    def __init__(self, container: ContainerProxy, key_field: str, on_charge: Charge = charge) -> None:
        self.container = container
        self.key_field = key_field
        self.on_charge = on_charge
        self._seen = False

    async def read(self, key: str, id: str) -> Stored | None:  # noqa: A002 - Cosmos DB's own word
        """The document, or None."""
        await self._require()
        try:
            with self._translated("read", f"{key}/{id}"):
                item = await self.container.read_item(id, key, response_hook=self._meter("read"))
        except HttpResponseError as fault:
            if fault.status_code == 404:
                return None
            raise
        return _stored(item)

    async def write(self, key: str, puts: Sequence[Put]) -> list[str]:
        """All of the writes or none; their versions. Raises Conflict when one moved or an id is taken."""
        self._check(key, puts)
        await self._require()
        with self._translated("write", f"{key}/{', '.join(put.body['id'] for put in puts[:3])}", _lost):
            if len(puts) < 2:
                return [await self._write_one(put) for put in puts]
            operations = [_operation(put) for put in puts]
            done = await self.container.execute_item_batch(
                operations, key, response_hook=self._meter("write")
            )
        return [row["eTag"] for row in done]

    async def delete(self, key: str, id: str, etag: str) -> None:  # noqa: A002
        """Delete that version; nothing happens where there is none. Raises Conflict when it has moved."""
        await self._require()
        condition = MatchConditions.IfNotModified
        try:
            with self._translated("delete", f"{key}/{id}"):
                await self.container.delete_item(
                    id, key, etag=etag, match_condition=condition, response_hook=self._meter("delete")
                )
        except HttpResponseError as fault:
            if fault.status_code != 404:
                raise

    async def select(
        self, key: str | None, *where: Filter, fields: Sequence[str] = ()
    ) -> AsyncIterator[Stored]:
        """The documents that match, of one partition key or (None) of all; with ``fields``, only those."""
        await self._require()
        query, parameters = statement(where, fields)
        scope: dict[str, Any] = {} if key is None else {"partition_key": key}
        with self._translated("query", "*" if key is None else key):
            async for item in self.container.query_items(
                query,
                parameters=parameters,
                max_item_count=PAGE,
                response_hook=self._meter("query"),
                **scope,
            ):
                yield _stored(item)

    async def ranges(self) -> list[str]:
        """The feed ranges of today, to be stored: a stored range stays readable after a split."""
        await self._require()
        with self._translated("ranges"):
            return [json.dumps(one, sort_keys=True) async for one in self.container.read_feed_ranges()]

    async def changes(
        self, feed_range: str, continuation: str | None, limit: int
    ) -> tuple[list[Body], str | None]:
        """Up to about ``limit`` changes after the continuation, and where to go on."""
        items, position = await self._changed(feed_range, continuation, limit)
        return [_body(item) for item in items], position

    async def waiting_since(self, feed_range: str, continuation: str | None) -> datetime | None:
        """When the first change after the continuation was written; None where there is none."""
        items, _ = await self._changed(feed_range, continuation, 1)
        return datetime.fromtimestamp(items[0]["_ts"], UTC) if items else None

    async def _changed(
        self, feed_range: str, continuation: str | None, limit: int
    ) -> tuple[list[Body], str | None]:
        await self._require()
        heard: list[Mapping[str, Any]] = []
        meter = self._meter("changes")

        def listen(headers: Mapping[str, Any], body: Any) -> None:
            heard.append(headers)
            meter(headers, body)

        start: dict[str, Any] = {"continuation": continuation}
        if continuation is None:
            start = {"feed_range": json.loads(feed_range), "start_time": "Beginning"}
        with self._translated("changes"):
            feed = self.container.query_items_change_feed(max_item_count=limit, response_hook=listen, **start)
            async for page in feed.by_page():
                items = [item async for item in page]
                return items, _position(heard, continuation)
        return [], _position(heard, continuation)

    async def _write_one(self, put: Put) -> str:
        heard: list[Mapping[str, Any]] = []
        meter = self._meter("write")

        def listen(headers: Mapping[str, Any], body: Any) -> None:
            heard.append(headers)
            meter(headers, body)

        if put.etag is None:
            await self.container.create_item(put.body, no_response=True, response_hook=listen)
        else:
            await self.container.replace_item(
                put.body["id"],
                put.body,
                etag=put.etag,
                match_condition=MatchConditions.IfNotModified,
                no_response=True,
                response_hook=listen,
            )
        return str(heard[-1]["etag"])

    async def _require(self) -> None:
        """Once per process: that the container exists, so that a later 404 speaks of an item."""
        if not self._seen:
            with self._translated("open", decide=_missing):
                await self.container.read()
            with self._translated("open"), suppress(CosmosResourceNotFoundError):
                await self.container.read_item(NOTHING, NOTHING)
            self._seen = True

    def _check(self, key: str, puts: Sequence[Put]) -> None:
        if len(puts) > MAX_OPERATIONS:
            raise ValueError(f"{len(puts)} operations in one batch; the service takes {MAX_OPERATIONS}")
        for put in puts:
            if put.body[self.key_field] != key:
                raise ValueError(f"{put.body['id']} does not belong to partition key {key!r}")

    def _translated(
        self, operation: str, target: str = "", decide: Meaning | None = None
    ) -> AbstractContextManager[None]:
        def charged(fault: AzureError, place: str) -> VendstreamError | None:
            if status_of(fault) is not None:  # a refusal has its price too
                self._charge(operation, headers_of(fault))
            return (decide or _decide)(fault, place)

        return translated(f"{self.container.id}: {operation} {target}".rstrip(), charged)

    def _meter(self, operation: str) -> Callable[[Mapping[str, Any], Any], None]:
        return lambda headers, _: self._charge(operation, headers)

    def _charge(self, operation: str, headers: Mapping[str, Any]) -> None:
        self.on_charge(f"{operation} {self.container.id}", float(headers.get("x-ms-request-charge") or 0))


def statement(where: Sequence[Filter], fields: Sequence[str] = ()) -> tuple[str, list[dict[str, Any]]]:
    """The query and its parameters. Names stand in brackets, because some are keywords of the language."""
    names = [*fields, *(field for field, _, _ in where)]
    if bad := [name for name in names if not FIELD.fullmatch(name)]:
        raise ValueError(f"{bad[0]!r} is no name of a field")
    if wrong := [comparison for _, comparison, _ in where if comparison not in COMPARISONS]:
        raise ValueError(f"{wrong[0]!r} is no comparison")
    chosen = ", ".join(f'c["{name}"]' for name in dict.fromkeys([*fields, "_etag"])) if fields else "*"
    tests: list[str] = []
    parameters: list[dict[str, Any]] = []
    for test in where:
        values = test[2] if test[1] == "in" else [test[2]]
        given = [f"@p{number}" for number, _ in enumerate(values, len(parameters))]
        compared = f"IN ({', '.join(given)})" if test[1] == "in" else f"{test[1]} {given[0]}"
        tests.append(f'c["{test[0]}"] {compared}')
        parameters += [{"name": name, "value": value} for name, value in zip(given, values, strict=True)]
    query = f"SELECT {chosen} FROM c" + (f" WHERE {' AND '.join(tests)}" if tests else "")  # noqa: S608 - names checked
    return query, parameters


def _operation(put: Put) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    if put.etag is None:
        return "create", (put.body,), {}
    return "replace", (put.body["id"], put.body), {"if_match_etag": put.etag}


def _decide(fault: AzureError, what: str) -> VendstreamError | None:
    substatus = getattr(fault, "sub_status", None)
    if status_of(fault) == 404:
        # 1003: the container is gone; 1002: the replica does not know this session yet. 0: an item.
        return waits(fault, what) if substatus else None
    if status_of(fault) == 403 and substatus == PARTITION_FULL:
        return None
    return meaning(fault, what)


def _lost(fault: AzureError, what: str) -> VendstreamError | None:
    """For writes: that a document to be replaced is gone is a conflict, too."""
    decision = _decide(fault, what)
    return Conflict(f"{what}: gone") if decision is None and status_of(fault) == 404 else decision


def _missing(fault: AzureError, what: str) -> VendstreamError | None:
    """For the container itself: until somebody creates it, its work waits."""
    return waits(fault, what) if status_of(fault) == 404 else meaning(fault, what)


def _position(heard: Sequence[Mapping[str, Any]], before: str | None) -> str | None:
    return (str(heard[-1].get("etag") or "") if heard else "") or before


def _body(item: Mapping[str, Any]) -> Body:
    return {name: value for name, value in item.items() if name not in SYSTEM}


def _stored(item: Mapping[str, Any]) -> Stored:
    return Stored(_body(item), item["_etag"])
