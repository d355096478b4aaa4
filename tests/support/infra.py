"""What Azure would be asked for: ``infra/compiled/``, as Microsoft's compiler made it (tests/bicep.py)."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COMPILED = ROOT / "infra" / "compiled"
ASSIGNMENT = "/providers/Microsoft.Authorization/roleAssignments/"
REFERENCE = re.compile(r"reference\('([^']+)', '[^']+'(?:, 'full')?\)\.([\w.]+)")
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
NAMESPACE = "Microsoft.EventHub/namespaces"
TOPIC = "Microsoft.EventGrid/systemTopics"
UNDELIVERED = "uploads-undelivered"
"""The container of what Event Grid could not deliver."""
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
STORAGE = "Microsoft.Storage/storageAccounts"
# learn.microsoft.com/azure/role-based-access-control/built-in-roles; the last two are Cosmos DB's own
# (learn.microsoft.com/azure/cosmos-db/nosql/security/reference-data-plane-roles).
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "db58b8e5-c6ad-4a2a-8342-4190687cbf4a": "Storage Blob Delegator",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "19e7f393-937e-4f77-808e-94535e297925": "Storage Queue Data Reader",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
    "2b629674-e913-4c01-ae53-ef4638d8f975": "Azure Event Hubs Data Sender",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "00000000-0000-0000-0000-000000000001": "Cosmos DB Built-in Data Reader",
    "00000000-0000-0000-0000-000000000002": "Cosmos DB Built-in Data Contributor",
}


@dataclass(frozen=True)
class Grant:
    """A role on the resource with that id. ``who`` is an object id, or the id of an identity."""

    who: str
    on: str
    role: str


def same(found: set[Any], wanted: set[Any], what: str) -> None:
    """Fails with the names of what is missing and of what is too many."""
    missing, superfluous = sorted(wanted - found), sorted(found - wanted)
    assert not missing, f"{what}: missing {missing}"
    assert not superfluous, f"{what}: nothing uses {superfluous}"


def template() -> dict[str, Any]:
    """``main.bicep`` as an ARM template, the modules in it."""
    found: dict[str, Any] = json.loads((COMPILED / "main.json").read_text())
    return found


class Deployment:
    """What becomes of the template with a parameter file: each resource, its expressions worked out.

    What only Azure knows (addresses, the identity's ids) stays an expression: ``[reference('ID', …).part]``.
    """

    def __init__(self, name: str) -> None:
        found = json.loads((COMPILED / f"{name}.json").read_text())
        self.resources: list[dict[str, Any]] = found["predictedResources"]
        self.outputs: dict[str, str] = found["outputs"]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The resources of a type."""
        return [each for each in self.resources if each["type"] == kind]

    def one(self, kind: str) -> dict[str, Any]:
        """The one resource of a type."""
        (found,) = self.of_type(kind)
        return found

    def names(self, kind: str) -> set[str]:
        """The last parts of the names of a type's resources."""
        return {each["name"].rpartition("/")[2] for each in self.of_type(kind)}

    def under(self, parent: str, kind: str) -> set[str]:
        """The names of the resources of a type below the resource with that id."""
        return {
            each["name"].rpartition("/")[2]
            for each in self.of_type(kind)
            if each["id"].startswith(f"{parent}/")
        }

    def container(self, connection: str, name: str) -> str:
        """The id of a blob container in the account that a connection leads to. Raises ValueError."""
        return self._part(connection, f"{STORAGE}/blobServices/containers", name)

    def queue(self, connection: str, name: str) -> str:
        """The id of a queue in the account that a connection leads to. Raises ValueError."""
        return self._part(connection, f"{STORAGE}/queueServices/queues", name)

    def _part(self, connection: str, kind: str, name: str) -> str:
        account = self.leads(connection)
        (found,) = [
            each["id"]
            for each in self.of_type(kind)
            if each["id"].startswith(f"{account}/") and each["name"].rpartition("/")[2] == name
        ]
        return str(found)

    @cached_property
    def settings(self) -> dict[str, str]:
        """The app settings; values that only Azure knows as expressions."""
        (found,) = [
            each["properties"]
            for each in self.of_type("Microsoft.Web/sites/config")
            if each["name"].endswith("/appsettings")
        ]
        return dict(found)

    @property
    def environment(self) -> dict[str, str]:
        """The app settings as the app would see them, with an address of nobody for each expression."""
        return {
            name: f"https://{name.lower()}.example" if value.startswith("[") else value
            for name, value in self.settings.items()
        }

    def leads(self, connection: str) -> str:
        """The id of the resource that a connection's settings address. Raises ValueError unless it is one."""
        prefix = f"{connection}__"
        found: set[str] = set()
        for name, value in self.settings.items():
            if name.startswith(prefix) and name.removeprefix(prefix) not in ("credential", "clientId"):
                found |= {one for one, _ in REFERENCE.findall(value)} or self._named(value.partition(".")[0])
        if len(found) != 1:
            raise ValueError(f"{connection} leads to {sorted(found) or 'nothing'}")
        (there,) = found
        return there

    def _named(self, name: str) -> set[str]:
        """The accounts and namespaces of that name."""
        return {
            each["id"] for kind in (STORAGE, NAMESPACE) for each in self.of_type(kind) if each["name"] == name
        }

    @cached_property
    def identity(self) -> str:
        """The id of the app's identity."""
        return str(self.one(IDENTITY)["id"])

    @cached_property
    def topic(self) -> str:
        """The id of the Event Grid topic, which has an identity of its own."""
        return str(self.one(TOPIC)["id"])

    def grants(self, who: str) -> set[tuple[str, str]]:
        """(id of the resource, role) of all that an object id, or the identity with that id, may do."""
        return {(grant.on, grant.role) for grant in self.assignments if grant.who == who}

    @cached_property
    def assignments(self) -> list[Grant]:
        """Every role assignment. KeyError for a role that is not in ROLES."""
        built_in = self.of_type("Microsoft.Authorization/roleAssignments")
        of_cosmos = self.of_type(f"{COSMOS}/sqlRoleAssignments")
        return [self._grant(each, each["id"].partition(ASSIGNMENT)[0]) for each in built_in] + [
            self._grant(each, each["properties"]["scope"]) for each in of_cosmos
        ]

    def _grant(self, assignment: dict[str, Any], on: str) -> Grant:
        given = assignment["properties"]
        principal = REFERENCE.fullmatch(given["principalId"].strip("[]"))
        own = principal and principal[2] in ("principalId", "identity.principalId")
        who = principal[1] if principal and own else given["principalId"]
        return Grant(who, on, ROLES[given["roleDefinitionId"].rpartition("/")[2]])
