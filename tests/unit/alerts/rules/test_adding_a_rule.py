"""A new rule is one class: everything knows it from then on, or asks for what is missing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.alerts.rules.test_rules import documented, opens_and_closes
from tests.unit.alerts.test_alert_lifecycle import AT, NOW, Fleet, World
from vending.alerts import rules
from vending.alerts.rules import base
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Registers, Stock
from vending.alerts.rules.register_rule import RegisterRule
from vending.alerts.sweep import evaluate_ageing, evaluate_conditions
from vending.alerts.transitions import Finding
from vending.alerts.watch_machines import watch_machines
from vending.views import alerts
from vending.views.stores import ViewStores

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test adds is gone after it."""
    monkeypatch.setattr(base, "RULES", dict(base.RULES))


@pytest.fixture
def door_open() -> Rule[Any]:
    """A door that is open, as somebody would add it."""

    class DoorOpen(RegisterRule):
        name = "door-ajar"
        family = "door"
        closes = "evidence"
        severity = "info"
        title = "The door of {} is open"
        component, opens, closes_when = "door", "it is open", "it is shut"
        times = frozenset({"openSince"})

        def evaluate(self, component: str, register: list[Any], evidence: Registers) -> Finding:
            epoch, sequence, at, opened = register
            detail = {"openSince": at}
            return Finding(evidence.machine, self.name, component, (epoch, sequence), opened, at, detail)

        def opened(self, facts: Facts) -> str:
            return f"{facts.machine}: the door of {facts.component} is open"

        def closed(self, facts: Facts) -> str:
            return f"{facts.machine}: the door of {facts.component} is shut"

    return rules.named(DoorOpen.name)


@pytest.mark.usefixtures("door_open")
async def test_the_sweep_opens_and_closes_it() -> None:
    """While the sweep kept a list of its own, a new rule opened and never closed."""
    world = World()
    fleet = Fleet(world)
    for opened, state in ((True, "open"), (False, "closed")):
        await fleet.hears("0", m1={"door": [1, 5 + (not opened), AT, opened]})
        assert await evaluate_conditions(world.stores, NOW, HOUR) == 1
        assert world.states() == {"machine": state}
    await world.deliver()
    assert [(told["text"], told["severity"]) for _, told in world.webhook.posted] == [
        ("m1: the door of machine is open", "info"),
        ("m1: the door of machine is shut", "info"),
    ]


@pytest.mark.usefixtures("door_open")
async def test_the_views_show_it() -> None:
    world = World()
    await Fleet(world).hears("0", m1={"door": [1, 5, AT, True]})
    await evaluate_conditions(world.stores, NOW, HOUR)
    stores = ViewStores(world.machines, world.conditions, world.alerts, world.machines, world.machines)
    (shown,) = (await alerts.open_alerts(stores, NOW)).views
    assert shown.title == "The door of machine is open"
    assert shown.detail == {"openSince": "2026-03-01T12:00:00.000Z"}


def test_the_documents_and_the_tests_ask_for_it(door_open: Rule[Any]) -> None:
    assert {rule.name for rule in rules.every()} - documented().keys() == {"door-ajar"}
    with pytest.raises(KeyError, match="door-ajar"):
        opens_and_closes(door_open)


async def test_a_rule_on_stock_is_evaluated_from_the_feed_and_closed_by_the_sweep() -> None:
    class Untouched(Rule[Stock]):
        name = "untouched"
        evidence = Stock
        closes = "time"
        severity = "info"
        title = "Nobody was there"
        component, opens, closes_when = "`machine`", "somebody was there", "an hour after"

        def findings(self, evidence: Stock) -> Iterator[Finding]:
            fresh = evidence.now - AT < 3_600_000
            order = (evidence.document.rev, int(not fresh))
            machine = evidence.document.machine_id
            yield Finding(machine, self.name, "machine", order, fresh, evidence.now, {})

        def opened(self, facts: Facts) -> str:
            return "somebody was there"

        def closed(self, facts: Facts) -> str:
            return "nobody was there for an hour"

    world = World()
    assert await watch_machines([await world.stock(s21=3)], world.stores, NOW) == 1
    assert await evaluate_ageing(world.stores, NOW + HOUR / 2) == 0
    assert await evaluate_ageing(world.stores, NOW + HOUR) == 1
    assert world.states() == {"machine": "closed"}


def test_a_rule_that_leaves_something_out_fails_when_it_is_defined() -> None:
    with pytest.raises(
        TypeError,
        match=r"alert rule .*DoorOpen lacks closes, severity, component, opens, closes_when, family, ",
    ):

        class DoorOpen(RegisterRule):
            name = "door-ajar"
            title = "The door of {} is open"

            def opened(self, facts: Facts) -> str:
                return f"{facts.machine}: the door of {facts.component} is open"

    assert rules.named("door-ajar").title == "door-ajar {}"


def test_a_name_is_taken_once() -> None:
    with pytest.raises(TypeError, match="Again: the name silent is taken"):

        class Again(type(rules.named("silent"))):  # type: ignore[misc]
            pass
