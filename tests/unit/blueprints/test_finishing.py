"""What all answers have in common."""

import gzip
import json
import logging

import azure.functions as func
import pytest

from blueprints import openapi, options, routes
from blueprints.compression import LEAST, packed, plain_tags, takes_gzip
from blueprints.request_ids import chosen, identified, request_id
from blueprints.routes import Route, route
from tests.unit.blueprints.requests import call, request
from vending import wiring
from vending.access.roles import Role

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PACKS = {"accept-encoding": "gzip"}


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"x-request-id": "a-1.b:c_2"}, "a-1.b:c_2"),
        ({"x-request-id": "mine", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, "mine"),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE),
        ({"x-request-id": "", "traceparent": f"cc-{TRACE}-00f067aa0ba902b7-01-more"}, TRACE),
    ],
)
def test_the_callers_id_is_kept_and_the_traces_else(headers: dict[str, str], wanted: str) -> None:
    assert chosen(headers) == wanted


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-request-id": "a\nb"},
        {"x-request-id": "a b"},
        {"x-request-id": "ä"},
        {"x-request-id": "-" * 8},
        {"x-request-id": "a" * 129},
        {"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"},
        {"traceparent": "00-short-00f067aa0ba902b7-01"},
    ],
)
def test_what_may_not_stand_in_a_log_line_is_no_id(headers: dict[str, str]) -> None:
    made = chosen(headers)
    assert len(made) == 32
    assert made.isalnum()
    assert made != chosen(headers)


async def test_the_id_is_in_the_answer_the_fault_and_nowhere_afterwards() -> None:
    answer = await call(openapi.get_problem_type, {"x-request-id": "r-7"}, {"type": "none"})
    assert answer.headers["X-Request-Id"] == "r-7"
    assert json.loads(answer.get_body())["requestId"] == "r-7"
    assert request_id() == ""
    with identified({"x-request-id": "r-8"}):
        assert request_id() == "r-8"


async def test_a_bug_is_logged_with_the_id_of_its_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(req: func.HttpRequest) -> func.HttpResponse:
        raise KeyError("oops")

    monkeypatch.setattr(routes, "ROUTES", {})
    function = route(func.Blueprint(), "get_it", Route("GET", "api/v1/it", Role.ANYBODY))(broken)
    with caplog.at_level(logging.ERROR), pytest.raises(KeyError):
        await call(function, {"x-request-id": "r-9"})
    assert "get_it failed: request r-9" in caplog.text


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.2", True),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip; q=0.000", False),
        ("", False),
        ("br, identity", False),
        ("gzipped", False),
    ],
)
def test_who_takes_gzip(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) is takes


def answer(
    body: bytes = b"x" * LEAST, mimetype: str = "application/json", **headers: str
) -> func.HttpResponse:
    return func.HttpResponse(body, mimetype=mimetype, headers={"ETag": '"a"'} | headers)


def test_a_packed_answer_keeps_its_other_headers() -> None:
    found = packed(request(headers=PACKS), answer(Link="</next>"))
    assert gzip.decompress(found.get_body()) == b"x" * LEAST
    assert (found.headers["ETag"], found.headers["Link"]) == ('"a-gzip"', "</next>")
    assert found.mimetype == "application/json"


@pytest.mark.parametrize(
    "kept",
    [
        answer(b"x" * (LEAST - 1)),
        answer(mimetype="image/webp"),
        answer(b"x" * LEAST, "text/css", **{"Content-Encoding": "br"}),
    ],
)
def test_what_is_small_or_packed_already_stays(kept: func.HttpResponse) -> None:
    assert packed(request(headers=PACKS), kept) is kept
    assert kept.headers["ETag"] == '"a"'


def test_the_tag_of_a_packed_answer_stands_for_the_plain_one_in_every_condition() -> None:
    asked = request(headers={"if-match": 'W/"a-gzip", "b-gzip"', "if-none-match": '"c"'})
    assert plain_tags(asked).headers["if-match"] == 'W/"a", "b"'
    assert plain_tags(asked).headers["if-none-match"] == '"c"'
    untouched = request(headers={"if-match": '"a"'})
    assert plain_tags(untouched) is untouched


ORIGIN = {"origin": "https://fleet.example"}


async def test_no_page_of_another_origin_may_read_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for origins, allowed, vary in (
        (frozenset[str](), None, "Accept-Encoding"),
        (frozenset({"https://other.example"}), None, "Origin, Accept-Encoding"),
        (frozenset({"https://fleet.example"}), "https://fleet.example", "Origin, Accept-Encoding"),
        (frozenset({"*"}), "*", "Origin, Accept-Encoding"),
    ):
        monkeypatch.setattr(wiring, "cors_origins", lambda origins=origins: origins)
        found = await call(openapi.get_openapi, ORIGIN)
        assert found.headers.get("Access-Control-Allow-Origin") == allowed
        assert found.headers["Vary"] == vary
        assert ("ETag" in found.headers.get("Access-Control-Expose-Headers", "")) == bool(allowed)
        assert "Access-Control-Allow-Credentials" not in found.headers


async def test_options_says_the_verbs_and_what_a_page_may_send(monkeypatch: pytest.MonkeyPatch) -> None:
    told = await call(options.options_api, ORIGIN, {"path": "v1/machines/vm-1"}, "OPTIONS")
    assert (told.status_code, told.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert "Access-Control-Allow-Methods" not in told.headers
    monkeypatch.setattr(wiring, "cors_origins", lambda: frozenset({"https://fleet.example"}))
    asked = await call(options.options_api, ORIGIN, {"path": "V1/uploads/"}, "OPTIONS")
    assert asked.headers["Access-Control-Allow-Methods"] == "OPTIONS, POST"
    assert asked.headers["Access-Control-Allow-Origin"] == "https://fleet.example"
    assert "X-Functions-Key" in asked.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("path", ["", "v1", "v1/machines/vm-1/more", "v1//sales", "v2/machines", "{*path}"])
async def test_options_of_what_is_not_there_is_404(path: str) -> None:
    assert (await call(options.options_api, route={"path": path}, method="OPTIONS")).status_code == 404
