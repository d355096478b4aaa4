"""The two request-response nodes: ``$cbs`` takes tokens, ``$management`` tells properties."""

import time
from abc import ABC, abstractmethod
from collections import deque
from typing import Any

from devstack.eventhubs.errors import NOT_FOUND, OUT_OF_RANGE, RESOURCE_LIMIT, AmqpError
from devstack.eventhubs.hub.namespace import Hub, Namespace
from devstack.eventhubs.security.authority import SAS_TYPE, Authority
from devstack.eventhubs.security.policies import LISTEN, SEND
from devstack.eventhubs.security.sas import Claim, Refused
from devstack.eventhubs.wire import encode as e
from devstack.eventhubs.wire.delivery import Delivery
from devstack.eventhubs.wire.link import IncomingLink, OutgoingLink
from devstack.eventhubs.wire.message import Request, request, response

MOST_ANSWERS = 100
NEVER = -62_135_596_800_000  # 0001-01-01, the service's time of nothing
HUB, PARTITION = "com.microsoft:eventhub", "com.microsoft:partition"


class Answers:
    """The source of a node's receiving link."""

    def __init__(self, link: OutgoingLink, node: str, address: str | None) -> None:
        self.node = node
        self.address = address
        self._link = link
        self._queue: deque[bytes] = deque()

    def put(self, message: bytes) -> None:
        """Send an answer when the client has credit."""
        if len(self._queue) >= MOST_ANSWERS:
            raise AmqpError(RESOURCE_LIMIT, f"{MOST_ANSWERS} answers wait for credit: read them first")
        self._queue.append(message)
        self._link.wake()

    def take(self) -> bytes | None:
        """The oldest answer."""
        return self._queue.popleft() if self._queue else None

    def closed(self) -> None:
        """Nobody reads them any more."""
        self._queue.clear()


class Node(ABC):
    """The sink of a node's sending link: settles each request, answers on the same session."""

    def __init__(self, link: IncomingLink, node: str) -> None:
        self._link = link
        self._node = node

    def deliver(self, delivery: Delivery, settle: Any) -> None:
        """Answer one request."""
        try:
            asked = request(delivery.payload)
            answers = self._answers(asked.reply_to)
            answers.put(self._answer(asked))
        except AmqpError as fault:
            settle(fault)
            return
        settle(None)

    def _answers(self, reply_to: str | None) -> Answers:
        fitting = [
            link.source
            for link in self._link.session.links.values()
            if isinstance(link, OutgoingLink) and link.open and isinstance(link.source, Answers)
            and link.source.node == self._node
        ]  # fmt: skip
        named = [source for source in fitting if reply_to is not None and source.address == reply_to]
        if not fitting:
            raise AmqpError(
                NOT_FOUND, f"no link of this session receives from {self._node}: attach one first"
            )
        return (named or fitting)[-1]

    @abstractmethod
    def _answer(self, asked: Request) -> bytes:
        """The encoded answer to a request."""

    def closed(self) -> None:  # noqa: B027 - not every sink has something to let go
        """Nothing is held."""


def _status(code: int, description: str, condition: str | None = None) -> dict[bytes, bytes]:
    """Application properties of an answer; the description twice, as clients differ in its name."""
    found = {
        e.string("status-code"): e.integer(code),
        e.string("status-description"): e.string(description),
        e.string("statusDescription"): e.string(description),
    }
    if condition is not None:
        found[e.string("error-condition")] = e.symbol(condition)
    return found


class Cbs(Node):
    """Claims-based security: put-token. No error-condition: the Python SDK hides the status beside it."""

    def __init__(self, link: IncomingLink, authority: Authority) -> None:
        super().__init__(link, "$cbs")
        self._authority = authority

    def _answer(self, asked: Request) -> bytes:
        status = self._put(asked)
        return response(asked.message_id, status, e.NULL)

    def _put(self, asked: Request) -> dict[bytes, bytes]:
        audience = asked.properties.get("name")
        if asked.properties.get("operation") != "put-token" or not isinstance(audience, str):
            return _status(
                400, "put-token with the name of an audience is what $cbs takes", "amqp:not-implemented"
            )
        if asked.properties.get("type") != SAS_TYPE or not isinstance(asked.value, str):
            return _status(
                401, f"only tokens of type {SAS_TYPE} are known: there is no identity provider here",
            )  # fmt: skip
        try:
            self._authority.put(asked.value, audience, time.time())
        except Refused as fault:
            return _status(401, str(fault))
        return _status(202, "Accepted")


class Management(Node):
    """READ of a hub's or a partition's properties."""

    def __init__(self, link: IncomingLink, namespace: Namespace, authority: Authority) -> None:
        super().__init__(link, "$management")
        self._namespace = namespace
        self._authority = authority

    def _answer(self, asked: Request) -> bytes:
        try:
            value = self._read(asked.properties)
        except Refused as fault:
            return response(asked.message_id, _status(401, str(fault), "amqp:unauthorized-access"), e.NULL)
        except AmqpError as fault:
            code = {NOT_FOUND: 404, OUT_OF_RANGE: 400}.get(fault.condition, 400)
            return response(asked.message_id, _status(code, fault.description, fault.condition), e.NULL)
        return response(asked.message_id, _status(200, "OK"), value)

    def _read(self, properties: dict[str, Any]) -> bytes:
        name, kind = properties.get("name"), properties.get("type")
        if properties.get("operation") != "READ" or kind not in (HUB, PARTITION) or not isinstance(name, str):
            raise AmqpError(
                "amqp:not-implemented", f"READ of {HUB} or {PARTITION} with a name is what is known"
            )
        self._permit(name, properties.get("security_token"))
        hub = self._namespace.hub(name)
        if kind == HUB:
            return _hub_properties(hub)
        return _partition_properties(hub, str(properties.get("partition")))

    def _permit(self, name: str, token: Any) -> None:
        """Either right suffices: producers and consumers both need to know the partitions."""
        now = time.time()
        claim: Claim | None = self._authority.read_token(token, now) if isinstance(token, str) else None
        for right in (LISTEN, SEND):
            if self._authority.allows(name, right, now) or (claim and claim.gives(name, right, now)):
                return
        raise Refused(f"the 'Listen' or 'Send' claim on {name!r} is required to read its properties")


def _hub_properties(hub: Hub) -> bytes:
    return e.mapping(
        {
            e.string("name"): e.string(hub.name),
            e.string("type"): e.string(HUB),
            e.string("created_at"): e.timestamp(hub.created_ms),
            e.string("partition_count"): e.integer(len(hub.partitions)),
            e.string("georeplication_factor"): e.integer(1),
            e.string("partition_ids"): e.array(0xB1, [str(p.index).encode() for p in hub.partitions]),
        }
    )


def _partition_properties(hub: Hub, text: str) -> bytes:
    partition = hub.partition(text)
    log = partition.log
    used = log.published > 0
    return e.mapping(
        {
            e.string("name"): e.string(hub.name),
            e.string("type"): e.string(PARTITION),
            e.string("partition"): e.string(str(partition.index)),
            e.string("begin_sequence_number"): e.long(log.first_sequence),
            e.string("last_enqueued_sequence_number"): e.long(log.published - 1),
            e.string("last_enqueued_offset"): e.string(str(log.published_offset)),
            e.string("last_enqueued_time_utc"): e.timestamp(log.published_time if used else NEVER),
            e.string("is_partition_empty"): e.boolean(log.first_sequence == log.published),
        }
    )
