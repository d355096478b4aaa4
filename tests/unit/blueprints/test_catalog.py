"""The routes of the catalog and of the audit record."""

import json
from typing import Any

import azure.functions as func
import pytest

from blueprints import catalog
from tests.support.fakes import FakeDocuments
from tests.unit.writes.test_import_catalog import FLEET
from vending import wiring

PATH = "http://localhost/api/v1/catalog"


class Api:
    """The routes on stores in memory."""

    def __init__(self) -> None:
        self.catalog, self.writes = FakeDocuments("kind"), FakeDocuments("scope")

    async def get(
        self, route: Any, *at: str, held: str = "", **params: str
    ) -> tuple[int, dict[str, Any], str]:
        headers = {"if-none-match": held} if held else {}
        where = dict(zip(("kind", "id"), at, strict=False))
        return await self._call(
            route, func.HttpRequest("GET", PATH, params=params, headers=headers, route_params=where, body=b"")
        )

    async def change(
        self, parts: Any, if_match: str | None = "*", **params: str
    ) -> tuple[int, dict[str, Any], str]:
        headers = {"content-type": "application/json"} | ({"if-match": if_match} if if_match else {})
        body = parts if isinstance(parts, bytes) else json.dumps(parts).encode()
        request = func.HttpRequest("POST", f"{PATH}/changes", params=params, headers=headers, body=body)
        return await self._call(catalog.post_catalog_changes, request)

    async def _call(self, route: Any, request: func.HttpRequest) -> tuple[int, dict[str, Any], str]:
        answer = await route.build().get_user_function()(request)
        body = answer.get_body()
        return answer.status_code, json.loads(body) if body else {}, answer.headers.get("ETag", "")


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api()
    monkeypatch.setattr(wiring, "catalog", lambda: api.catalog)
    monkeypatch.setattr(wiring, "writes", lambda: api.writes)
    return api


async def test_the_version_is_read_and_said_in_the_change(api: Api) -> None:
    assert (await api.get(catalog.get_catalog))[1:] == ({"version": 0, "pending": None}, '"0"')
    status, found, etag = await api.change(FLEET, '"0"')
    assert (status, found["written"]["site"], etag) == (200, 2, '"1"')
    assert (await api.get(catalog.get_catalog))[2] == '"1"'
    assert (await api.get(catalog.get_catalog, held='"1"'))[0] == 304
    assert (await api.change({"sites": [{"id": "north", "timeZone": "Etc/UTC"}]}, '"0"'))[0] == 412


async def test_a_dry_run_needs_no_version_and_leaves_no_record(api: Api) -> None:
    status, found, _ = await api.change(FLEET, None, dryRun="true")
    assert (status, found["dryRun"], found["version"]) == (200, True, 1)
    assert api.catalog.items == api.writes.items == {}
    assert (await api.change(FLEET, '"7"', dryRun="true"))[0] == 412


@pytest.mark.parametrize(
    ("parts", "if_match", "params", "status", "said"),
    [
        (FLEET, None, {}, 428, "If-Match"),
        (FLEET, "*", {"dry": "1"}, 400, "dryRun, takeOver"),
        ({"shelves": []}, "*", {}, 400, "unknown field `shelves`"),
        ({"sites": [{"id": "a b", "timeZone": "Etc/UTC"}]}, "*", {}, 400, "$.sites[0].id"),
        (b'{"policies":[{"id":"fleet","thresholds":{"silent":' + b"[" * 5000, "*", {}, 400, "."),
        (b'{"sites": [' + b" " * 1024 * 1024 + b"]}", "*", {}, 413, "at most 1048576"),
    ],
)
async def test_what_is_wrong_is_told(
    api: Api, parts: Any, if_match: str | None, params: dict[str, str], status: int, said: str
) -> None:
    got, found, _ = await api.change(parts, if_match, **params)
    assert got == status, found
    assert said in found["detail"]
    assert not api.catalog.items


async def test_entries_are_read_as_they_were_written(api: Api) -> None:
    await api.change(FLEET)
    _, found, _ = await api.get(catalog.get_catalog_entries, "sites", limit="1")
    assert [entry["id"] for entry in found["entries"]] == ["north"]
    _, rest, _ = await api.get(catalog.get_catalog_entries, "sites", after=found["next"])
    assert ([entry["id"] for entry in rest["entries"]], rest["next"]) == (["south"], None)
    _, one, etag = await api.get(catalog.get_catalog_entry, "machines", "m1")
    assert one == {
        "kind": "machines", "id": "m1",
        "entry": {"id": "m1", "name": "m1", "site": "north", "placements": [["", "north"]], "version": 1},
    }  # fmt: skip
    assert (await api.get(catalog.get_catalog_entry, "machines", "m1", held=etag))[0] == 304
    assert (await api.get(catalog.get_catalog_entry, "machines", "m9"))[0] == 404
    assert (await api.get(catalog.get_catalog_entry, "shelves", "m1"))[0] == 404
    assert (await api.get(catalog.get_catalog_entries, "shelves"))[0] == 404
    assert (await api.get(catalog.get_catalog_entries, "sites", limit="0"))[0] == 400


async def test_who_changed_what_is_paged_newest_first(api: Api) -> None:
    for number in range(3):
        await api.change({"sites": [{"id": f"s{number}", "timeZone": "Etc/UTC"}]})
    status, page, _ = await api.get(catalog.get_audit, limit="2")
    assert (status, len(page["records"])) == (200, 2)
    _, rest, _ = await api.get(catalog.get_audit, limit="2", after=page["next"])
    records = [*page["records"], *rest["records"]]
    assert [row["id"] for row in records] == sorted((row["id"] for row in records), reverse=True)
    assert {row["after"][0]["id"] for row in records} == {"s0", "s1", "s2"}
    assert {(row["what"], row["target"], row["outcome"]) for row in records} == {
        ("catalog change", "catalog", "done")
    }
    assert rest["next"] is None
    assert (await api.get(catalog.get_audit, day="2001-01-01"))[1]["records"] == []
    assert (await api.get(catalog.get_audit, after="x"))[0] == 400
