"""What policies say together: the more special wins, windows add up."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes import FakeDocuments
from vending.catalog.cataloged import Cataloged
from vending.catalog.machines import CatalogMachines
from vending.catalog.policies import NOTHING, Terms, Window, in_force, layers, merged

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
names = st.sampled_from(["silent", "fault", "cold-chain"])
windows = st.builds(Window, st.integers(0, 9), st.integers(10, 19), st.sampled_from(["", "refit"]))
terms = st.builds(
    Terms,
    st.dictionaries(names, st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 3), max_size=2)),
    st.dictionaries(names, st.sampled_from(["on", "off"])),
    st.dictionaries(names, st.sampled_from(["critical", "info"])),
    st.lists(windows, max_size=3).map(lambda found: tuple(sorted(set(found)))),
)


def flat(said: Terms) -> dict[tuple[str, str], Any]:
    """Everything that is said, by what it is about."""
    thresholds = {(rule, name): x for rule, held in said.thresholds.items() for name, x in held.items()}
    switches = {("rules", rule): x for rule, x in said.rules.items()}
    return thresholds | switches | {("severity", rule): x for rule, x in said.severity.items()}


@given(terms, terms, terms)
def test_how_they_are_grouped_makes_no_difference(fleet: Terms, site: Terms, machine: Terms) -> None:
    assert merged(merged(fleet, site), machine) == merged(fleet, merged(site, machine))


@given(terms)
def test_nothing_changes_nothing(said: Terms) -> None:
    assert merged(NOTHING, said) == merged(said, NOTHING) == merged(said, said) == said


@given(terms, terms)
def test_the_more_special_wins_and_windows_add_up(general: Terms, special: Terms) -> None:
    together = merged(general, special)
    assert flat(together) == flat(general) | flat(special)
    assert set(together.windows) == {*general.windows, *special.windows}


def test_a_machine_has_the_policies_of_its_fleet_its_site_and_its_own() -> None:
    def after(minutes: int) -> Terms:
        return Terms({"silent": {"afterMinutes": minutes}})

    held = {"fleet": after(60), "site:north": after(90), "site:south": after(1), "machine:m1": after(120)}
    for machine, site, minutes in (("m1", "north", 120), ("m2", "north", 90), ("m3", None, 60)):
        found = in_force(held, layers(machine, site))
        assert found.thresholds["silent"] == {"afterMinutes": minutes}


def test_a_move_counts_from_midnight_utc_of_its_day() -> None:
    catalog = Cataloged(1, {"m1"}, {"m1": (("", "north"), ("2026-03-02", "south"))})
    assert catalog.site("m1", NOON) == "north"
    assert catalog.site("m1", datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)) == "north"
    assert catalog.site("m1", datetime(2026, 3, 2, tzinfo=UTC)) == "south"
    assert catalog.site("m2", NOON) is None


async def test_a_malformed_policy_says_nothing_and_hides_no_other() -> None:
    catalog = FakeDocuments("kind")
    head = {"kind": "policy", "type": "policy", "schema": 1, "version": 3}
    catalog.put(head | {"id": "fleet", "rules": {"fault": "off"}})
    catalog.put(head | {"id": "machine:m1", "rules": "?"})
    catalog.put({"kind": "machine", "type": "machine", "schema": 1, "id": "m2", "placements": "?"})
    catalog.put({"kind": "version", "type": "version", "schema": 1, "id": "version", "number": 3})
    found = await CatalogMachines(catalog).named()
    assert found.policies == {"fleet": Terms(rules={"fault": "off"}), "machine:m1": NOTHING}
    assert found.site("m2", NOON) is None
