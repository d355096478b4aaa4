"""The OpenAPI document: every route of the API with its parameters, shapes, faults and keys."""

import json
import re
from typing import Any

import pytest

import function_app  # noqa: F401 - declares the routes
from blueprints.openapi import encoded
from blueprints.questions import DayAsked, SalesAsked
from blueprints.routes import ROUTES, Route
from tests.unit.openapi.small import FILE, Asked, Made, made
from vending.access.roles import Role
from vending.openapi.document import document
from vending.openapi.problem_types import PROBLEM_TYPES
from vending.openapi.shapes import query_parameters


def test_a_small_document_as_a_whole() -> None:
    """In the order of paths and verbs, whatever that of the routes is."""
    assert made() == FILE.read_text(encoding="utf-8"), "python -m tests.unit.openapi.small writes it anew"


@pytest.fixture
def told() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encoded())
    return found


def test_every_route_of_the_api_is_an_operation(told: dict[str, Any]) -> None:
    found = {
        operation["operationId"]: (method.upper(), path)
        for path, operations in told["paths"].items()
        for method, operation in operations.items()
    }
    wanted = {
        name: (one.method, f"/{one.path}")
        for name, one in ROUTES.items()
        if one.path.startswith("api/") and one.method != "OPTIONS"
    }
    assert found == wanted


def test_what_it_refers_to_is_there(told: dict[str, Any]) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, list):
            return [one for part in value for one in references(part)]
        if not isinstance(value, dict):
            return []
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for part in value.values() for one in references(part)]

    found = set(references(told))
    assert "#/components/schemas/Machine" in found
    for reference in found:
        at: Any = told
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]
    for each in told["paths"].values():
        for operation in each.values():
            schemes = {name for one in operation["security"] for name in one}
            assert schemes <= told["components"]["securitySchemes"].keys()


def test_the_same_routes_make_the_same_bytes() -> None:
    before = encoded()
    encoded.cache_clear()
    assert encoded() == before


def test_each_answer_of_the_api_has_a_shape(told: dict[str, Any]) -> None:
    """JSON without a Struct behind it would be an object of which nothing is known."""
    bare = [
        operation["operationId"]
        for each in told["paths"].values()
        for operation in each.values()
        for response in operation["responses"].values()
        if response.get("content", {}).get("application/json", {}).get("schema") == {"type": "object"}
    ]
    assert bare == ["get_openapi"]


def one(route: Route) -> dict[str, Any]:
    """The operation of a route that is alone."""
    (operations,) = document({"it": route}, "1")["paths"].values()
    (found,) = operations.values()
    assert isinstance(found, dict)
    return found


def test_a_route_that_writes() -> None:
    route = Route(
        "POST", "api/v1/things/{thing}", Role.ADMIN, takes=Asked, gives=Made, status=201, problems=(409,)
    )
    found = one(route)
    assert found["requestBody"]["required"] is True
    assert list(found["responses"]) == ["201", "400", "401", "403", "409", "503"]
    assert found["responses"]["409"] == {"$ref": "#/components/responses/Problem409"}
    assert found["security"][-1] == {"entraId": ["Fleet.Admin"]}
    (parameter,) = found["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == ("thing", "path", True)


def test_a_change_that_needs_what_was_read_says_so() -> None:
    found = one(Route("PUT", "api/v1/it", Role.ADMIN, takes=Asked, problems=(412, 428)))
    assert [(each["name"], each["in"], each["required"]) for each in found["parameters"]] == [
        ("If-Match", "header", True)
    ]


def test_who_may_ask() -> None:
    assert one(Route("GET", "api/v1/it", Role.ANYBODY))["security"] == []
    device = one(Route("GET", "api/v1/it", Role.DEVICE))
    assert device["security"] == [{"publisherToken": []}]
    assert "$ref" in device["responses"]["401"]
    read = one(Route("GET", "api/v1/it", Role.READ))
    assert [list(each) for each in read["security"]] == [["functionKey"], ["functionKeyInQuery"], ["entraId"]]
    assert "content" not in read["responses"]["401"]


def test_other_statuses_may_have_the_same_shape_and_other_media_none() -> None:
    found = one(
        Route(
            "GET", "api/v1/it", Role.ANYBODY, gives=Made, alike=(503,), media=("application/json", "text/csv")
        )
    )
    assert found["responses"]["503"]["content"] == found["responses"]["200"]["content"]
    assert found["responses"]["200"]["content"]["text/csv"] == {"schema": {"type": "string"}}
    assert "content" not in one(Route("DELETE", "api/v1/it", Role.ADMIN, status=204))["responses"]["204"]


def test_a_docstring_is_a_summary_and_more() -> None:
    found = one(Route("GET", "api/v1/it", Role.READ, says="What it is. And\nmore of it."))
    assert found["summary"] == "What it is"
    assert found["description"] == "And more of it. Needs the role `Fleet.Read`."


def test_parameters_are_told_with_their_bounds_and_without_null() -> None:
    assert query_parameters(Asked) == [
        {"name": "howMany", "in": "query", "required": True, "schema": {"type": "integer"}},
        {
            "name": "state",
            "in": "query",
            "required": False,
            "allowEmptyValue": True,
            "schema": {"type": "string"},
        },
    ]
    (day,) = query_parameters(DayAsked)
    assert day["schema"] == {"type": "string", "format": "date", "pattern": "^20[0-9]{2}-"}
    assert [each["name"] for each in query_parameters(SalesAsked)] == ["from", "to"]


def test_patterns_mean_the_same_in_every_language(told: dict[str, Any]) -> None:
    """In ECMA 262, which JSON Schema goes by, ``\\Z`` is the letter."""
    found = re.findall(r'"pattern":"((?:[^"\\]|\\.)*)"', json.dumps(told, separators=(",", ":")))
    assert len(found) > 50
    assert [one for one in found if re.search(r"\\[AZGz]|\(\?(?!!|:|=)", one)] == []


def test_every_kind_of_fault_is_told(told: dict[str, Any]) -> None:
    said = json.dumps(told["components"]["responses"])
    for kind in PROBLEM_TYPES.values():
        assert f"`{kind.type}`" in said
    assert "Retry-After" in told["components"]["responses"]["Problem503"]["headers"]
