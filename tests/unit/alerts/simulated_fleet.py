"""A simulated fleet's stock events through the fold and the rules, as they arrive: which alerts opened."""

from collections import Counter
from collections.abc import Iterable

from simulator.acts import install
from simulator.fleet import Fleet
from simulator.scenario_file import Act, Scenario
from simulator.timeline import Timeline
from tests.unit.simulator.deliveries import START, hub_event
from vending.alerts import rules
from vending.alerts.policy import DEFAULTS, Policy
from vending.alerts.rules.evidence import Stock
from vending.alerts.transitions import Transition, transition
from vending.documents.alerts import Alert
from vending.documents.stock import MachineStock
from vending.errors import Rejected
from vending.events.event import Event, parse
from vending.state import stock

DAY = 86_400_000


class Watched:
    """Stocks and alerts of a fleet, and what happened to the alerts."""

    def __init__(self, policy: Policy = DEFAULTS) -> None:
        self.policy = policy
        self.stocks: dict[str, MachineStock] = {}
        self.alerts: dict[tuple[str, str], Alert] = {}
        self.opened: Counter[str] = Counter()
        self.closed: Counter[str] = Counter()

    def take(self, event: Event, now: int) -> None:
        """Count it, and evaluate the machine."""
        held = self.stocks.get(event.machine) or stock.empty(event.machine)
        folded = stock.fold(held, [event])
        self.stocks[event.machine] = folded.stock
        if folded.changed:
            self.evaluate(folded.stock, now)

    def evaluate(self, held: MachineStock, now: int) -> None:
        """By all the rules on stock."""
        for finding in rules.findings(Stock(held, now, self.policy)):
            key = (held.machine_id, finding.id)
            changed = transition(self.alerts.get(key), finding, now)
            if isinstance(changed, Transition):
                self.alerts[key] = changed.alert
                (self.opened if finding.firing else self.closed)[finding.rule] += 1


def watched(
    machines: int,
    days: float,
    faults: Iterable[str] = (),
    acts: Iterable[Act] = (),
    policy: Policy = DEFAULTS,
) -> Watched:
    """A fleet of so many machines for so long, to which this happens."""
    timeline = Timeline(Fleet(1, machines), frozenset(faults), START)
    install(Scenario("", machines, 1, 24 * days, 1, "", frozenset(faults), tuple(acts)), timeline)
    found = Watched(policy)
    for number, (at, delivery) in enumerate(timeline.until(START + round(days * DAY))):
        try:
            event = parse(hub_event(number, at, delivery))
        except Rejected:
            continue
        if event.stocked:
            found.take(event, at)
    return found
