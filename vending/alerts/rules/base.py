"""What an alert rule says of itself.

A subclass of :class:`Rule` registers itself when it is defined; one that leaves something out fails there.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from vending.alerts.policy import Thresholds
from vending.alerts.rules.evidence import Evidence
from vending.alerts.transitions import Finding
from vending.documents.alerts import Detail
from vending.documents.alerts import Severity as Severity

Closing = Literal["evidence", "time"]
"""What ends an alert: newer evidence, or nothing but time, for which the sweep evaluates open ones again."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Of the alert that a sentence is about."""

    machine: str
    component: str
    detail: Detail


class Rule[E: Evidence](ABC):
    """One rule. ``abstract=True`` is for classes that rules have in common."""

    name: str
    """Part of the ids of alerts and of their notifications' keys: never changed, without ``:`` and ``/``."""
    evidence: type[E]
    closes: Closing
    severity: Severity
    title: str
    """An open alert in a list, ``{}`` for its component."""
    component: str
    """What its alerts are one for each of: a cell of the table in ``docs/alerts.md``, as are the next two."""
    opens: str
    """When its alerts open, by the thresholds' defaults."""
    closes_when: str
    thresholds: type[Thresholds] = Thresholds
    """What it compares with, of which operators may say otherwise (:mod:`vending.alerts.policy`)."""
    times: frozenset[str] = frozenset()
    """Facts of the detail that are times, in milliseconds since 1970 UTC: shown as ISO 8601."""

    def __init_subclass__(cls, *, abstract: bool = False) -> None:
        super().__init_subclass__()
        if abstract:
            return
        if missing := [*_undeclared(cls), *_unwritten(cls)]:
            raise TypeError(f"alert rule {cls.__qualname__} lacks {', '.join(missing)}")
        if cls.name in RULES:
            raise TypeError(f"alert rule {cls.__qualname__}: the name {cls.name} is taken")
        RULES[cls.name] = cls()

    @abstractmethod
    def findings(self, evidence: E) -> Iterable[Finding]:
        """One for each component that there is evidence of: firing; clear, which closes its alert; or
        neither, between two thresholds."""

    @abstractmethod
    def opened(self, facts: Facts) -> str:
        """The sentence that notifies people when an alert opens."""

    @abstractmethod
    def closed(self, facts: Facts) -> str:
        """And when it closes. The detail may be that of an alert whose evidence was taken away."""

    def logged(self, finding: Finding) -> str | None:  # noqa: ARG002 - for those that say one
        """The error in the log at each evaluation while it fires, for what may hold up alerts too."""
        return None


RULES: dict[str, Rule[Any]] = {}
"""By name; read through the functions of the package."""


class Unknown(Rule[Evidence], abstract=True):
    """Stands for a rule that this version does not know: its alerts were written by a newer one."""

    evidence = Evidence
    closes = "evidence"
    severity = "warning"

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = f"{name} {{}}"

    def findings(self, evidence: Evidence) -> Iterable[Finding]:  # noqa: ARG002 - whatever it is
        """None."""
        return ()

    def opened(self, facts: Facts) -> str:
        """Its own name."""
        return f"{facts.machine}: {self.name} {facts.component} opened"

    def closed(self, facts: Facts) -> str:
        """Its own name."""
        return f"{facts.machine}: {self.name} {facts.component} closed"


def _undeclared(rule: type[Rule[Any]]) -> list[str]:
    """Attributes that the rule, or a class above it, announces and nobody gives a value."""
    announced = [name for base in reversed(rule.__mro__) for name in inspect.get_annotations(base)]
    return [name for name in announced if not hasattr(rule, name)]


def _unwritten(rule: type[Rule[Any]]) -> list[str]:
    """Abstract methods. ``__abstractmethods__`` is not there yet when a subclass is initialised."""
    return [name for name in dir(rule) if getattr(getattr(rule, name, None), "__isabstractmethod__", False)]
