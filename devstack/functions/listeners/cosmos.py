"""Cosmos DB trigger (v4, latest versions): the change feed per feed range, each behind a lease.

Source: azure-webjobs-sdk-extensions CosmosDBTriggerListener: a failed function without a retry policy is only
reported, the lease advances; a retry policy runs around the batch and holds that lease back.
"""

import asyncio
import contextlib
from typing import Any, NamedTuple

from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient
from azure.cosmos.exceptions import CosmosResourceNotFoundError

from devstack.functions import dotnet_json, log
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Call, Invoker, stopped_within
from devstack.functions.listeners.cosmos_leases import LOCK_SECONDS, Lease, LeaseLost, LeaseStore
from devstack.functions.listeners.cosmos_settings import CosmosSettings
from devstack.functions.listeners.retry_loop import persistently
from devstack.functions.model import Function

SETTLE = 2.0
LOCK_WAIT = 3.0


class CosmosListener:
    """Follows the change feed of one container for one function."""

    def __init__(self, function: Function, invoker: Invoker, settings: CosmosSettings) -> None:
        self._function = function
        self._invoker = invoker
        self._settings = settings
        self._stop = asyncio.Event()
        self._ranges: dict[str, asyncio.Task[None]] = {}
        self._feeds: list[Feed] = []
        self._clients: list[CosmosClient] = []
        self._balancing: asyncio.Task[None] | None = None
        self._where = f"{function.where()} ({settings.database}/{settings.container})"

    async def start(self) -> None:
        """Return when the free feed ranges are claimed, however long the account is away."""
        await persistently(self._prepare, self._where)
        await persistently(self._claim, self._where)
        await asyncio.gather(*(feed.listening.wait() for feed in self._feeds))
        self._balancing = asyncio.create_task(self._balance())

    async def stop(self) -> None:
        """Read no more pages; batches in flight go on, their leases do not advance."""
        self._stop.set()

    async def close(self) -> None:
        """Give the leases back and close the clients."""
        tasks = [*self._ranges.values(), *([self._balancing] if self._balancing else [])]
        if tasks:
            # After a stop they end by themselves, unless an invocation outlived the drain.
            await asyncio.wait(tasks, timeout=SETTLE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for client in self._clients:
            await client.close()

    async def _prepare(self) -> None:
        database = self._client().get_database_client(self._settings.database)
        container = database.get_container_client(self._settings.container)
        leases = database.get_container_client(self._settings.leases)
        if self._settings.create_leases:
            # With a time to live, as the extension makes it: a lock that a dead host left goes by itself.
            await database.create_container_if_not_exists(
                self._settings.leases, PartitionKey("/id"), default_ttl=-1
            )
        try:
            await container.read()
            kept = "defaultTtl" not in await leases.read()
        except CosmosResourceNotFoundError as error:
            raise ConfigurationError(
                f"{self._where}: the container or its lease container {self._settings.leases!r} is missing;"
                " create it (or set createLeaseContainerIfNotExists for the leases)"
            ) from error
        self._store = LeaseStore(leases, self._settings.prefix, self._settings.expiration)
        # Ranges that were split since the leases were made are followed by the stored continuations, which
        # cover their children.
        while not await self._store.ready():
            if await self._store.lock():
                await self._store.prepare([one async for one in container.read_feed_ranges()])
            elif await self._locked(kept):
                return

    async def _locked(self, kept: bool) -> bool:
        """Wait for another host's first start, and say so; whether the host stops meanwhile.

        The real host says nothing, and without a time to live it waits for ever.
        """
        end = (
            f"{self._settings.leases!r} has no time to live, so a lock that a dead host left stays for ever:"
            f" delete that document, and set the container's defaultTtl to -1"
            if kept
            else f"it goes after {LOCK_SECONDS} s at most"
        )
        log.error(f"{self._where}: waits for the lock of another host's first start; {end}")
        return await stopped_within(self._stop, LOCK_WAIT)

    def _client(self) -> CosmosClient:
        client = CosmosClient.from_connection_string(self._settings.connection)
        self._clients.append(client)
        return client

    async def _balance(self) -> None:
        while not await stopped_within(self._stop, self._settings.acquire):
            await persistently(self._claim, self._where)

    async def _claim(self) -> None:
        for lease in await self._store.claim():
            reading = Reading(self._function, self._invoker, self._settings, self._stop)
            feed = Feed(reading, self._store, lease)
            self._feeds = [*(one for one in self._feeds if one.lease.id != lease.id), feed]
            container = self._client().get_database_client(self._settings.database)
            old = self._ranges.get(lease.id)
            if old is not None:
                old.cancel()
            follow = feed.follow(container.get_container_client(self._settings.container))
            self._ranges[lease.id] = asyncio.create_task(follow)


class Reading(NamedTuple):
    """What all feed ranges of a trigger share: whom they call, and until when."""

    function: Function
    invoker: Invoker
    settings: CosmosSettings
    stop: asyncio.Event


class Feed:
    """One feed range while its lease is held. ``listening`` is set once a first page was read."""

    def __init__(self, reading: Reading, store: LeaseStore, lease: Lease) -> None:
        self._function, self._invoker, self._settings, self._stop = reading
        self._store = store
        self.lease = lease
        self.listening = asyncio.Event()
        self._one_write = asyncio.Lock()

    async def follow(self, container: ContainerProxy) -> None:
        """Deliver pages in order until the lease is lost or the listener stops; then give it back, so that
        the next host need not wait for its expiration.
        """
        renewal = asyncio.create_task(self._renew(asyncio.current_task()))
        try:
            while not self._stop.is_set():
                await persistently(lambda: self._turn(container), self._function.where(), fatal=LeaseLost)
        except LeaseLost:
            log.error(f"{self._function.where()}: lease {self.lease.id} went to another host")
        finally:
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)
            await self._give_back()

    async def _turn(self, container: ContainerProxy) -> None:
        documents, continuation = await self._page(container)
        self.listening.set()
        if documents:
            # Parsed and written by the host on the way: date-like texts come out in another form.
            text = dotnet_json.compact(documents)
            call = Call(("string", text), {}, f"{len(documents)} documents of {self.lease.id}")
            await asyncio.shield(self._invoker.run(self._function, call, self._stop))
        if self._stop.is_set():
            return
        if continuation and continuation != self.lease.continuation:
            async with self._one_write:
                await self._store.advance(self.lease, continuation)
        if not documents:
            await stopped_within(self._stop, self._settings.poll)

    async def _page(self, container: ContainerProxy) -> tuple[list[dict[str, Any]], str | None]:
        """One page and where the next begins. Without a continuation, from the beginning or from now."""
        where: dict[str, Any] = {"feed_range": self.lease.feed_range}
        if self.lease.continuation:
            where = {"continuation": self.lease.continuation}
        else:
            where["start_time"] = "Beginning" if self._settings.beginning else "Now"
        if self._settings.page:
            where["max_item_count"] = self._settings.page
        feed = container.query_items_change_feed(**where)
        documents: list[dict[str, Any]] = []
        pages = feed.by_page()
        with contextlib.suppress(StopAsyncIteration):
            documents = [one async for one in await anext(pages)]
        # The header is shared by every call of a client, hence one client for each feed range.
        continuation = container.client_connection.last_response_headers.get("etag")
        return documents, continuation

    async def _renew(self, owner: asyncio.Task[None] | None) -> None:
        while True:
            await asyncio.sleep(self._settings.renew)
            try:
                async with self._one_write:
                    await self._store.renew(self.lease)
            except LeaseLost:
                log.error(f"{self._function.where()}: lease {self.lease.id} went to another host")
                if owner is not None:
                    owner.cancel()
                return
            except Exception as error:  # noqa: BLE001 - renewed next time, or lost and taken by another
                log.error(
                    f"{self._function.where()}: lease {self.lease.id} not renewed ({type(error).__name__})"
                )

    async def _give_back(self) -> None:
        try:
            await self._store.release(self.lease)
        except Exception as error:  # noqa: BLE001 - it expires by itself
            log.info(f"{self._function.where()}: lease {self.lease.id} not released ({type(error).__name__})")
