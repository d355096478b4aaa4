"""Each rule by itself: it opens, it closes, and it says so as people read it, in the same words always."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from tests.support.alerts import changed
from tests.support.fakes import FakeDocuments
from tests.support.metadata import ROOT
from tests.unit.alerts.rules import lives
from tests.unit.alerts.rules.lives import Life
from tests.unit.alerts.test_alert_lifecycle import Fleet, World
from vending.alerts import lifecycle, rules, transitions
from vending.alerts.evaluate_quiet import evaluate_quiet
from vending.alerts.policy import DEFAULTS, Policy
from vending.alerts.raise_alerts import raise_as_found
from vending.alerts.rules.base import Rule
from vending.alerts.rules.evidence import (
    Audited,
    Backlog,
    Day,
    Evidence,
    GivenUp,
    Refusals,
    Registers,
    Rollups,
    Stock,
)
from vending.alerts.standing import Halt, Halts
from vending.alerts.sweep import evaluate_ageing, evaluate_conditions
from vending.alerts.transitions import Finding
from vending.alerts.watch_audits import watch_audits
from vending.alerts.watch_days import watch_days
from vending.alerts.watch_machines import watch_machines
from vending.documents.alerts import UndeliveredNotification
from vending.documents.base import load
from vending.documents.habits import Habit
from vending.documents.stock import MachineStock
from vending.notifications import texts
from vending.ports import Put
from vending.time import millis
from vending.views import alert_view

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = millis(NOON)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY = 24 * 3_600_000
WEEK = 7 * DAY


def stock(rev: int, units: int, now: int, **more: Any) -> Stock:
    slots = {"21": [[1, rev, units], [1, 1, 8], []], "22": [[1, 1, 99], [1, 1, 99], []]}
    body = {"id": "stock", "machineId": "m1", "type": "stock", "schema": 1, "rev": rev, "slots": slots}
    return Stock(load(body | {"last": {}} | more, MachineStock), now)


def backlog(hours: int, next_up: int, now: datetime) -> Backlog:
    halts = Halts("1", {"ingest": {"3": Halt(41, NOON - HOUR)}} if next_up == 42 else {})
    done, last = {"ingest": {"3": next_up - 1}}, {"3": 99}
    return Backlog({"ingest": hours * HOUR}, halts, done, last, now, 24 * HOUR, 5 * MINUTE)


LOST = UndeliveredNotification(
    id="undelivered:silent:machine:1:opened", machine_id="m1", state="open",
    idempotency_key="m1/silent/machine/1/opened", reason="webhook: status 404", at=NOW,
)  # fmt: skip
GAVE_UP = {"closed": {"holes": 2, "numbers": 18, "epochs": 1, "at": NOW}}
WANTED = Policy({"firmware-drift": {"wanted": "4.3.0"}})
LIVES: Mapping[str, Life] = lives.LIVES | {
    "sold-out": Life(
        stock(1, 0, NOW), stock(2, 5, NOW),
        "Selection 21 is sold out",
        "m1: selection 21 is sold out",
        "m1: selection 21 has stock again",
    ),
    "lost-sales": Life(
        stock(1, 5, NOW, **GAVE_UP), stock(1, 5, NOW + WEEK + 1, **GAVE_UP),
        "Ledger numbers were given up as lost",
        "m1: 18 ledger numbers in 2 holes and 1 epoch of a device were given up: sales may be lost",
        "m1: no further ledger numbers were given up for a week",
    ),
    "silent": Life(
        Registers("m1", {"seen": [1, 5, NOW - 2, "ntp"]}, NOW, 1),
        Registers("m1", {"seen": [1, 6, NOW, "ntp"]}, NOW, 1),
        "The machine is silent", "m1 is not heard from", "m1 is heard from again",
    ),
    "fault": Life(
        Registers("m1", {"fault:coin:EVA4": [1, 5, NOW, True]}, NOW, 1),
        Registers("m1", {"fault:coin:EVA4": [1, 6, NOW, False]}, NOW, 1),
        "Fault coin:EVA4", "m1: fault coin:EVA4 opened", "m1: fault coin:EVA4 closed",
    ),
    "cold-chain": Life(
        Registers("m1", {"temp:main": [1, 5, NOW, 9.5], "good:main": [1, 2, NOW - 1_900_000, 4.0]}, NOW, 1),
        Registers("m1", {"temp:main": [1, 6, NOW, 4.5], "good:main": [1, 6, NOW, 4.5]}, NOW, 1),
        "Zone main is too warm", "m1: zone main is too warm", "m1: zone main is cold again",
    ),
    "hot-holding": Life(
        Registers("m1", {"temp:soup": [1, 5, NOW, 50.0], "hot:soup": [1, 2, NOW - 7_300_000, 65.0]}, NOW, 1),
        Registers("m1", {"temp:soup": [1, 6, NOW, 60.0], "hot:soup": [1, 6, NOW, 60.0]}, NOW, 1),
        "Zone soup is not hot enough", "m1: zone soup is not hot enough", "m1: zone soup is hot again",
    ),
    "locked-out": Life(
        Registers("m1", {"locked:main": [1, 5, NOW, 3]}, NOW, 1),
        Registers("m1", {"locked:main": [1, 6, NOW, 0]}, NOW, 1),
        "Zone main: the machine locked its selections",
        "m1: zone main was too warm, and the machine locked 3 selections",
        "m1: zone main is no longer locked",
    ),
    "door-open": Life(
        Registers("m1", {"door": [1, 5, NOW - 660_000, True]}, NOW, 1),
        Registers("m1", {"door": [1, 6, NOW, False]}, NOW, 1),
        "The service door is open", "m1: the service door is open", "m1: the service door is shut",
    ),
    "power-lost": Life(
        Registers("m1", {"power": [1, 5, NOW - 360_000, "brownout"]}, NOW, 1),
        Registers("m1", {"power": [1, 6, NOW, "on"]}, NOW, 1),
        "The machine has no power", "m1 has too little power", "m1 has power again",
    ),
    "payment-fault": Life(
        Registers("m1", {"fault:coin-mech:EAR": [1, 5, NOW - 360_000, True]}, NOW, 1),
        Registers("m1", {"fault:coin-mech:EAR": [1, 6, NOW, False]}, NOW, 1),
        "Payment fault coin-mech:EAR", "m1: payment fault coin-mech:EAR",
        "m1: payment fault coin-mech:EAR is over",
    ),
    "cash-box": Life(
        Registers("m1", {"cashbox:bills": [1, 5, NOW, 460]}, NOW, 1),
        Registers("m1", {"cashbox:bills": [1, 6, NOW, 0]}, NOW, 1),
        "The box for bills is nearly full", "m1: the box for bills is nearly full",
        "m1: the box for bills has room again",
    ),
    "exact-change": Life(
        Registers("m1", {"cash": [1, 5, NOW, [[10, 2, False], [50, 40, False]]]}, NOW, 1),
        Registers("m1", {"cash": [1, 6, NOW, [[10, 30, False], [50, 40, False]]]}, NOW, 1),
        "Coins for change run out", "m1: coins for change run out (2 left of 10 minor units)",
        "m1: there are coins for change again",
    ),
    "firmware-drift": Life(
        Registers("m1", {"firmware": [1, 5, NOW, "4.2.1"]}, NOW, 1, policy=WANTED),
        Registers("m1", {"firmware": [1, 6, NOW, "4.3.0"]}, NOW, 1, policy=WANTED),
        "The firmware is not the one that is wanted",
        "m1: firmware 4.2.1 is not the one that is wanted",
        "m1: the firmware is the one that is wanted",
    ),
    "stale-clock": Life(
        Registers("m1", {"seen": [1, 5, NOW, "none"], "boot": [1, 1, NOW - 3_700_000, "power"]}, NOW, 1),
        Registers("m1", {"seen": [1, 6, NOW, "ntp"]}, NOW, 1),
        "The device does not know the time",
        "m1: the device does not know the time; when its events happened is estimated",
        "m1: the device knows the time again",
    ),
    "lag": Life(
        backlog(13, 7, NOON), backlog(0, 8, NOON + MINUTE),
        "Events wait for ingest for more than half of the hub's retention",
        "events wait for ingest for more than half of the hub's retention",
        "ingest has caught up",
    ),
    "partition-standing-still": Life(
        backlog(0, 42, NOON), backlog(0, 43, NOON + MINUTE),
        "A hub partition stands still: ingest:3",
        "ingest stands still in partition 3 before number 42: a message that no trigger can bind, or a store "
        "that throttles or is away. `vendctl partitions` tells which; for the first, `vendctl partitions "
        "clear 3`. What waits is lost when the hub's retention ends",
        "ingest:3 moves again",
    ),
    "rollups-behind": Life(
        Rollups([NOON - HOUR], 0, NOON, 15 * MINUTE), Rollups([None], 0, NOON + MINUTE, 15 * MINUTE),
        "Sales are not counted in the days: shard-0",
        "shard-0 has not counted anything for 3600 s: see the log of roll_up_shard, and `vendctl rollups`. "
        "Nothing is lost meanwhile",
        "rollups: shard-0 is counted again",
    ),
    "dead-letters": Life(
        Refusals({"wrong-schema": 60, "conflict": 3}, {}, NOW), Refusals({"wrong-schema": 2}, {}, NOW + 1),
        "Many events are refused",
        "63 events were refused lately, most as `wrong-schema`: see `vendctl deadletters list`",
        "hardly any events are refused any more",
    ),
    "conflicting-ids": Life(
        Refusals({}, {"dev-17": NOW, "dev-3": NOW - 1}, NOW), Refusals({}, {"dev-17": NOW}, NOW + DAY + 1),
        "Devices send other contents under ids that were used before",
        "dev-17 and 1 more sent other contents under ids that were used before: two boards that speak as "
        "one, or one that lost its storage; `vendctl device` issues the next epoch",
        "no device sent another content under an old id for a day",
    ),
    "undelivered": Life(
        GivenUp([LOST], NOW, {"webhook": NOW - 3_600_000}), GivenUp([], NOW + 1),
        "Notifications do not arrive: webhook",
        "no notification has got through by the webhook since 2026-03-01T11:00:00.000Z",
        "notifications get through by the webhook, and none was given up for a day",
    ),
}  # fmt: skip


def opens_and_closes(rule: Rule[Any]) -> None:
    """Of the alert that the rule's evidence here opens: what is stored, shown and told."""
    life = LIVES[rule.name]
    (fires,) = [found for found in rule.findings(life.fires) if found.firing]
    opened = changed(None, fires, NOW).alert
    assert (opened.state, opened.rule) == ("open", rule.name)
    view = alert_view.describe(opened)
    assert view.title == life.title
    assert not [fact for fact, value in view.detail.items() if isinstance(value, int) and value > 10**12]
    (ends,) = [found for found in rule.findings(life.ends) if found.id == fires.id]
    closed, episode = changed(opened, ends, NOW)
    assert (closed.state, episode and episode.episode) == ("closed", 1)
    assert [texts.text(entry) for entry in closed.outbox] == [life.opened, life.closed]
    # An operator took the evidence away: the detail is no longer the rule's.
    (*_, told) = transitions.withdrawn(opened, NOW).alert.outbox
    assert texts.text(told) == life.closed


@pytest.mark.parametrize("rule", rules.every(), ids=lambda rule: rule.name)
def test_it_opens_and_closes_and_people_read_of_both(rule: Rule[Any]) -> None:
    opens_and_closes(rule)


@pytest.mark.parametrize("rule", rules.every(), ids=lambda rule: rule.name)
def test_what_is_resolved_by_hand_opens_again_after_the_rule_was_clear(rule: Rule[Any]) -> None:
    """People are told who resolved it and why, not that all is well."""
    life = LIVES[rule.name]
    (fires,) = [found for found in rule.findings(life.fires) if found.firing]
    resolved = lifecycle.resolved(changed(None, fires, NOW).alert, "ada", "nothing to see", NOW).alert
    (*_, told) = resolved.outbox
    assert "resolved by ada" in texts.text(told)
    later = replace(fires, order=(*fires.order, 1))
    assert transitions.transition(resolved, later, NOW) is None
    (ends,) = [found for found in rule.findings(life.ends) if found.id == fires.id]
    clear = changed(resolved, ends, NOW).alert
    assert clear.outbox == resolved.outbox
    again = changed(clear, replace(fires, order=(*ends.order, 1)), NOW).alert
    assert (again.state, again.episode) == ("open", 2)


async def evaluated(world: World, evidence: Evidence, *, by_time: bool) -> None:
    """As it is by who gathers such evidence; ``by_time``: by the sweep, though no evidence is new."""
    match evidence:
        case Registers() if evidence.policy is not DEFAULTS:
            await raise_as_found(evidence.machine, rules.findings(evidence), world.stores, NOON)
        case Registers():
            await Fleet(world).hears("0", m1=evidence.entry)
            await evaluate_conditions(world.stores, NOON, timedelta(milliseconds=evidence.silent_after))
        case Stock(habit=Habit() as habit):
            world.machines.put(evidence.document.dump())
            fleet = FakeDocuments("scope")
            fleet.put(habit.dump())
            await evaluate_quiet(world.stores, fleet, datetime.fromtimestamp(evidence.now / 1000, UTC))
        case Stock(policy=policy) if policy is not DEFAULTS:
            await raise_as_found("m1", rules.findings(evidence), world.stores, NOON)
        case Stock():
            now = datetime.fromtimestamp(evidence.now / 1000, UTC)
            held, body = await world.machines.read("m1", "stock"), evidence.document.dump()
            assert (held is not None and held.body == body) == by_time
            if by_time:
                await evaluate_ageing(world.stores, now)
                return
            await world.machines.write("m1", [Put(body, held.etag if held else None)])
            await watch_machines([body], world.stores, now)
        case Day():
            body = evidence.document.dump()
            world.machines.put(body)
            await watch_days([body], world.stores, NOON)
        case Audited():
            body = evidence.record.dump()
            world.machines.put(body)
            await watch_audits([body], world.stores, NOON)
        case _:
            assert evidence.subject
            await raise_as_found(evidence.subject, rules.findings(evidence), world.stores, NOON)


@pytest.mark.parametrize("rule", rules.every(), ids=lambda rule: rule.name)
async def test_who_gathers_its_evidence_opens_one_alert_and_closes_it(rule: Rule[Any]) -> None:
    world, life = World(), LIVES[rule.name]
    for evidence, state in ((life.fires, "open"), (life.ends, "closed")):
        await evaluated(world, evidence, by_time=state == "closed" and rule.closes == "time")
        assert [(x["rule"], x["state"]) for x in world.alerts.bodies("alert")] == [(rule.name, state)]


def documented() -> dict[str, str]:
    """Rule → severity, as the table of docs/alerts.md has them."""
    table = (ROOT / "docs" / "alerts.md").read_text().partition("| rule |")[2].partition("\n\n")[0]
    rows = [[cell.strip(" `") for cell in row.split(" | ")] for row in table.splitlines()[2:]]
    return {row[0].removeprefix("| `"): row[1] for row in rows}


def test_the_documents_list_exactly_the_rules_that_there_are() -> None:
    assert documented() == {rule.name: rule.severity for rule in rules.every()}


def test_alerts_about_the_app_itself_have_subjects_that_no_machine_can_be() -> None:
    assert rules.subjects() == {"$hub", "$rollups", "$notifications", "$ingest"}


def test_a_rule_of_a_newer_version_is_told_by_its_name() -> None:
    finding = Finding("m1", "tilted", "EUR", (1,), True, NOW, {})
    (entry,) = changed(None, finding, NOW).alert.outbox
    assert texts.text(entry) == "m1: tilted EUR opened"
    assert texts.text(structs.replace(entry, change="closed")) == "m1: tilted EUR closed"
    assert rules.named("tilted").severity == "warning"
