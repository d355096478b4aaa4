"""What the platform answers: a verb that no route declares is 404, HEAD and OPTIONS included (measured)."""

from tests.support.metadata import ROOT, triggers

ROUTES = [(one["route"], {str(verb).upper() for verb in one["methods"]}) for one in triggers("httpTrigger")]
WATCHED = {"api/health", "dashboard", "dashboard/static/{name}", "{ignored:maxlength(0)?}"}
"""What uptime checks ask for."""


def test_uptime_checks_may_use_head_where_they_ask() -> None:
    assert {route for route, verbs in ROUTES if "HEAD" in verbs} == WATCHED


def test_every_route_says_which_verbs_and_only_writes_take_a_body() -> None:
    """Without ``methods`` any verb is taken, TRACE too; a body in chunks would not arrive."""
    assert ROUTES
    for route, verbs in ROUTES:
        if verbs != {"POST"}:
            assert "GET" in verbs, route
            assert verbs <= {"GET", "HEAD"}, route


def test_the_verbs_are_documented() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    for line in ("`GET`, `HEAD /api/health`", "`GET`, `HEAD /`, `/dashboard`, `/dashboard/static/{name}`"):
        assert line in text
