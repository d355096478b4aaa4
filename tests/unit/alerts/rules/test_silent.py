"""Nothing heard for too long."""

from vending.alerts import rules
from vending.alerts.alerts import Finding
from vending.alerts.rules.evidence import Registers
from vending.documents.conditions import Entry

MINUTE = 60_000


def findings(entry: Entry, now: int, silent_after: int) -> list[Finding]:
    """Of all the rules on registers."""
    return rules.findings(Registers("m1", entry, now, silent_after))


def test_a_machine_is_silent_when_its_last_sign_is_too_old() -> None:
    entry = {"seen": [2, 50, 100 * MINUTE, "ntp"]}
    (fresh,) = findings(entry, 130 * MINUTE, 30 * MINUTE)
    (stale,) = findings(entry, 130 * MINUTE + 1, 30 * MINUTE)
    assert (fresh.firing, stale.firing) == (False, True)
    assert fresh.order < stale.order < (2, 51, 0)
    assert stale.at == 100 * MINUTE


def test_imported_events_are_no_sign_of_life_and_none_of_death() -> None:
    assert findings({"seen": [2, 50, 0, "import"]}, 10**12, MINUTE) == []
