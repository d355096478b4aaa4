"""The HTTP side through the real host: health and the API while a store is away, and again afterwards."""

import json
import urllib.error
import urllib.request
from typing import Any

from tests.waiting import until
from vendctl.local.system import System


def get(running: System, path: str) -> tuple[int, dict[str, str], Any]:
    """Status, headers in lower case, and the JSON of an answer."""
    try:
        with urllib.request.urlopen(f"{running.host.url}{path}", timeout=60) as answer:
            status, headers, body = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            status, headers, body = refusal.code, refusal.headers, refusal.read()
    return status, {name.lower(): value for name, value in headers.items()}, json.loads(body)


def test_a_store_that_is_away_is_named_and_comes_back(running: System) -> None:
    status, _, found = get(running, "/api/health")
    assert (status, set(found["stores"].values())) == (200, {"ok"})
    assert get(running, "/api/v1/fleet/summary")[0] == 200
    running.stack.stop_cosmos()
    try:
        status, _, found = get(running, "/api/health")
        wrong = {store.partition("/")[0] for store, said in found["stores"].items() if said != "ok"}
        assert (status, found["status"], wrong) == (503, "unavailable", {"cosmos"})
        until(lambda: get(running, "/api/v1/fleet/summary")[0] == 503, "the API says 503")
        _, headers, found = get(running, "/api/v1/fleet/summary")
        assert headers["content-type"] == "application/problem+json"
        assert int(headers["retry-after"]) >= 1
        assert found["title"] == "Service Unavailable"
    finally:
        running.stack.start_cosmos()
    until(lambda: get(running, "/api/health")[0] == 200, "health is good again")
    until(lambda: get(running, "/api/v1/fleet/summary")[0] == 200, "the API answers again")


def test_the_wire_form_of_answers(running: System) -> None:
    status, headers, found = get(running, "/api/v1/machines?limit=1")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert set(found) == {"machines", "next", "total"}
    status, headers, found = get(running, "/api/v1/machines?limit=0")
    assert (status, headers["content-type"], found["status"]) == (400, "application/problem+json", 400)
