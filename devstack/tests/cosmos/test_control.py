"""Who may use the control API: anybody on this machine, but no web page from elsewhere."""

import json
import time
import urllib.error
import urllib.request

import pytest

from devstack.tests.cosmos.conftest import MakeContainer
from devstack.tests.cosmos.serving import Serving


def posted(serving: Serving, **headers: str) -> int:
    """The status of a control request that does nothing; text/plain, as a page may send it unasked."""
    headers |= {"Content-Type": "text/plain"}
    body = json.dumps({"advance": 0}).encode()
    request = urllib.request.Request(f"{serving.url}_control", body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost.evil.example",
        "null",
        "http://127.0.0.1.evil.example:8081",
        "file://",
        "http://[",
    ],
)
def test_a_page_of_another_origin_is_refused(serving: Serving, origin: str) -> None:
    """https://fetch.spec.whatwg.org/#origin-header: a browser sends it with every POST to another origin."""
    before = serving.control()["advanced"]
    assert posted(serving, Origin=origin) == 403
    assert serving.control()["advanced"] == before


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8081", "http://[::1]:7071"])
def test_a_page_of_this_machine_and_a_client_without_a_page_are_let_in(serving: Serving, origin: str) -> None:
    assert posted(serving, Origin=origin) == posted(serving) == 200


def test_a_clock_that_stands_goes_on_only_as_it_is_told(serving: Serving, make: MakeContainer) -> None:
    made = make()
    with serving.standing():
        first = made.create_item({"id": "a", "pk": "x"})["_ts"]
        begun = time.monotonic()
        while time.monotonic() < begun + 1.1:
            assert made.upsert_item({"id": "b", "pk": "x"})["_ts"] == first
        serving.control(advance=7)
        assert made.create_item({"id": "c", "pk": "x"})["_ts"] == first + 7
    assert made.create_item({"id": "d", "pk": "x"})["_ts"] > first + 7
    assert serving.signed("POST", "/_control", {"stand": 1})[0] == 400
