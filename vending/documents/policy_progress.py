"""How far stocks were evaluated by changed policies, in the container ``alerts``."""

from typing import NamedTuple

from vending.documents.base import Document

POLICIES = "$policies"
"""Stands for a machine; no machine can have this name."""


class Extent(NamedTuple):
    """Up to which version of the catalog, and up to when maintenance that ended (ms since 1970 UTC)."""

    version: int
    at: int


class PolicyProgress(Document, kw_only=True):
    """See :mod:`vending.alerts.apply_policies`."""

    type = "policy-progress"
    schema = 1
    key = "machineId"

    id: str = "progress"
    machine_id: str = POLICIES
    confirmed: Extent
    """Gone over twice."""
    evaluated: Extent
    """Gone over once."""
    target: Extent | None = None
    """Being gone over, machine by machine in order, up to ``after``."""
    after: str = ""
