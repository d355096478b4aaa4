"""Alerts as findings make them."""

from tests.support.fakes import FakeDocuments
from vending.alerts.held import read
from vending.alerts.raise_alerts import AlertChange
from vending.alerts.transitions import Finding, Transition, transition
from vending.documents.alerts import Alert


def changed(held: Alert | None, finding: Finding, now: int) -> Transition:
    """What a finding changes; it must change something."""
    found = transition(held, finding, now)
    assert found is not None
    return found


async def find(documents: FakeDocuments, finding: Finding, now: int) -> Alert:
    """A rule finds something, and the alert says so; nothing goes to the queue."""
    held = await read(documents, Alert, finding.machine, finding.id)
    change = AlertChange(held, changed(held.document if held else None, finding, now))
    await documents.write(finding.machine, change.puts())
    return change.transition.alert
