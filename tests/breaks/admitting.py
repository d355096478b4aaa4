"""Who is let in: each speaks for itself, at the API too."""

from tests.breaks.base import Swap, breaks
from vending.access import publisher_tokens, roles
from vending.access.request_rate import RequestRate
from vending.catalog import devices

DOOR = "tests/unit/access/test_device_door.py"


@breaks("identity", "tests/unit/access/test_publisher_tokens.py::test_no_letter_can_be_changed")
def any_signature_is_taken(swap: Swap) -> None:
    swap(publisher_tokens._signed, lambda fields, keys: True)


@breaks("identity", f"{DOOR}::test_a_revoked_token_is_shut_out_within_minutes_and_the_next_one_is_not")
def what_the_catalog_says_of_a_credential_is_not_asked(swap: Swap) -> None:
    swap(devices.standing, lambda entry, counter, who: devices.Standing.GOOD)


@breaks("identity", f"{DOOR}::test_who_asks_too_often_waits_and_costs_no_read")
def a_device_may_ask_as_often_as_it_likes(swap: Swap) -> None:
    swap.method(RequestRate, "wait", lambda self, who, now: 0.0)


@breaks("identity", "tests/unit/blueprints/test_callers.py::test_signed_in_the_role_decides")
def each_role_includes_all_others(swap: Swap) -> None:
    swap(roles.with_included, lambda names: frozenset(roles.PEOPLE))
