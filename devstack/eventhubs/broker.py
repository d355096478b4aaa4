"""One client's view of the namespace: which address is what, and whether the client may use it."""

import time
from collections.abc import Sequence

from devstack.eventhubs.addresses import node_of, origin, path_of, target
from devstack.eventhubs.errors import AmqpError, not_implemented
from devstack.eventhubs.faults import Faults
from devstack.eventhubs.hub.namespace import Namespace
from devstack.eventhubs.nodes import Answers, Cbs, Management
from devstack.eventhubs.positions import selector, start
from devstack.eventhubs.producer import Later, Producer
from devstack.eventhubs.reader import Reader
from devstack.eventhubs.security.authority import Authority, missing
from devstack.eventhubs.security.policies import LISTEN, SEND, Policy
from devstack.eventhubs.wire.delivery import Sink, Source
from devstack.eventhubs.wire.link import IncomingLink, Link, OutgoingLink
from devstack.eventhubs.wire.performatives import Attach

IDEMPOTENT = "com.microsoft:idempotent-producer"


class Client:
    """The application behind one connection."""

    def __init__(
        self,
        namespace: Namespace,
        policies: Sequence[Policy],
        hosts: frozenset[str],
        faults: Faults,
        later: Later,
    ) -> None:
        self._namespace = namespace
        self._authority = Authority(policies, hosts)
        self._faults = faults
        self._later = later
        self._guarded: dict[Link, tuple[str, str]] = {}

    def sasl(self, mechanism: str, response: bytes) -> bool:
        """ANONYMOUS and MSSBCBS (tokens come through $cbs), or PLAIN (a policy's name and key)."""
        if mechanism == "PLAIN":
            return self._authority.login(response)
        return mechanism in ("ANONYMOUS", "MSSBCBS")

    def attach_sink(self, link: IncomingLink, attach: Attach) -> Sink:
        """A link the client sends on."""
        path = path_of(attach.target)
        node = node_of(path)
        if node == "$cbs":
            return Cbs(link, self._authority)
        if node is not None:
            return Management(link, self._namespace, self._authority)
        self._refuse_if_asked()
        _refuse_idempotent(attach)
        wanted = target(path)
        self._guard(link, path, SEND)
        return Producer(self._namespace.hub(wanted.hub), wanted, self._faults, self._later)

    def attach_source(self, link: OutgoingLink, attach: Attach) -> Source:
        """A link the client receives on."""
        source = attach.source
        if source is not None and len(source) > 4 and source[4]:
            raise not_implemented("a dynamic source")
        path = path_of(source)
        node = node_of(path)
        if node is not None:
            address = attach.target[0] if attach.target else None
            return Answers(link, node, address if isinstance(address, str) else None)
        self._refuse_if_asked()
        wanted = origin(path)
        self._guard(link, path, LISTEN)
        hub = self._namespace.hub(wanted.hub)
        partition = hub.partition(wanted.partition)
        receivers = hub.receivers(wanted.group, partition)
        return Reader(link, partition, receivers, start(selector(source), partition.log))

    def _refuse_if_asked(self) -> None:
        refusal = self._faults.refusal("attach")
        if refusal is not None:
            raise refusal

    def _guard(self, link: Link, path: str, right: str) -> None:
        self._authority.demand(path, right, time.time())
        self._guarded[link] = (path, right)

    def enforce(self, now: float) -> None:
        """Detach links whose tokens have run out without a newer one, and those of revoked publishers."""
        for link, (path, right) in list(self._guarded.items()):
            if not link.open:
                del self._guarded[link]
            elif (fault := self._fault(link, path, right, now)) is not None:
                del self._guarded[link]
                link.detach(fault)

    def _fault(self, link: Link, path: str, right: str, now: float) -> AmqpError | None:
        if not self._authority.allows(path, right, now):
            return missing(path, right)
        sink = link.sink if isinstance(link, IncomingLink) else None
        return sink.barred() if isinstance(sink, Producer) else None


def _refuse_idempotent(attach: Attach) -> None:
    """Such a producer relies on a batch that is sent twice being stored once."""
    if IDEMPOTENT in attach.desired:
        raise not_implemented("An idempotent producer")
