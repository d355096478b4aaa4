"""Whom a dead letter is about: told of every body, however wrong."""

import pytest

from tests.support.events import hub_event, vend
from vendctl.letters import about

DEEP = b'{"subject":"machines/m1","data":' + b"[" * 20_000 + b"]" * 20_000 + b"}"


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b'{"subject":7}', DEEP], ids=["empty", "bytes", "list", "wrong", "deep"]
)
def test_a_body_that_cannot_be_read_is_about_nobody_and_in_every_list(body: bytes) -> None:
    assert about(hub_event(1, body), None, None)
    assert not about(hub_event(1, body), "m1", None)


def test_a_machine_and_a_device_are_those_that_the_event_names() -> None:
    letter = hub_event(1, vend(1))
    assert about(letter, "m1", "dev-1")
    assert not about(letter, "m2", "dev-1")
    assert not about(letter, "m1", "dev-2")
