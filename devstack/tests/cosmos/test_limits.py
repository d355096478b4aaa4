"""Request units, faults, time to live: what the control API and --rus are for."""

import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.cosmos import ContainerProxy, DatabaseProxy, PartitionKey, ThroughputProperties, exceptions

from devstack.tests.cosmos.conftest import MakeContainer
from devstack.tests.cosmos.serving import Serving, start


def test_a_budget_refuses_honestly(tmp_path: Path) -> None:
    """Below the SDK, whose retries of 429 cannot be turned off (0 means its default of 9)."""
    serving = start(tmp_path, "--rus", "40")
    try:
        with serving.client() as client:
            client.create_database("d").create_container("c", PartitionKey("/pk"))
        refusals = 0
        headers = {"x_ms_documentdb_partitionkey": '["x"]', "x_ms_documentdb_is_upsert": "True"}
        for n in range(8):
            body = {"id": str(n), "pk": "x", "list": list(range(20))}
            code, answer, _ = serving.signed("POST", "dbs/d/colls/c/docs", body, **headers)
            if code == 429:
                refusals += 1
                assert answer["x-ms-substatus"] == "3200"
                time.sleep(int(answer["x-ms-retry-after-ms"]) / 1000)  # after it, the server has to serve
                code, answer, _ = serving.signed("POST", "dbs/d/colls/c/docs", body, **headers)
            assert code == 201
        assert refusals > 2
    finally:
        serving.kill()


def test_refusals_cost_units_too(tmp_path: Path) -> None:
    """Who creates one id again and again is throttled like everybody else."""
    serving = start(tmp_path, "--rus", "40")  # so few that a slow machine spends them too
    try:
        with serving.client() as client:
            client.create_database("d").create_container("c", PartitionKey("/pk"))
        body, key = {"id": "one", "pk": "x"}, {"x_ms_documentdb_partitionkey": '["x"]'}
        codes = {serving.signed("POST", "dbs/d/colls/c/docs", body, **key)[0] for _ in range(600)}
        assert codes == {201, 409, 429}
    finally:
        serving.kill()


def test_a_throttled_client_finishes(tmp_path: Path) -> None:
    serving = start(tmp_path, "--rus", "800")
    try:
        with serving.client(retry_throttle_backoff_max=60) as client:
            made = client.create_database("d").create_container("c", PartitionKey("/pk"))
            for n in range(60):
                made.upsert_item({"id": str(n), "pk": str(n), "list": list(range(20))})
            assert len(list(made.read_all_items())) == 60
    finally:
        serving.kill()


def test_without_a_budget_nothing_is_refused(container: ContainerProxy) -> None:
    for n in range(100):
        container.upsert_item({"id": str(n), "pk": "x", "list": list(range(50))})


def test_autoscale_is_refused(database: DatabaseProxy) -> None:
    autoscale = ThroughputProperties(auto_scale_max_throughput=1000)
    with pytest.raises(
        exceptions.CosmosHttpResponseError, match="Autoscale throughput is not supported"
    ) as caught:
        database.create_container("never", PartitionKey("/pk"), offer_throughput=autoscale)
    assert caught.value.status_code == 400


def page_charges(container: ContainerProxy) -> list[float]:
    """What each page of a query cost."""
    found = []
    for page in container.query_items("SELECT * FROM c", partition_key="x", max_item_count=10).by_page():
        assert list(page)
        found.append(float(container.client_connection.last_response_headers["x-ms-request-charge"]))
    return found


def test_the_pages_of_a_query_are_charged_one_by_one(container: ContainerProxy) -> None:
    for n in range(25):
        container.create_item({"id": f"{n:02}", "pk": "x", "text": "t" * 1000})
    charges = page_charges(container)
    assert page_charges(container) == charges
    assert len(charges) == 3
    assert charges[0] == charges[1] > 2.3 + 10 * 1000 / 1024
    assert charges[2] - 2.3 == pytest.approx((charges[0] - 2.3) / 2, abs=0.1)


@pytest.mark.parametrize(("status", "substatus"), [(429, 3200), (503, 0), (410, 1002), (449, 0)])
def test_faults_reach_the_client(
    serving: Serving, container: ContainerProxy, status: int, substatus: int
) -> None:
    container.create_item({"id": "a", "pk": "x"})
    path = f"{container.id}/docs"
    fault = {"status": status, "substatus": substatus, "path": path, "retry_after_ms": 1, "times": 1}
    code, headers, _ = fault_once(serving, container, fault)
    assert code == status
    assert headers.get("x-ms-substatus", "0") == str(substatus)
    assert container.read_item("a", "x")["id"] == "a"


def fault_once(serving: Serving, container: ContainerProxy, fault: Any) -> Any:
    serving.control(faults=[fault])
    path = f"{container.container_link}/docs/a"
    return serving.signed("GET", path, x_ms_documentdb_partitionkey='["x"]')


def test_the_sdk_retries_a_throttled_request(serving: Serving, container: ContainerProxy) -> None:
    fault = {
        "status": 429,
        "substatus": 3200,
        "retry_after_ms": 1,
        "path": f"{container.id}/docs",
        "times": 3,
    }
    serving.control(faults=[fault])
    assert container.create_item({"id": "a", "pk": "x"})["id"] == "a"
    assert serving.control()["faults"] == [0]


def test_a_lost_answer_is_not_a_lost_write(serving: Serving, container: ContainerProxy) -> None:
    for when, expected in (("before", []), ("after", ["after"])):
        serving.control(faults=[{"disconnect": when, "verb": "POST", "path": f"{container.id}/docs"}])
        with pytest.raises((ServiceRequestError, ServiceResponseError)):
            container.create_item({"id": when, "pk": "x"}, retry_write=0)
        serving.control(faults=[])
        assert [one["id"] for one in container.read_all_items()] == expected


def test_time_to_live(serving: Serving, make: MakeContainer) -> None:
    made = make(default_ttl=60)
    with serving.standing():
        made.create_item({"id": "default", "pk": "x"})
        made.create_item({"id": "short", "pk": "x", "ttl": 10})
        made.create_item({"id": "never", "pk": "x", "ttl": -1})
        serving.control(advance=9)
        assert len(list(made.read_all_items())) == 3
        serving.control(advance=1)
        assert {one["id"] for one in made.read_all_items()} == {"default", "never"}
    with pytest.raises(exceptions.CosmosResourceNotFoundError):
        made.read_item("short", "x")
    made.create_item({"id": "short", "pk": "x", "ttl": 1000})
    serving.control(advance=60)
    feed = {one["id"] for one in made.query_items_change_feed(start_time="Beginning")}
    query: set[Any] = set(made.query_items("SELECT VALUE c.id FROM c", partition_key="x"))
    assert feed == query == {"short", "never"}
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        made.create_item({"id": "bad", "pk": "x", "ttl": 0})
    assert caught.value.status_code == 400


def test_expired_items_are_swept(serving: Serving, make: MakeContainer) -> None:
    made = make(default_ttl=5)
    made.create_item({"id": "never", "pk": "x", "ttl": -1})
    made.create_item({"id": "gone", "pk": "x"})
    serving.control(advance=10)
    for _ in range(1025):
        made.upsert_item({"id": "busy", "pk": "x"}, no_response=True)
    with sqlite3.connect(f"file:{serving.data}/account.db?mode=ro", uri=True) as file:
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE name LIKE 'docs_%'")]
        names = [
            row for table in tables if table[5:].isdigit() for row in file.execute(f"SELECT id FROM {table}")
        ]
    file.close()
    assert ("never",) in names
    assert ("gone",) not in names


def test_time_to_live_is_off_without_a_default(serving: Serving, container: ContainerProxy) -> None:
    container.create_item({"id": "a", "pk": "x", "ttl": 1})
    serving.control(advance=100)
    assert container.read_item("a", "x")["ttl"] == 1


def test_the_control_api_is_off_unless_asked_for(tmp_path: Path) -> None:
    serving = start(tmp_path)
    try:
        assert serving.signed("POST", "/_control", {"advance": 1})[0] in (400, 401)
    finally:
        serving.kill()


def test_unknown_control_actions_are_refused(serving: Serving) -> None:
    assert serving.signed("POST", "/_control", {"explode": 1})[0] == 400
    assert serving.signed("POST", "/_control", {"faults": [{"sttus": 1}]})[0] == 400


@pytest.mark.parametrize(
    "action",
    [{"split": {"database": "d"}}, {"advance": "soon"}, {"faults": [{"status": "503"}]}, {"faults": [3]}],
)
def test_malformed_control_actions_are_refused(serving: Serving, action: dict[str, Any]) -> None:
    assert serving.signed("POST", "/_control", action)[0] == 400
    assert serving.control()["faults"] == []


def test_a_delayed_answer(serving: Serving, container: ContainerProxy) -> None:
    """Late, but done all the same."""
    container.create_item({"id": "a", "pk": "x"})
    began = time.monotonic()
    code, _, found = fault_once(serving, container, {"delay": 0.3, "path": f"{container.id}/docs"})
    assert (code, found["id"]) == (200, "a")
    assert time.monotonic() - began >= 0.3
    assert serving.control()["faults"] == [0]


def test_a_reset(tmp_path: Path) -> None:
    serving = start(tmp_path, "--control")
    try:
        with serving.client() as client:
            for name in ("d", "e"):
                made = client.create_database(name).create_container("c", PartitionKey("/pk"))
                made.create_item({"id": "a", "pk": "x"})
            serving.control(faults=[{"status": 503, "times": 0}])
            assert serving.control(reset=True)["faults"] == []
            assert list(client.list_databases()) == []
        with serving.client() as fresh:  # the old one remembers sessions of containers that are no more
            made = fresh.create_database("d").create_container("c", PartitionKey("/pk"))
            assert list(made.read_all_items()) == []
    finally:
        serving.kill()
