"""No request has two functions that would take it.

On the platform routes are tried in the order of the functions' names, and the first match wins, however
specific another one is: of two routes that a path fits one is never called, and which one changes when a
function is renamed.
"""

import itertools
import re
from collections.abc import Iterator

import pytest

from blueprints.routes import ROUTES, Route
from devstack.functions.routes import compile_route
from tests.support.metadata import functions
from vending.access.roles import Role

assert functions(), "the routes are declared when the app is imported"
PARAMETER = re.compile(r"\{(\*{0,2})\w+((?::\w+(?:\([^)]*\))?)*)(\?)?\}")
EMPTY = ":maxlength(0)"


REST = "*"
"""The last part of a route that takes whatever follows, also nothing."""


def segments(path: str) -> list[str | None]:
    """A route's parts: the word in small letters, None for a parameter, whatever bounds it has. One that only
    nothing fits is no part. Raises ValueError for a form whose matches nobody has thought through."""
    parts: list[str | None] = []
    for part in filter(None, path.strip("/").split("/")):
        found = PARAMETER.fullmatch(part)
        if found is None and "{" in part:
            raise ValueError(f"{part!r} in {path!r}: a parameter is a whole segment")
        if parts[-1:] == [REST] or (found and found[3] and found[2] != EMPTY):
            raise ValueError(f"{part!r} in {path!r}: overlaps of such a parameter are not worked out")
        if found is None or found[2] != EMPTY:
            parts.append(part.lower() if found is None else REST if found[1] else None)
    return parts


def both(one: Route, other: Route) -> str | None:
    """A request that both take, or None."""
    verbs = set(one.methods) & set(other.methods)
    common = fitting(segments(one.path), segments(other.path))
    return f"{min(verbs)} {'/'.join(common)}" if verbs and common is not None else None


def fitting(one: list[str | None], other: list[str | None]) -> list[str] | None:
    """The parts of a path that both take, or None."""
    if REST in (*one[:1], *other[:1]):
        return [part or "1" for part in (*one, *other) if part != REST]
    if not one or not other:
        return None if one or other else []
    (left, *lefts), (right, *rights) = one, other
    if None not in (left, right) and left != right:
        return None
    after = fitting(lefts, rights)
    return None if after is None else [left or right or "1", *after]


def overlaps(routes: dict[str, Route]) -> Iterator[str]:
    """Each request with two functions."""
    for (one, left), (other, right) in itertools.combinations(sorted(routes.items()), 2):
        if request := both(left, right):
            yield f"{request}: {one} and {other}"


def test_no_two_routes_overlap() -> None:
    assert list(overlaps(ROUTES)) == []


def test_every_route_of_the_app_is_looked_at() -> None:
    served = [
        (trigger.route, sorted(str(verb) for verb in trigger.methods))
        for function in functions()
        if (trigger := function.get_trigger()).type == "httpTrigger"
    ]
    assert sorted(served) == sorted((each.path, sorted(each.methods)) for each in ROUTES.values())


def get(path: str, method: str = "GET") -> Route:
    return Route(method, path, Role.READ)


@pytest.mark.parametrize(
    ("one", "other", "request_"),
    [
        (
            get("api/v1/machines/{machineId}"),
            get("api/v1/machines/stockouts"),
            "GET api/v1/machines/stockouts",
        ),
        (get("api/v1/machines/{id}"), get("api/v1/machines/{name}"), "GET api/v1/machines/1"),
        (get("api/v1/{kind}/x"), get("api/v1/machines/{id}"), "GET api/v1/machines/x"),
        (get("API/v1/Machines"), get("api/v1/machines/"), "GET api/v1/machines"),
        (get("a/{id:int}"), get("a/{name}"), "GET a/1"),
        (get("a"), get("a", "HEAD"), "HEAD a"),
        (get("api/{*rest}"), get("api/v1/machines/{id}"), "GET api/v1/machines/1"),
        (get("api/v1/{**rest}"), get("api/{*rest}"), "GET api/v1"),
        (get("api/{*rest}"), get("api"), "GET api"),
        (get("api/{*rest}", "OPTIONS"), get("api/v1/machines/{id}"), None),
        (get("api/{*rest}"), get("docs/{name}"), None),
        (get("api/v1/{*rest}"), get("api"), None),
        (get("{ignored:maxlength(0)?}"), get(""), "GET "),
        (get("api/v1/machines/{id}"), get("api/v1/machines"), None),
        (get("api/v1/machines/{id}"), get("api/v1/machines/{id}/sales"), None),
        (get("api/v1/machines/{id}"), get("api/v1/alerts/{id}"), None),
        (get("api/v1/machines"), get("api/v1/machines", "POST"), None),
        (get("{ignored:maxlength(0)?}"), get("dashboard"), None),
    ],
)
def test_which_pairs_overlap(one: Route, other: Route, request_: str | None) -> None:
    """And the host's own matching of the path agrees."""
    assert both(one, other) == both(other, one) == request_
    if request_ is not None:
        path = request_.partition(" ")[2]
        assert all(compile_route(each.path, "test").match(path) is not None for each in (one, other))
    found = list(overlaps({"a": one, "b": other}))
    assert found == ([] if request_ is None else [f"{request_}: a and b"])


@pytest.mark.parametrize("path", ["{*rest}/a", "a/{id?}", "a-{id}"])
def test_a_form_that_was_not_thought_through_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"not worked out|whole segment"):
        segments(path)


def test_every_route_of_devices_says_whose_it_is() -> None:
    """The token is compared with the machine of the address: without one it would open the route for all."""
    for name, each in ROUTES.items():
        if each.role is Role.DEVICE:
            assert "{machineId}" in each.path, name
