"""Registers as any fleet may have them, for tests of all the rules on them."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from vending.alerts.rules.evidence import Registers
from vending.documents.conditions import Entry

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_772_366_400_000
VALUES: Mapping[str, st.SearchStrategy[list[Any]]] = {
    "seen": st.sampled_from([["ntp"], ["rtc"], ["none"], ["import"]]),
    "temp:main": st.floats(-5, 70).map(lambda celsius: [round(celsius, 1)]),
    "good:main": st.floats(-5, 5).map(lambda celsius: [round(celsius, 1)]),
    "fault:coin-mech:EAR": st.booleans().map(lambda raised: [raised]),
    "fault:gateway:EIK": st.booleans().map(lambda raised: [raised]),
}
"""Register → what events may say there."""


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Some of the registers, each at a place and a time of its own."""
    names = draw(st.sets(st.sampled_from(sorted(VALUES)), min_size=1))
    orders, times = st.tuples(st.integers(1, 2), st.integers(0, 9)), st.integers(START, START + 3 * HOUR)
    return {name: [*draw(orders), draw(times), *draw(VALUES[name])] for name in sorted(names)}


@st.composite
def evidence(draw: st.DrawFn) -> Registers:
    """A machine at some moment: before, while and after the registers say what they do."""
    return Registers(
        machine="m1",
        entry=draw(entries()),
        now=START + draw(st.integers(0, 6 * HOUR)),
        silent_after=draw(st.sampled_from([MINUTE, HOUR])),
        placed=draw(st.booleans()),
        catalog_version=draw(st.integers(0, 3)),
    )
