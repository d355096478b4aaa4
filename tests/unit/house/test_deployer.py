"""What the workflow's identity may do: its condition allows what the template assigns, and no more."""

import re

import pytest

from tests.bicep import DEPLOYER
from tests.support.infra import Deployment
from tests.support.metadata import ROOT

TEXT = (ROOT / "infra" / "deployer.condition").read_text()
CLAUSE = re.compile(
    r"!\(ActionMatches\{'Microsoft\.Authorization/roleAssignments/(\w+)'\}\)\s*\)\s*OR\s*\(\s*"
    r"@(\w+)\[Microsoft\.Authorization/roleAssignments:RoleDefinitionId\] ForAnyOfAnyValues:GuidEquals "
    r"\{([^}]*)\}\s*AND\s*"
    r"@(\w+)\[Microsoft\.Authorization/roleAssignments:PrincipalType\] "
    r"ForAnyOfAnyValues:StringEqualsIgnoreCase \{([^}]*)\}"
)
"""learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples: of a write the
request is judged, of a delete the assignment that is there."""


def clauses() -> dict[str, tuple[str, set[str], set[str]]]:
    """Action → whose attributes are judged, roles, principal types."""
    found = {}
    for action, whose, roles, also, types in CLAUSE.findall(TEXT):
        assert whose == also
        found[action] = (whose, set(roles.split(", ")), set(re.findall(r"'(\w+)'", types)))
    return found


def assigned() -> set[str]:
    """The roles that a deployment by the workflow assigns: to the app and to itself, not to people."""
    prod = Deployment("prod")
    people = {"User", "Group"}
    found = set()
    for each in prod.of_type("Microsoft.Authorization/roleAssignments"):
        given = each["properties"]
        if given["principalType"] not in people:
            found.add(given["roleDefinitionId"].rpartition("/")[2])
    assert DEPLOYER in {grant.who for grant in prod.assignments}
    return found


@pytest.mark.parametrize(("action", "whose"), [("write", "Request"), ("delete", "Resource")])
def test_the_workflow_may_assign_the_template_s_roles_to_services_and_nothing_else(
    action: str, whose: str
) -> None:
    assert clauses()[action] == (whose, assigned(), {"ServicePrincipal"})


def test_every_way_to_change_an_assignment_is_conditioned() -> None:
    assert clauses().keys() == {"write", "delete"}
    assert TEXT.count("ActionMatches{") == 2
    # Balanced, and one AND joins the two.
    assert TEXT.count("(") == TEXT.count(")")
    assert re.search(r"^\)\nAND\n\($", TEXT, re.MULTILINE)


def test_none_of_these_roles_gives_roles() -> None:
    """Owner, User Access Administrator, Role Based Access Control Administrator, Contributor: with one of
    them it could give itself all others. Blob Data Owner is there, for the host: no condition says on which
    account.
    """
    roles = clauses()["write"][1]
    assert not roles & {
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168", "b24988ac-6180-42a0-ab88-20f7382dd24c",
    }  # fmt: skip


def test_the_documents_use_the_condition() -> None:
    for path in (ROOT / "docs" / "deploy.md", ROOT / ".github" / "workflows" / "deploy.yml"):
        assert "infra/deployer.condition" in path.read_text(), path
    assert "--condition-version 2.0" in (ROOT / "docs" / "deploy.md").read_text()
