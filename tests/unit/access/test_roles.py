"""Roles: each includes the one before it, and nobody else's names give any."""

from hypothesis import given
from hypothesis import strategies as st

from vending.access.roles import PEOPLE, Role, with_included

NAMES = st.lists(st.sampled_from([*Role, "Fleet.read", "Fleet.Owner", "", "Admin"]) | st.text())


@given(NAMES)
def test_the_highest_role_brings_those_below_it_and_other_names_bring_nothing(names: list[str]) -> None:
    found = with_included(names)
    assert (Role.ADMIN in found) == ("Fleet.Admin" in names)
    assert (Role.OPERATE in found) == bool({"Fleet.Admin", "Fleet.Operate"} & set(names))
    assert (Role.READ in found) == bool({"Fleet.Admin", "Fleet.Operate", "Fleet.Read"} & set(names))
    assert found <= set(PEOPLE), "nobody is a device by an app role"
