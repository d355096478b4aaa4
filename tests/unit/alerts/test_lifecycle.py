"""What people and time do with an alert, one act after the other."""

from collections.abc import Callable

import pytest
from msgspec import structs

from tests.support.alerts import changed
from tests.unit.alerts.test_transitions import finding
from vending.alerts import lifecycle
from vending.alerts.lifecycle import (
    ACTS_KEPT,
    LONGEST_SNOOZE,
    MINUTE,
    NAME_LENGTH,
    TEXT_LENGTH,
    NotOpen,
    acknowledged,
    assigned,
    noted,
    overdue,
    resolved,
    snoozed,
    unacknowledged,
)
from vending.alerts.outbox import delivery, due, outcome
from vending.alerts.transitions import REOPENS_AFTER, Finding, Transition, transition, withdrawn
from vending.documents.alerts import Alert
from vending.documents.base import load

NOON = 1_772_366_400_000
PLAN = (15 * MINUTE, 45 * MINUTE)
KEY = "m1/sold-out/21"


def opened(order: int = 5, now: int = NOON) -> Alert:
    found = transition(None, finding(order, firing=True), now, PLAN)
    assert found is not None
    return found.alert


def keys(alert: Alert) -> list[str]:
    return [entry.idempotency_key.removeprefix(f"{KEY}/") for entry in alert.outbox]


def taken(alert: Alert) -> Alert:
    """Everything that was pending is delivered."""
    return alert.with_outbox([])


def after(alert: Alert, now: int) -> Alert:
    found = overdue(alert, PLAN, now)
    assert found is not None
    return found


def test_what_nobody_acknowledges_goes_out_again_at_each_level_once() -> None:
    alert = taken(opened())
    assert overdue(alert, PLAN, NOON + 15 * MINUTE - 1) is None
    first = after(alert, NOON + 15 * MINUTE)
    assert (keys(first), first.level) == (["1/escalated-1"], 1)
    assert overdue(first, PLAN, NOON + 60 * MINUTE - 1) is None
    second = after(first, NOON + 60 * MINUTE)
    assert keys(second) == ["1/escalated-1", "1/escalated-2"]
    assert [entry.level for entry in second.outbox] == [1, 2]
    assert (second.due_at, overdue(second, PLAN, NOON + LONGEST_SNOOZE)) == (None, None)
    assert len(due(second, NOON + 60 * MINUTE)) == 2, "the sweep that escalates sends them"


def test_a_plan_that_became_shorter_ends_at_its_last_level() -> None:
    alert = structs.replace(taken(opened()), level=2)
    later = after(alert, NOON + 15 * MINUTE)
    assert (later.outbox, later.level, later.due_at) == ([], 2, None)


def test_what_is_acknowledged_escalates_no_more_and_the_first_one_stays_on_record() -> None:
    alert = after(opened(), NOON + 15 * MINUTE)
    known = acknowledged(alert, "ada", NOON + 16 * MINUTE).alert
    assert (keys(known), known.due_at) == (["1/opened"], None)
    assert known.acknowledged is not None
    assert (known.acknowledged.by, known.acknowledged.at) == ("ada", NOON + 16 * MINUTE)
    assert acknowledged(known, "ben", NOON + 17 * MINUTE).alert is known
    # The message of the escalation may still be in the queue.
    assert delivery(known, alert.outbox[-1]) == "completed"


def test_what_nobody_is_at_any_more_escalates_again_from_its_level_on() -> None:
    first = taken(after(taken(opened()), NOON + 15 * MINUTE))
    known = acknowledged(first, "ada", NOON + 20 * MINUTE).alert
    again = unacknowledged(known, "ben", PLAN, NOON + 60 * MINUTE).alert
    assert (again.acknowledged, again.level) == (None, 1)
    assert overdue(again, PLAN, NOON + 105 * MINUTE - 1) is None
    assert keys(after(again, NOON + 105 * MINUTE)) == ["1/escalated-2"]
    assert unacknowledged(again, "ben", PLAN, NOON + 61 * MINUTE).alert is again
    last = structs.replace(known, level=2)
    assert unacknowledged(last, "ben", PLAN, NOON).alert.due_at is None


def test_a_snooze_goes_on_when_nobody_is_at_it_any_more() -> None:
    quiet = snoozed(acknowledged(opened(), "ada", NOON).alert, "ada", NOON + MINUTE, NOON).alert
    assert unacknowledged(quiet, "ben", PLAN, NOON + 1).alert.due_at == NOON + MINUTE


def test_an_escalation_whose_write_cannot_be_seen_yet_is_waited_for() -> None:
    alert = taken(opened())
    message = after(alert, NOON + 15 * MINUTE).outbox[-1]
    assert delivery(alert, message) == "unseen"


@pytest.mark.parametrize("told", [True, False])
def test_nobody_is_notified_before_a_snooze_is_over_and_once_then(told: bool) -> None:
    until = NOON + 60 * MINUTE
    alert = taken(opened()) if told else opened()
    quiet = snoozed(alert, "ada", until, NOON).alert
    assert (quiet.outbox, quiet.pending, outcome(quiet)) == ([], False, "snoozed")
    assert overdue(quiet, PLAN, until - 1) is None
    awake = after(quiet, until)
    assert keys(awake) == [f"1/reminded-{until}"]
    assert (awake.snoozed_until, awake.due_at, outcome(awake)) == (None, until + PLAN[0], "waiting")
    assert delivery(quiet, awake.outbox[0]) == "unseen"
    assert delivery(taken(awake), awake.outbox[0]) == "completed"
    assert keys(after(taken(awake), until + PLAN[0])) == ["1/escalated-1"]


def test_a_snooze_lasts_beyond_an_episode_and_keeps_its_closing_back_too() -> None:
    until = NOON + 60 * MINUTE
    quiet = snoozed(taken(opened()), "ada", until, NOON).alert
    closed = changed(quiet, finding(6, firing=False), NOON + MINUTE).alert
    assert (closed.outbox, closed.due_at, closed.snoozed_until) == ([], None, until)
    again = changed(closed, finding(7, firing=True), NOON + 2 * MINUTE).alert
    assert (again.outbox, again.episode, again.due_at) == ([], 2, until)
    assert keys(after(again, until)) == [f"2/reminded-{until}"]
    late = changed(closed, finding(7, firing=True), until).alert
    assert (keys(late), late.snoozed_until) == (["2/opened"], None)


def test_what_is_acknowledged_and_snoozed_is_reminded_of_but_does_not_escalate() -> None:
    until = NOON + 60 * MINUTE
    alert = snoozed(acknowledged(taken(opened()), "ada", NOON).alert, "ada", until, NOON).alert
    assert after(alert, until).due_at is None
    other = acknowledged(snoozed(taken(opened()), "ada", until, NOON).alert, "ben", NOON + 1).alert
    assert keys(after(other, until)) == [f"1/reminded-{until}"]


def test_a_snooze_may_be_ended_early() -> None:
    quiet = snoozed(taken(opened()), "ada", NOON + 60 * MINUTE, NOON).alert
    ended = snoozed(quiet, "ben", NOON + MINUTE, NOON + MINUTE).alert
    assert keys(after(ended, NOON + MINUTE)) == [f"1/reminded-{NOON + MINUTE}"]


@pytest.mark.parametrize("until", [NOON - 1, NOON, NOON + LONGEST_SNOOZE + 1])
def test_a_snooze_that_is_over_or_too_long_is_refused(until: int) -> None:
    with pytest.raises(ValueError, match="is no time within the next 30 days"):
        snoozed(opened(), "ada", until, NOON)


def test_an_episode_keeps_what_people_did_and_the_next_one_begins_without_it() -> None:
    alert = acknowledged(after(opened(), NOON + 15 * MINUTE), "ada", NOON + 1).alert
    alert = assigned(alert, "ada", "ben", NOON + 2).alert
    alert = noted(alert, "ben", "on my way", NOON + 3).alert
    closed, episode = changed(alert, finding(6, firing=False), NOON + 4)
    assert episode is not None
    assert episode.dump() | {"history": None} == {
        "id": "episode:sold-out:21:1", "machineId": "m1", "type": "alert-episode", "schema": 1,
        "rule": "sold-out", "component": "21", "episode": 1, "opened": 50, "closed": 60,
        "detail": {"onHand": 0}, "ended": {"how": "evidence"}, "acknowledged": {"by": "ada", "at": NOON + 1},
        "owner": "ben", "level": 1, "history": None,
    }  # fmt: skip
    assert [(act.what, act.by, act.text) for act in episode.history or ()] == [
        ("acknowledged", "ada", None),
        ("assigned", "ada", "ben"),
        ("noted", "ben", "on my way"),
    ]
    again = changed(closed, finding(7, firing=True), NOON + 5).alert
    for one in (closed, again):
        assert not one.dump().keys() & {"acknowledged", "owner", "level", "history", "resolved"}


def test_what_is_resolved_by_hand_is_closed_and_says_by_whom_and_why() -> None:
    alert, episode = resolved(taken(opened()), "ada", "sensor unplugged", NOON + MINUTE)
    assert (alert.state, alert.since, keys(alert)) == ("closed", NOON + MINUTE, ["1/closed"])
    assert [(x.by, x.reason, x.queued_at) for x in alert.outbox] == [("ada", "sensor unplugged", 0)]
    assert episode is not None
    assert episode.ended is not None
    assert episode.ended.dump() == {"how": "hand", "by": "ada", "reason": "sensor unplugged"}
    assert resolved(alert, "ada", "sensor unplugged", NOON + MINUTE) == (alert, None), "its answer was lost"
    with pytest.raises(NotOpen, match="m1/current:sold-out:21 is not open"):
        resolved(alert, "ben", "sensor unplugged", NOON + MINUTE)


def by_hand() -> Alert:
    return taken(resolved(opened(), "ada", "sensor unplugged", NOON).alert)


@pytest.mark.parametrize("order", [4, 5, 6])
def test_it_stays_closed_while_its_rule_goes_on_firing(order: int) -> None:
    assert transition(by_hand(), finding(order, firing=True), NOON + REOPENS_AFTER - 1) is None


def test_it_opens_again_when_its_rule_was_clear_once() -> None:
    clear, ended = changed(by_hand(), finding(6, firing=False), NOON + MINUTE)
    assert (clear.state, clear.outbox, clear.resolved, ended) == ("closed", [], None, None)
    assert transition(clear, finding(5, firing=True), NOON + MINUTE) is None
    again = changed(clear, finding(7, firing=True), NOON + MINUTE).alert
    assert (again.state, again.episode, keys(again)) == ("open", 2, ["2/opened"])


@pytest.mark.parametrize(("order", "opens"), [(5, False), (6, True)])
def test_after_a_day_newer_evidence_opens_it_again_and_the_same_does_not(order: int, opens: bool) -> None:
    found = transition(by_hand(), finding(order, firing=True), NOON + REOPENS_AFTER)
    assert (found is not None) == opens
    assert found is None or (found.alert.episode, found.alert.resolved) == (2, None)


def test_what_is_neither_firing_nor_clear_changes_nothing() -> None:
    neither = Finding("m1", "sold-out", "21", (9,), None, 90, {})
    for held in (None, opened(), by_hand(), changed(opened(), finding(6, firing=False), NOON).alert):
        assert transition(held, neither, NOON + REOPENS_AFTER) is None


def test_evidence_that_is_taken_away_ends_the_resolution_and_says_so_of_the_episode() -> None:
    assert withdrawn(by_hand(), NOON).alert.resolved is None
    episode = withdrawn(opened(), NOON).ended
    assert episode is not None
    assert episode.ended is not None
    assert episode.ended.how == "withdrawn"
    quiet = snoozed(opened(), "ada", NOON + MINUTE, NOON).alert
    assert withdrawn(quiet, NOON).alert.outbox == []


ACTS: list[Callable[[Alert], Transition]] = [
    lambda alert: acknowledged(alert, "ada", NOON),
    lambda alert: snoozed(alert, "ada", NOON + MINUTE, NOON),
    lambda alert: assigned(alert, "ada", "ben", NOON),
    lambda alert: noted(alert, "ada", "called", NOON),
    lambda alert: resolved(alert, "ada", "filled", NOON),
]


@pytest.mark.parametrize("act", ACTS)
def test_only_an_open_alert_is_attended_to_and_the_input_is_left_alone(
    act: Callable[[Alert], Transition],
) -> None:
    closed = changed(opened(), finding(6, firing=False), NOON).alert
    with pytest.raises(NotOpen):
        act(closed)
    alert = opened()
    before = repr(alert)
    act(alert)
    assert repr(alert) == before


@pytest.mark.parametrize("act", ACTS)
def test_the_same_act_again_changes_nothing(act: Callable[[Alert], Transition]) -> None:
    once = act(opened()).alert
    assert act(once).alert is once


def test_nobody_owns_it_any_more() -> None:
    alert = assigned(assigned(opened(), "ada", "ben", NOON).alert, "ada", "", NOON + 1).alert
    assert alert.owner is None


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * (NAME_LENGTH + 1)])
def test_names_are_bounded(name: str) -> None:
    with pytest.raises(ValueError, match="a name has 1 to 100"):
        acknowledged(opened(), name, NOON)
    with pytest.raises(ValueError, match="a name has 1 to 100"):
        assigned(opened(), "ada", name or " ", NOON)
    with pytest.raises(ValueError, match="a name has 1 to 100"):
        noted(opened(), name, "called", NOON)


def test_texts_are_bounded_and_the_newest_acts_are_kept() -> None:
    for text in (" ", "x" * (TEXT_LENGTH + 1)):
        for act in (noted, resolved):
            with pytest.raises(ValueError, match="a note or reason has 1 to 1,000"):
                act(opened(), "ada", text, NOON)
    alert = opened()
    for number in range(ACTS_KEPT + 2):
        alert = noted(alert, "ada", f"note {number}", NOON).alert
    assert [act.text for act in alert.history or ()] == [f"note {n}" for n in range(2, ACTS_KEPT + 2)]


def test_an_open_alert_of_the_version_before_is_attended_to_and_does_not_escalate() -> None:
    added = {"dueAt", "level"}
    before = load({name: value for name, value in opened().dump().items() if name not in added}, Alert)
    assert overdue(before, PLAN, NOON + LONGEST_SNOOZE) is None
    known = acknowledged(before, "ada", NOON).alert
    assert load(known.dump(), Alert) == known


def test_every_severity_says_when_it_escalates_and_no_plan_is_without_end() -> None:
    for plan in lifecycle.ESCALATE_AFTER.values():
        assert len(plan) <= 3
        assert all(later > 0 for later in plan)


def test_an_alert_that_a_version_before_opened_in_spite_of_the_resolution_closes_as_any_other() -> None:
    """Old code knows no resolution, keeps it, and opens the alert."""
    older = structs.replace(by_hand(), state="open", episode=2, evaluated_on=[6])
    closed, episode = changed(older, finding(7, firing=False), NOON)
    assert (closed.state, closed.resolved, keys(closed)) == ("closed", None, ["2/closed"])
    assert [x.by for x in closed.outbox] == [None]
    assert episode is not None
    assert episode.episode == 2
