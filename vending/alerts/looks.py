"""Which conditions documents a sweep reads: those that changed, and those in which something is due by time.

All that is remembered of a document is its version, when its machines must be evaluated again though they
send nothing, and which of their alerts were open then; of a machine, a digest of its registers. It is a cache
of this process: where it is lost, or its basis is another (a catalog with other policies, an hour that went
by, a clock that was put back), everything is read and evaluated once. That alerts are as they were found is
compared with the store at every sweep, so that what was not written, or what somebody else changed, is
evaluated again.
"""

import math
from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple

from vending.catalog.cataloged import Cataloged

AFRESH = 3_600_000
"""Milliseconds: at the first sweep of each hour everything is read. Moves of machines are dated by days."""
OpenAlert = tuple[str, str]
"""Machine and id."""


class Basis(NamedTuple):
    """What evaluations rest on beside the registers."""

    catalog: Cataloged
    silent_after: int
    now: int
    """Milliseconds since 1970 UTC."""

    def holds(self, now: "Basis") -> bool:
        """Whether what was found on it still stands, but for what is due."""
        return (
            self.catalog is now.catalog
            and self.silent_after == now.silent_after
            and self.now <= now.now
            and self.now // AFRESH == now.now // AFRESH
        )


class Look(NamedTuple):
    """A document as it was evaluated last."""

    etag: str
    due: float
    """Milliseconds since 1970 UTC."""
    opened: frozenset[OpenAlert]
    """Alerts of its machines that are open, once what was found is stored."""


class Evaluated(NamedTuple):
    """A machine as it was evaluated last."""

    digest: int
    """Of its registers, in this process."""
    due: float


class Looks:
    """The documents and machines, as this process evaluated them last."""

    def __init__(self) -> None:
        self._basis: Basis | None = None
        self._forget()

    def _forget(self) -> None:
        self._looks: dict[str, Look] = {}
        self._machines: dict[str, Evaluated] = {}
        self._disagreed: set[str] = set()
        """Machines whose alerts are not as they were found."""
        self._holder: dict[str, str] = {}
        """Machine → a document that names it."""
        self._shared: dict[str, set[str]] = {}
        """Machine that several documents name → these."""
        self._partners: dict[str, set[str]] = {}
        """Document → those that share a machine with it."""

    def wanted(self, basis: Basis, listed: Mapping[str, str], opened: Set[OpenAlert]) -> set[str]:
        """The documents whose machines are to be evaluated. ``listed``: all there are → version."""
        if self._basis is None or not self._basis.holds(basis):
            self._forget()
        self._basis = basis
        self._looks = {name: look for name, look in self._looks.items() if name in listed}
        known = frozenset[OpenAlert]().union(*(look.opened for look in self._looks.values()))
        self._disagreed = {machine for machine, _ in opened ^ known}
        wanted = {name for name in listed if self._is_due(name, listed[name], basis.now)}
        wanted |= {name for name, look in self._looks.items() if not look.opened <= opened}
        return wanted | ({self._holder.get(machine, "") for machine in self._disagreed} & listed.keys())

    def unchanged(self, machine: str, digest: int, now: int) -> float | None:
        """When the machine is due, if an evaluation would find what the last one did; else None."""
        held = self._machines.get(machine)
        if held is None or held.digest != digest or held.due <= now or machine in self._disagreed:
            return None
        return held.due

    def evaluated(self, machine: str, digest: int, due: float) -> None:
        """The machine was evaluated on these registers."""
        self._machines[machine] = Evaluated(digest, due)

    def learn(self, name: str, machines: Iterable[str]) -> None:
        """The document names these machines."""
        for machine in machines:
            holder = self._holder.setdefault(machine, name)
            if holder != name:
                documents = self._shared.setdefault(machine, {holder})
                documents.add(name)
                for one in documents:
                    self._partners.setdefault(one, set()).update(documents)

    def partners(self, names: Iterable[str]) -> set[str]:
        """The documents that also hold registers of machines in these."""
        return set[str]().union(*(self._partners.get(name, ()) for name in names))

    def remember(self, name: str, look: Look) -> None:
        """The document was evaluated."""
        self._looks[name] = look

    def _is_due(self, name: str, etag: str, now: int) -> bool:
        look = self._looks.get(name)
        return look is None or look.etag != etag or look.due <= now


NEVER = math.inf
"""Of a document in which nothing is due by time alone."""
