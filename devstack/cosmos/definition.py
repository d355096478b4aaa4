"""What a client says about a container when it creates one, checked: what cannot be done is refused."""

from typing import Any

from devstack.cosmos.epk import MISSING, KeyValue, Missing, checked_value
from devstack.cosmos.errors import bad_request, unsupported
from devstack.cosmos.indexing import IndexPolicy, Steps, parse_path

FORBIDDEN = set("/\\?#")
UNSUPPORTED = (
    "conflictResolutionPolicy", "changeFeedPolicy", "computedProperties", "vectorEmbeddingPolicy",
    "fullTextPolicy", "analyticalStorageTtl", "clientEncryptionPolicy", "materializedViewDefinition",
)  # fmt: skip
MAX_NAME = 255
MAX_TTL = 2**31 - 1


def check_name(body: dict[str, Any]) -> str:
    """The id of a database or container."""
    name = body.get("id")
    if (
        not isinstance(name, str)
        or not name
        or len(name) > MAX_NAME
        or FORBIDDEN & set(name)
        or name[-1] == " "
    ):
        raise bad_request(
            f"The id {name!r} is invalid: 1 to {MAX_NAME} characters, none of / \\ ? #, no space at the end."
        )
    return name


def check_ttl(value: object, name: str) -> int | None:
    """A time to live: None, -1 (never) or seconds."""
    if value is None or (
        isinstance(value, int) and not isinstance(value, bool) and (value == -1 or 0 < value <= MAX_TTL)
    ):
        return value
    raise bad_request(
        f"The value of '{name}' must be -1 or a whole number of seconds from 1 to {MAX_TTL}, not {value!r}."
    )


class Definition:
    """The checked definition of a container."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.path: Steps = _key_path(body.get("partitionKey"))
        self.ttl = check_ttl(body.get("defaultTtl"), "defaultTtl")
        for name in UNSUPPORTED:
            value = body.get(name)
            if value and not (name == "conflictResolutionPolicy" and value.get("mode") == "LastWriterWins"):
                raise unsupported(f"The container property '{name}'")
        if (body.get("uniqueKeyPolicy") or {}).get("uniqueKeys"):
            raise unsupported("A unique key policy")
        self.policy = IndexPolicy(body.get("indexingPolicy"))
        self._key = {"paths": list(body["partitionKey"]["paths"]), "kind": "Hash", "version": 2}

    def to_json(self) -> dict[str, Any]:
        """The properties a client set, with the service's defaults."""
        found: dict[str, Any] = {"partitionKey": self._key, "indexingPolicy": self.policy.definition}
        if self.ttl is not None:
            found["defaultTtl"] = self.ttl
        return found

    def key_value(self, item: dict[str, Any]) -> KeyValue | Missing:
        """The item's partition key value."""
        value: Any = item
        for step in self.path:
            if not isinstance(value, dict) or step not in value:
                return MISSING
            value = value[step]
        return checked_value(value) if value != {} else MISSING


def _key_path(key: Any) -> Steps:
    if not isinstance(key, dict) or not isinstance(key.get("paths"), list) or not key["paths"]:
        raise bad_request(
            "The container needs a partition key: {'paths': ['/…'], 'kind': 'Hash', 'version': 2}."
        )
    if key.get("kind", "Hash") != "Hash" or len(key["paths"]) != 1:
        raise unsupported("A hierarchical partition key (kind MultiHash)")
    if key.get("version", 2) != 2:
        raise unsupported("Partition key version 1")
    steps = parse_path(str(key["paths"][0]))
    if not steps or steps[-1] in ("?", "*", "[]", ""):
        raise bad_request(f"The partition key path {key['paths'][0]!r} is invalid.")
    return steps
