"""Leases of a change feed: one document per feed range, with its owner and its continuation.

The lease container's key is ``/id``. Beside the leases stand ``….info`` (they were made) and, during the
first start, ``….lock``. Claims are If-Match, so two hosts never hold one range; a lease that was not renewed
for its expiration is anyone's. Source of the rules: azure-webjobs-sdk-extensions
CosmosDBTriggerListener (renew 17 s, acquire 13 s, expiration 60 s).
"""

import base64
import contextlib
import hashlib
import json
import time
import uuid
from typing import Any

from azure.core import MatchConditions
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)

LOCK_SECONDS = 30


class LeaseLost(Exception):
    """Another host took the lease: what was read since is delivered by that host again."""


class Lease:
    """One feed range's lease document. ``continuation`` is None until the first page."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @property
    def id(self) -> str:
        """The document's id."""
        return str(self.document["id"])

    @property
    def feed_range(self) -> dict[str, Any]:
        """The feed range, as the SDK gave it."""
        found: dict[str, Any] = json.loads(base64.b64decode(self.document["FeedRange"]))
        return found

    @property
    def continuation(self) -> str | None:
        """Where the next read goes on."""
        found = self.document.get("ContinuationToken")
        return str(found) if found else None

    def expired(self, expiration: float) -> bool:
        """Whether nobody holds it now."""
        return not self.document.get("Owner") or self.document["renewed"] + expiration < time.time()


class LeaseStore:
    """The lease documents of one trigger, told apart by their prefix."""

    def __init__(self, container: ContainerProxy, prefix: str, expiration: float) -> None:
        self._container = container
        self._prefix = prefix
        self._expiration = expiration
        self.owner = str(uuid.uuid4())

    async def ready(self) -> bool:
        """Whether the leases were made, by whichever host."""
        try:
            await self._container.read_item(self._named("info"), self._named("info"))
        except CosmosResourceNotFoundError:
            # Leases of before there was such a document count as made.
            return bool(await self.all())
        return True

    async def lock(self) -> bool:
        """Take the lock of the first start; False while another host has it, or one that died left it.

        Source: azure-cosmos-dotnet-v3 DocumentServiceLeaseStoreCosmos: a document with a time to live of
        30 s, which a container without one never drops.
        """
        try:
            await self._container.create_item({"id": self._named("lock"), "ttl": LOCK_SECONDS})
        except CosmosResourceExistsError:
            return False
        return True

    async def prepare(self, ranges: list[dict[str, Any]]) -> None:
        """Make the documents of the ranges, mark them as made, give the lock back."""
        for one in ranges:
            text = base64.b64encode(json.dumps(one, sort_keys=True).encode()).decode()
            name = f"{self._prefix}{hashlib.sha256(text.encode()).hexdigest()[:16]}"
            document = {"id": name, "Owner": "", "FeedRange": text, "ContinuationToken": None, "renewed": 0.0}
            with contextlib.suppress(CosmosResourceExistsError):
                await self._container.create_item(document)
        with contextlib.suppress(CosmosResourceExistsError):
            await self._container.create_item({"id": self._named("info")})
        with contextlib.suppress(CosmosResourceNotFoundError):
            await self._container.delete_item(self._named("lock"), self._named("lock"))

    def _named(self, ending: str) -> str:
        return f"{self._prefix.removesuffix('.')}{ending}"

    async def all(self) -> list[Lease]:
        """Every lease of the trigger."""
        query = "SELECT * FROM c WHERE STARTSWITH(c.id, @prefix)"
        parameters: list[dict[str, object]] = [{"name": "@prefix", "value": self._prefix}]
        return [Lease(one) async for one in self._container.query_items(query, parameters=parameters)]

    async def claim(self) -> list[Lease]:
        """Claim free leases up to a fair share, or one of an owner that has too many; those newly held."""
        leases = await self.all()
        owners: dict[str, list[Lease]] = {self.owner: []}
        for lease in leases:
            if not lease.expired(self._expiration):
                owners.setdefault(lease.document["Owner"], []).append(lease)
        share = -(-len(leases) // len(owners))
        mine = len(owners[self.owner])
        free = [lease for lease in leases if lease.expired(self._expiration)]
        wanted = free[: max(0, share - mine)]
        richest = max(owners.values(), key=len)
        if (
            not free
            and mine < len(leases) // len(owners)
            and len(richest) > share - (len(leases) % len(owners) > 0)
        ):
            wanted = richest[:1]
        return [lease for lease in wanted if await self._take(lease)]

    async def renew(self, lease: Lease) -> None:
        """Keep it. ``LeaseLost`` when somebody else has it."""
        await self._replace(lease, Owner=self.owner)

    async def advance(self, lease: Lease, continuation: str) -> None:
        """Store how far the feed was delivered. ``LeaseLost`` when somebody else has the lease."""
        await self._replace(lease, Owner=self.owner, ContinuationToken=continuation)

    async def release(self, lease: Lease) -> None:
        """Let another host take it at once."""
        await self._replace(lease, Owner="")

    async def _take(self, lease: Lease) -> bool:
        try:
            await self._replace(lease, Owner=self.owner)
        except LeaseLost:
            return False
        return True

    async def _replace(self, lease: Lease, **changes: Any) -> None:
        changed = {**lease.document, **changes, "renewed": time.time()}
        try:
            lease.document = dict(
                await self._container.replace_item(
                    lease.id,
                    changed,
                    etag=lease.document["_etag"],
                    match_condition=MatchConditions.IfNotModified,
                )
            )
        except (CosmosAccessConditionFailedError, CosmosResourceNotFoundError) as error:
            raise LeaseLost(lease.id) from error
