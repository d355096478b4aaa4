"""Registers as any fleet may have them, and what one rule says of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from vending.alerts import rules
from vending.alerts.policy import Policy
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.register_rule import RegisterRule
from vending.alerts.transitions import Finding
from vending.documents.conditions import Entry, Register

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_772_366_400_000
Said = st.SearchStrategy[list[Any]]
READING: Said = st.floats(-5, 70).map(lambda celsius: [round(celsius, 1)])
FLAG: Said = st.booleans().map(lambda said: [said])
TUBE = st.tuples(st.sampled_from([10, 50]), st.integers(0, 15), st.booleans()).map(list)
VALUES: Mapping[str, Said] = {
    "seen": st.sampled_from([["ntp"], ["rtc"], ["none"], ["import"]]),
    "heartbeat": st.integers(0, 7_200).map(lambda uptime: [uptime, 0, -71]),
    "heartbeat.interval": st.sampled_from([[300], [1_800]]),
    "boot": st.just(["power"]),
    "firmware": st.sampled_from([["4.2.1"], ["4.3.0"]]),
    "temp:main": READING,
    "good:main": st.floats(-5, 4.4).map(lambda celsius: [round(celsius, 1)]),
    "fair:main": st.just([4.9]),
    "mild:main": st.just([6.5]),
    "hot:main": st.just([65.0]),
    "defrost:main": st.just([]),
    "locked:main": st.sampled_from([[0], [3]]),
    "lockout": st.just(["main", 9.5]),
    "door": FLAG,
    "visit": st.tuples(st.sampled_from(["fill", "collect"]), st.booleans()).map(lambda said: ["v-1", *said]),
    "power": st.sampled_from([["on"], ["off"], ["brownout"]]),
    "cash": st.lists(TUBE, max_size=3).map(lambda tubes: [tubes]),
    "cashbox:bills": st.integers(0, 600).map(lambda bills: [bills]),
    "cashbox:coins": st.integers(0, 50_000).map(lambda minor: [minor]),
    "fault:coin-mech:EAR": FLAG,
    "fault:gateway:EIK": FLAG,
}
"""Register → what events may say there."""
POLICIES = (
    Policy(),
    Policy(
        {
            "silent": {"afterMinutes": 5},
            "cold-chain": {"profile": "NV", "warmMinutes": 1, "bandCelsius": 0},
            "firmware-drift": {"wanted": "4.3.0", "due": "2026-03-01T13:00:00Z"},
            "door-open": {"openMinutes": 90, "unattendedMinutes": 30},
            "cash-box": {"coinsMinor": 40_000, "bandPercent": 0},
        }
    ),
    Policy({"cold-chain": {"profile": "NY"}, "firmware-drift": {"wanted": "4.3.0"}}),
)


MINUTES = st.sampled_from([0, 1, 3, 6, 11, 16, 31, 61, 121, 300])
"""Between them lie the limits of all the rules."""


@st.composite
def registers(draw: st.DrawFn, name: str) -> Register:
    """One that some event may have written."""
    place = draw(st.tuples(st.sampled_from([1, 1, 1, 2]), st.integers(0, 6)))
    return [*place, START + draw(MINUTES) * MINUTE, *draw(VALUES[name])]


class Asked(dict[str, Register]):
    """An entry that notes who is asked for, whether it is there or not."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def looked_at(rule: RegisterRule) -> list[str]:
    """The registers that a rule's verdict may depend on."""
    entry = Asked()
    said: dict[str, list[Any]] = {
        "seen": ["none"],
        "door": [True],
        "temp:main": [9.0],
        "locked:main": [3],
        "cash": [[]],
    }
    for name in VALUES:
        if name.partition(":")[0] == rule.family:
            entry[name] = [1, 5, START, *said.get(name, [True, True])]
    for name, own in entry.items():
        rule.evaluate(name.partition(":")[2] or "machine", own, Registers("m1", entry, START, HOUR))
    return sorted({*entry, *entry.names} & VALUES.keys())


@st.composite
def evidence(draw: st.DrawFn, names: Sequence[str]) -> Registers:
    """A machine at some moment: before, while and after the registers say what they do."""
    told = draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    return Registers(
        machine="m1",
        entry={name: draw(registers(name)) for name, there in zip(names, told, strict=True) if there},
        now=START + draw(MINUTES) * MINUTE + draw(st.integers(0, 1)),
        silent_after=draw(st.sampled_from([MINUTE, HOUR])),
        placed=draw(st.booleans()),
        catalog_version=draw(st.integers(0, 3)),
        policy=draw(st.sampled_from(POLICIES)),
    )


def found(rule: str, entry: Entry, now: int = START, **thresholds: Any) -> Finding:
    """What one rule finds in a machine, by these thresholds: it must find one thing."""
    machine = Registers("m1", entry, now, HOUR, policy=Policy({rule: thresholds}))
    (finding,) = rules.named(rule).findings(machine)
    return finding


def verdict(rule: str, entry: Entry, now: int = START, **thresholds: Any) -> bool | None:
    """Whether it fires."""
    return found(rule, entry, now, **thresholds).firing
