"""Registers as people read them."""

from typing import Any

from tests.support.plain import condition_view


def register(ms: int, *values: Any) -> list[Any]:
    return [1, 1, ms, *values]


def test_only_active_faults_are_told() -> None:
    entry = {"fault:coin:EAR": register(0, True), "fault:bill:ENE": register(0, False)}
    assert condition_view.faults(entry) == [
        {"component": "coin", "code": "EAR", "at": "1970-01-01T00:00:00.000Z"}
    ]


def test_a_vendor_code_may_have_colons() -> None:
    (fault,) = condition_view.faults({"fault:coin:XX:7": register(0, True)})
    assert (fault["component"], fault["code"]) == ("coin", "XX:7")


def test_a_zone_is_too_warm_only_where_it_was_cold_before() -> None:
    entry = {
        "temp:cold": register(600_000, 4.5),
        "good:cold": register(600_000, 4.5),
        "temp:warming": register(600_000, 5.1),
        "good:warming": register(-600_000, 4.0),
        "fair:warming": register(0, 5.0),
        "mild:warming": register(600_000, 5.1),
        "temp:soup": register(600_000, 70.0),
    }
    told = {zone["zone"]: zone.get("warmForS") for zone in condition_view.temperatures(entry)}
    assert told == {"cold": None, "warming": 600, "soup": None}


def test_what_was_never_reported_is_left_out() -> None:
    assert condition_view.describe({}, 0) == {"state": "never", "temperatures": [], "faults": []}
    entry = {"seen": register(1_000, "ntp"), "heartbeat": register(1_000, 60, 2)}
    assert condition_view.describe(entry, 1_000) == {
        "state": "online",
        "lastSeen": "1970-01-01T00:00:01.000Z",
        "clock": "ntp",
        "temperatures": [],
        "faults": [],
        "heartbeat": {"at": "1970-01-01T00:00:01.000Z", "uptimeS": 60, "queueDepth": 2},
    }
