"""Faults that are not cleared."""

from vending.alerts import rules
from vending.alerts.rules.evidence import Registers
from vending.alerts.transitions import Finding
from vending.documents.conditions import Entry

MINUTE = 60_000


def findings(entry: Entry, now: int, silent_after: int) -> list[Finding]:
    return list(rules.named("fault").findings(Registers("m1", entry, now, silent_after)))


def test_faults_are_open_until_they_are_cleared() -> None:
    entry = {"fault:coin:EVA4": [1, 5, 10, True], "fault:bill:X": [1, 6, 20, False]}
    found = findings(entry, 0, MINUTE)
    assert [(x.component, x.firing, x.order) for x in found] == [
        ("coin:EVA4", True, (1, 5)),
        ("bill:X", False, (1, 6)),
    ]


def test_faults_whose_words_hold_colons_have_alerts_of_their_own_and_end_the_one_of_before() -> None:
    """Before, both were ``a:b:c``: an alert that may be open, and has no register any more to close it."""
    entry: Entry = {
        "fault:a~b:c": [1, 6, 10, True],
        "fault:a:b~c": [1, 5, 20, True],
        "temp:a:b": [1, 7, 0, 3.0],
    }
    found = findings(entry, 0, MINUTE)
    assert sorted((x.component, x.firing, x.order) for x in found if x.rule == "fault") == [
        ("a:b:c", False, (1, 6)), ("a:b~c", True, (1, 5)), ("a~b:c", True, (1, 6)),
    ]  # fmt: skip
    shared = {"fault:a:b:c": [1, 4, 10, True], "fault:a:b~c": [1, 3, 20, False]}
    assert sorted((x.component, x.firing) for x in findings(shared, 0, MINUTE)) == [
        ("a:b:c", True), ("a:b~c", False),
    ]  # fmt: skip
