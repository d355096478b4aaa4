"""Indexing policies: which values of an item are index terms, and which ORDER BY an index can serve."""

from typing import Any, Final

from devstack.cosmos.errors import bad_request

DEFAULT_POLICY: Final[dict[str, Any]] = {
    "indexingMode": "consistent",
    "automatic": True,
    "includedPaths": [{"path": "/*"}],
    "excludedPaths": [{"path": '/"_etag"/?'}],
}
MAX_DEPTH: Final = 128
SYSTEM = frozenset({"_rid", "_self", "_etag", "_attachments", "_ts"})

type Steps = tuple[str, ...]
type Composite = tuple[tuple[Steps, bool], ...]


def parse_path(path: str) -> Steps:
    """``/a/"b-c"/[]/?`` as its steps, the last of which is ``?`` or ``*``."""
    if not path.startswith("/"):
        raise bad_request(f"Indexing path {path!r} must start with '/'.")
    steps: list[str] = []
    at = 1
    while at < len(path):
        if path[at] == '"':
            end = path.find('"', at + 1)
            if end < 0:
                raise bad_request(f"Indexing path {path!r} has an open quote.")
            steps.append(path[at + 1 : end])
            at = end + 2
        else:
            end = path.find("/", at)
            end = len(path) if end < 0 else end
            steps.append(path[at:end])
            at = end + 1
    return tuple(steps)


class IndexPolicy:
    """A checked policy, and the questions the server asks it."""

    def __init__(self, policy: dict[str, Any] | None) -> None:
        self.definition = policy or DEFAULT_POLICY
        mode = str(self.definition.get("indexingMode", "consistent")).lower()
        if mode not in ("consistent", "none"):
            raise bad_request(f"Indexing mode {mode!r} is not valid: use consistent or none.")
        self._off = mode == "none"
        self._rules = [(p, True) for p in self._paths("includedPaths")]
        self._rules += [(p, False) for p in self._paths("excludedPaths")]
        if not self._off and not any(p == ("*",) for p, _ in self._rules):
            raise bad_request("The special mandatory indexing path '/*' is not in any of the path type sets.")
        self._composites = [self._composite(one) for one in self.definition.get("compositeIndexes", [])]
        self._decided: dict[tuple[Steps, bool], bool] = {}

    def _paths(self, name: str) -> list[Steps]:
        found = [parse_path(str(entry["path"])) for entry in self.definition.get(name, [])]
        for path in found:
            if not path or path[-1] not in ("?", "*"):
                raise bad_request(f"{name}: a path must end in '/?' or '/*', not {'/'.join(path)!r}.")
        return found

    @staticmethod
    def _composite(entries: list[dict[str, Any]]) -> Composite:
        return tuple(
            (parse_path(str(entry["path"])), str(entry.get("order", "ascending")).lower() == "descending")
            for entry in entries
        )

    def indexed(self, steps: Steps) -> bool:
        """Whether the scalar at ``steps`` is indexed: the most precise rule decides, ``/?`` before ``/*``."""
        key = (steps, self._off)
        if key not in self._decided:
            best, verdict = -1, False
            for rule, included in self._rules:
                exact = rule[-1] == "?"
                stem = rule[:-1]
                fits = steps == stem if exact else steps[: len(stem)] == stem
                rank = len(stem) * 2 + exact
                if fits and (rank > best or (rank == best and not included)):
                    best, verdict = rank, included
            self._decided[key] = verdict and not self._off
        return self._decided[key]

    def terms(self, item: dict[str, Any]) -> int:
        """How many values of the item lie under indexed paths (each array element counts)."""
        return sum(self._count(value, (name,)) for name, value in item.items() if name not in SYSTEM)

    def _count(self, value: object, steps: Steps) -> int:
        if len(steps) > MAX_DEPTH:
            raise bad_request(f"The item is nested more than {MAX_DEPTH} levels deep.")
        if isinstance(value, dict):
            return sum(self._count(child, (*steps, str(name))) for name, child in value.items())
        if isinstance(value, list):
            below = (*steps, "[]")
            return sum(self._count(child, below) for child in value)
        return int(self.indexed(steps))

    def check_order(self, keys: list[tuple[Steps, bool]]) -> None:
        """Raise 400 when no index serves this ORDER BY; each key is (path, descending)."""
        if len(keys) == 1:
            steps = keys[0][0]
            if not (steps == ("_ts",) or self.indexed(steps)):
                raise bad_request("The index path corresponding to the specified order-by item is excluded.")
            return
        backwards = tuple((steps, not down) for steps, down in keys)
        if not any(one in (tuple(keys), backwards) for one in self._composites):
            raise bad_request(
                "The order by query does not have a corresponding composite index that it can be served from."
            )
