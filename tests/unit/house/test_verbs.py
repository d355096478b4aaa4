"""What the platform answers: a verb that no route declares is 404, HEAD and OPTIONS included (measured)."""

from blueprints.routes import ROUTES
from tests.support.metadata import triggers

VERBS = [(one["route"], {str(verb).upper() for verb in one["methods"]}) for one in triggers("httpTrigger")]


def test_what_can_be_read_can_be_asked_for_with_head() -> None:
    """Uptime checks and ``curl --head`` ask so."""
    assert all(("HEAD" in verbs) == ("GET" in verbs) for _, verbs in VERBS)


def test_every_route_says_its_one_verb() -> None:
    """Without ``methods`` any verb is taken, TRACE too."""
    assert len(VERBS) == len(ROUTES)
    for route, verbs in VERBS:
        assert len(verbs - {"HEAD"}) == 1, route


def test_only_what_writes_takes_a_body() -> None:
    assert {one.method for one in ROUTES.values() if one.takes} <= {"POST", "PUT", "PATCH", "DELETE"}
