"""Lists over HTTP: the form that is asked for, the file for a spreadsheet, the way to the next page."""

import csv
import io
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import azure.functions as func
import pytest

from blueprints import machines
from blueprints.lists import preferred
from tests.support.named_fleet import NOW, NamedFleet
from vending import wiring
from vending.settings import Settings
from vending.views import route_picklist

JSON, CSV = "application/json", "text/csv"


class Clock(datetime):
    """Stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Clock":
        return cls.fromtimestamp(NOW.timestamp(), tz)


@pytest.fixture
async def fleet(monkeypatch: pytest.MonkeyPatch) -> NamedFleet:
    found = await NamedFleet().begin()
    stores = found.stores()
    monkeypatch.setattr(wiring, "view_stores", lambda: stores)
    monkeypatch.setattr(wiring, "settings", lambda: Settings("telemetry", "vendstream"))
    monkeypatch.setattr(machines, "datetime", Clock)
    return found


Get = Callable[..., Awaitable[func.HttpResponse]]


async def get(
    function: Any, params: dict[str, str] | None = None, accept: str | None = None, **route: str
) -> func.HttpResponse:
    headers = {} if accept is None else {"Accept": accept}
    url = "https://vend.example/api/v1/machines"
    request = func.HttpRequest("GET", url, headers=headers, params=params, route_params=route, body=b"")
    answer: func.HttpResponse = await function.build().get_user_function()(request)
    return answer


def table(answer: func.HttpResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.get_body().decode(), newline="")))


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", JSON),
        ("*/*", JSON),
        (JSON, JSON),
        (CSV, CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("text/*", CSV),
        ("application/*", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("text/csv, */*", CSV),
        ("text/csv;q=0.5, application/json;q=0.4", CSV),
        ("text/csv;q=0.4, application/json;q=0.5", JSON),
        ("text/csv, application/json", JSON),
        ("*/*, text/csv;q=0", JSON),
        ("*/*, application/json;q=0", CSV),
        ("text/html", None),
        ("text/csv;q=0", None),
        ("text/csv;q=much", None),
        ("text/csv;q=nan", None),
        (",", None),
    ],
)
def test_the_form_of_the_greatest_weight_is_given(accept: str, form: str | None) -> None:
    assert preferred(accept) == form


async def test_a_list_as_a_file(fleet: NamedFleet) -> None:
    answer = await get(machines.get_machines, accept=CSV)
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="machines.csv"'
    assert "Accept" in answer.headers["Vary"].split(", ")
    rows = table(answer)
    assert [row["machineId"] for row in rows] == ["m1", "m2", "m3", "m4"]
    assert (rows[0]["name"], rows[0]["siteName"], rows[0]["totals.vends"]) == (
        "Lobby, left",
        "Town Hall",
        "14",
    )
    assert rows[1]["siteName"] == "Älter Markt"
    assert rows[2]["name"] == "'=HYPERLINK(1)"


async def test_both_forms_have_versions_of_their_own(fleet: NamedFleet) -> None:
    answers = [await get(machines.get_machines, accept=form) for form in (JSON, CSV)]
    assert len({answer.headers["ETag"] for answer in answers}) == 2
    assert all("Accept" in answer.headers["Vary"].split(", ") for answer in answers)


async def test_a_form_that_there_is_not_is_406(fleet: NamedFleet) -> None:
    answer = await get(machines.get_machines, accept="text/html")
    assert answer.status_code == 406
    assert "Accept" in answer.headers["Vary"].split(", ")
    assert "text/csv" in json.loads(answer.get_body())["detail"]


@pytest.mark.parametrize("form", [JSON, CSV])
async def test_the_link_leads_through_all_pages(fleet: NamedFleet, form: str) -> None:
    url, found = "https://vend.example/api/v1/machines?limit=1&sort=-name&q=m&code=secret", []
    while url:
        asked = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
        answer = await get(machines.get_machines, asked, form)
        assert answer.status_code == 200
        found += [row["machineId"] for row in table(answer)] if form == CSV else _ids(answer)
        link = answer.headers.get("Link", "")
        assert link.isascii()
        assert "secret" not in link
        assert link.endswith('>; rel="next"') or not link
        url = urljoin(url, link.removeprefix("<").partition(">")[0]) if link else ""
    # By name, from the end: m4, m2, "Lobby, left", "=HYPERLINK(1)".
    assert found == ["m4", "m2", "m1", "m3"]


def _ids(answer: func.HttpResponse) -> list[str]:
    return [row["machineId"] for row in json.loads(answer.get_body())["machines"]]


async def test_sites_routes_and_the_board(fleet: NamedFleet) -> None:
    for function, name, first in (
        (machines.get_sites, "sites", {"site": "s1", "name": "Town Hall"}),
        (machines.get_routes, "routes", {"route": "north", "machines": 2}),
        (machines.get_stockouts, "stockouts", {"machineId": "m1", "product": "Cola 0.33 l"}),
    ):
        body = json.loads((await get(function)).get_body())
        assert body[name][0].items() >= first.items()
        file = await get(function, accept=CSV)
        assert len(table(file)) == len(body[name]) == body["total"]
        assert f'filename="{name}.csv"' in file.headers["Content-Disposition"]


async def test_a_pick_list_as_a_file(fleet: NamedFleet) -> None:
    answer = await get(machines.get_route_picklist, {"inDays": "0"}, CSV, routeId="north")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="picklist-north.csv"'
    assert [(row["machineId"], row["selection"], row["take"]) for row in table(answer)] == [
        ("m1", "A1", "12")
    ]


@pytest.mark.parametrize("name", ["west", "north/..", "x" * 65, "n\r\nSet-Cookie: a=b", "é"])
async def test_an_unknown_route_has_no_pick_list(fleet: NamedFleet, name: str) -> None:
    answer = await get(machines.get_route_picklist, routeId=name)
    assert answer.status_code == 404


async def test_a_route_that_is_too_long_is_refused(
    fleet: NamedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert route_picklist.MOST > 100
    monkeypatch.setattr("blueprints.questions_machines.MOST", 1)
    answer = await get(machines.get_route_picklist, routeId="north")
    assert answer.status_code == 400
    assert "2 machines; a pick list takes at most 1" in json.loads(answer.get_body())["detail"]


@pytest.mark.parametrize(
    ("function", "asked"),
    [
        (machines.get_sites, {"limit": "501"}),
        (machines.get_sites, {"state": "online"}),
        (machines.get_sites, {"route": "no route"}),
        (machines.get_sites, {"after": "s1\n"}),
        (machines.get_machines, {"site": "a/b"}),
        (machines.get_routes, {"route": "north"}),
        (machines.get_stockouts, {"limit": "201"}),
        (machines.get_stockouts, {"after": "m1"}),
        (machines.get_route_picklist, {"inDays": "31"}),
        (machines.get_route_picklist, {"inDays": "nan"}),
        (machines.get_route_picklist, {"window": "0"}),
    ],
)
async def test_a_faulty_question_is_refused(fleet: NamedFleet, function: Any, asked: dict[str, str]) -> None:
    answer = await get(function, asked, routeId="north")
    assert answer.status_code == 400
