"""``audit-difference``: between two audits a machine counted other vends, or other money, than its devices
told."""

from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Audited
from vending.alerts.transitions import Finding


class AuditDifferenceThresholds(Thresholds, frozen=True):
    """Of one span between two audits; either way, missing or too many."""

    vends: Annotated[int, Meta(ge=0, le=10_000)] = 5
    """Vends by which machine and ledger may differ."""
    minor: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 1_000
    """Minor units by which their money, or their cash alone, may."""


class AuditDifference(Rule[Audited]):
    """By the reconciliation that stands in the audit's record, which is as the ledger was when it came: the
    newest audit counts. A machine whose sales are those of its audits has nothing to differ from."""

    name = "audit-difference"
    evidence = Audited
    closes = "evidence"
    severity = "warning"
    thresholds = AuditDifferenceThresholds
    title = "The machine's own meters differ from its events"
    component = "`ledger`"
    opens = (
        "the newest audit counted over 5 vends, or over 1,000 minor units in all or in cash, more or less "
        "than the devices told since the audit before"
    )
    closes_when = "an audit within both"

    def findings(self, evidence: Audited) -> Iterator[Finding]:
        """None for an audit that claims nothing of the time before it."""
        record = evidence.record
        if record.placed not in ("after", "before"):
            return
        said = evidence.policy.of(self.name, AuditDifferenceThresholds)
        beside: dict[str, Any] = record.reconciliation or {}
        missed = beside.get("vends", {}).get("missed", 0)
        money = beside.get("vends", {}).get("variance", 0)
        cash = beside.get("payments", {}).get("cash", {}).get("variance", 0)
        differs = abs(missed) > said.vends or max(abs(money), abs(cash)) > said.minor
        detail = {"missed": missed, "varianceMinor": money, "cashVarianceMinor": cash}
        yield Finding(
            machine=record.machine_id,
            rule=self.name,
            component="ledger",
            order=(record.at, record.number),
            firing=differs,
            at=record.at,
            detail=detail if differs else {},
        )

    def opened(self, facts: Facts) -> str:
        detail = facts.detail
        return (
            f"{facts.machine}: since the audit before, the machine counted {detail['missed']} vends and "
            f"{detail['varianceMinor']} (minor units), {detail['cashVarianceMinor']} of it in cash, that no "
            "event told of"
        )

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: the machine's own meters agree with its events again"
