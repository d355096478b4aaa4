"""The change feed in latest-version mode."""

import base64
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.cosmos import ContainerProxy, exceptions

from devstack.tests.cosmos.conftest import MakeContainer
from devstack.tests.cosmos.serving import Serving, start


def ids(items: Any) -> list[str]:
    return [one["id"] for one in items]


def drain(container: ContainerProxy, token: str | None = None, **options: Any) -> tuple[list[str], str]:
    """All ids of the feed from a token or a start on, and the token to go on from."""
    if token is not None:
        options["continuation"] = token
    found = ids(container.query_items_change_feed(**options))
    return found, str(container.client_connection.last_response_headers["etag"])


def fill(container: ContainerProxy, names: range) -> None:
    for n in names:
        container.upsert_item({"id": f"i{n}", "pk": f"p{n % 9}"})


def test_from_the_beginning_and_on(container: ContainerProxy) -> None:
    fill(container, range(30))
    first, token = drain(container, start_time="Beginning")
    assert sorted(first) == sorted(f"i{n}" for n in range(30))
    assert drain(container, token)[0] == []
    fill(container, range(28, 33))
    again, token = drain(container, token)
    assert sorted(again) == ["i28", "i29", "i30", "i31", "i32"]
    assert drain(container, token)[0] == []


def test_from_now(container: ContainerProxy) -> None:
    fill(container, range(5))
    found, token = drain(container, start_time="Now")
    assert found == []
    fill(container, range(4, 7))
    assert sorted(drain(container, token)[0]) == ["i4", "i5", "i6"]


def test_from_a_moment(serving: Serving, container: ContainerProxy) -> None:
    fill(container, range(3))
    moved = float(serving.control(advance=100)["advanced"])
    fill(container, range(3, 5))
    moment = datetime.now(UTC) + timedelta(seconds=moved - 50)
    assert sorted(ids(container.query_items_change_feed(start_time=moment))) == ["i3", "i4"]


@pytest.mark.parametrize("scope", ["range", "key"])
def test_now_and_a_moment_of_a_part(serving: Serving, container: ContainerProxy, scope: str) -> None:
    """One range, or one key: its part of what was written since, and nothing of the others."""
    fill(container, range(20))
    moved = float(serving.control(advance=100)["advanced"])
    part: Any = {"partition_key": "p1"}
    if scope == "range":
        part = {"feed_range": next(iter(container.read_feed_ranges()))}
    found, token = drain(container, start_time="Now", **part)
    assert found == []
    fill(container, range(15, 40))
    everything, _ = drain(container, start_time="Beginning", **part)
    wanted = {one for one in everything if int(one[1:]) >= 15}
    assert 0 < len(wanted) < min(25, len(everything))
    assert set(drain(container, token)[0]) == wanted
    moment = datetime.now(UTC) + timedelta(seconds=moved - 50)
    assert set(drain(container, start_time=moment, **part)[0]) == wanted


def test_only_the_latest_version_and_no_deleted_items(container: ContainerProxy) -> None:
    fill(container, range(4))
    container.upsert_item({"id": "i1", "pk": "p1", "again": True})
    container.delete_item("i2", "p2")
    found = list(container.query_items_change_feed(start_time="Beginning"))
    assert sorted(ids(found)) == ["i0", "i1", "i3"]
    assert [one["id"] for one in found if one.get("again")] == ["i1"]


def test_the_order_of_one_key_is_the_order_of_writes(container: ContainerProxy) -> None:
    for name in ("b", "a", "c", "b"):
        container.upsert_item({"id": name, "pk": "x"})
    container.upsert_item({"id": "other", "pk": "y"})
    assert ids(container.query_items_change_feed(partition_key="x", start_time="Beginning")) == [
        "a",
        "c",
        "b",
    ]


def test_each_range_has_its_own_feed(container: ContainerProxy) -> None:
    fill(container, range(40))
    ranges = list(container.read_feed_ranges())
    assert len(ranges) == 2
    parts = [drain(container, feed_range=one, start_time="Beginning") for one in ranges]
    assert all(found for found, _ in parts)
    assert sorted(parts[0][0] + parts[1][0]) == sorted(f"i{n}" for n in range(40))
    fill(container, range(40, 60))
    more = [drain(container, token)[0] for _, token in parts]
    assert sorted(more[0] + more[1]) == sorted(f"i{n}" for n in range(40, 60))


def test_page_sizes(container: ContainerProxy) -> None:
    for n in range(25):
        container.create_item({"id": f"i{n}", "pk": "x"})
    pages = container.query_items_change_feed(partition_key="x", start_time="Beginning", max_item_count=10)
    assert [len(list(page)) for page in pages.by_page()] == [10, 10, 5]


def test_a_token_of_more_than_there_is(container: ContainerProxy) -> None:
    fill(container, range(3))
    _, token = drain(container, start_time="Beginning")
    data = json.loads(base64.b64decode(token))
    data["continuation"]["continuation"][0]["token"] = '"999"'
    forged = base64.b64encode(json.dumps(data).encode()).decode()
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        drain(container, forged)
    assert caught.value.status_code == 404


def test_the_other_mode_is_refused(container: ContainerProxy) -> None:
    with pytest.raises(exceptions.CosmosHttpResponseError) as caught:
        list(container.query_items_change_feed(mode="AllVersionsAndDeletes"))
    assert caught.value.status_code == 400


def test_a_token_survives_a_split(serving: Serving, container: ContainerProxy) -> None:
    fill(container, range(30))
    ranges = list(container.read_feed_ranges())
    parts = [drain(container, feed_range=one, start_time="Beginning") for one in ranges]
    for range_id in ("0", "1", "2"):
        serving.control(split={"database": "tests", "container": container.id, "range": range_id})
    fill(container, range(25, 45))
    more = [drain(container, token)[0] for _, token in parts]
    assert sorted(more[0] + more[1]) == sorted(f"i{n}" for n in range(25, 45))
    with serving.client() as fresh:
        again = fresh.get_database_client("tests").get_container_client(container.id)
        assert len(list(again.read_feed_ranges())) == 5
        assert len(drain(again, start_time="Beginning")[0]) == 45


def test_a_reader_with_old_routes_finds_the_children(serving: Serving, container: ContainerProxy) -> None:
    fill(container, range(30))
    with serving.client() as other:
        reader = other.get_database_client("tests").get_container_client(container.id)
        ranges = list(reader.read_feed_ranges())
        tokens = [drain(reader, feed_range=one, start_time="Beginning")[1] for one in ranges]
        serving.control(split={"database": "tests", "container": container.id, "range": "0"})
        serving.control(split={"database": "tests", "container": container.id, "range": "1"})
        fill(container, range(30, 60))
        more = [drain(reader, token)[0] for token in tokens]
    assert sorted(more[0] + more[1]) == sorted(f"i{n}" for n in range(30, 60))


def test_a_split_range_is_gone(serving: Serving, container: ContainerProxy) -> None:
    path = f"{container.container_link}/docs"
    headers = {"a_im": "Incremental Feed", "x_ms_documentdb_partitionkeyrangeid": "0"}
    assert serving.signed("GET", path, **headers)[0] == 304
    serving.control(split={"database": "tests", "container": container.id, "range": "0"})
    code, answer, _ = serving.signed("GET", path, **headers)
    assert (code, answer["x-ms-substatus"]) == (410, "1002")
    _, _, found = serving.signed("GET", f"{container.container_link}/pkranges")
    rows = {
        row["id"]: (row["minInclusive"], row["maxExclusive"], row["parents"])
        for row in found["PartitionKeyRanges"]
    }
    assert sorted(rows) == ["1", "2", "3"]
    assert (rows["2"][0], rows["2"][1], rows["3"][1]) == ("", rows["3"][0], rows["1"][0])
    assert rows["2"][2] == rows["3"][2] == ["0"]


def test_a_token_survives_a_restart(tmp_path: Any) -> None:
    from azure.cosmos import PartitionKey

    serving = start(tmp_path)
    try:
        with serving.client() as client:
            made = client.create_database("d").create_container("c", PartitionKey("/pk"))
            fill(made, range(10))
            _, token = drain(made, start_time="Beginning")
            fill(made, range(10, 12))
            assert serving.stop() == 0
            serving = start(tmp_path, port=serving.port)
            fill(made, range(12, 14))
            assert sorted(drain(made, token)[0]) == ["i10", "i11", "i12", "i13"]
    finally:
        serving.kill()


def test_nothing_is_missed_while_writing(make: MakeContainer, serving: Serving) -> None:
    made = make()
    stop = threading.Event()
    with serving.client() as other:
        writer_side = other.get_database_client("tests").get_container_client(made.id)

        def write() -> None:
            for n in range(150):
                writer_side.upsert_item({"id": f"i{n}", "pk": f"p{n % 9}"})
            stop.set()

        writer = threading.Thread(target=write)
        seen, token = drain(made, start_time="Beginning")
        writer.start()
        while True:
            last = stop.is_set()
            found, token = drain(made, token)
            seen += found
            if last:
                break
        writer.join()
    assert sorted(seen) == sorted(f"i{n}" for n in range(150))
