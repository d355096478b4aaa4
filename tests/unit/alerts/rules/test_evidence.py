"""What rules on condition registers find of their family."""

from vending.alerts.rules.evidence import Registers

LATE, EARLY = [2, 7, 1_000, 4.5], [1, 5, 900, 3.0]


def test_registers_stand_by_family_and_the_machines_own_is_first() -> None:
    entry = {"temp:a:b": LATE, "temp:": EARLY, "temp": EARLY, "temp:door": LATE, "door": EARLY}
    found = Registers("m1", entry, 0, 1).families
    assert found["temp"] == [("machine", EARLY), ("a:b", LATE), ("", EARLY), ("door", LATE)]
    assert found["door"] == [("machine", EARLY)]


def test_what_looks_like_a_component_of_a_family_that_has_none_is_nobodys() -> None:
    assert Registers("m1", {"seen:x": EARLY}, 0, 1).families == {}
