"""host.json, local.settings.json and the environment, read once.

Existing environment variables win over ``Values``; ``AzureFunctionsJobHost__a__b`` overrides ``a.b`` of
host.json.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack.functions import connections, timespan
from devstack.functions.errors import ConfigurationError

_PERCENT = re.compile(r"%([^%]+)%")
_OVERRIDE = "azurefunctionsjobhost__"


@dataclass(frozen=True)
class Configuration:
    """An app folder's configuration. ``settings`` is what the app sees as its environment."""

    app: Path
    host: dict[str, Any]
    local: dict[str, Any]
    settings: dict[str, str]

    def value(self, path: str, default: Any) -> Any:
        """A value of host.json by dotted path, letter case ignored, as .NET configuration does."""
        node: Any = self.host
        for part in path.split("."):
            node = _lookup(node, part) if isinstance(node, dict) else None
            if node is None:
                return default
        return node

    def integer(self, path: str, default: int, low: int = 0, high: int = 2**31 - 1) -> int:
        """A whole number of host.json within bounds."""
        found = self.value(path, default)
        try:
            number = int(found)
        except (TypeError, ValueError):
            number = low - 1
        if isinstance(found, bool) or not low <= number <= high:
            raise ConfigurationError(
                f"host.json {path} is {found!r}: write a whole number from {low} to {high}"
            )
        return number

    def flag(self, path: str, default: bool) -> bool:
        """A boolean of host.json; overrides write it as text."""
        found = self.value(path, default)
        if isinstance(found, bool):
            return found
        if str(found).lower() in ("true", "false"):
            return str(found).lower() == "true"
        raise ConfigurationError(f"host.json {path} is {found!r}: write true or false")

    def seconds(self, path: str, default: str) -> float:
        """A time span of host.json, in seconds."""
        return timespan.seconds(self.value(path, default), f"host.json {path}")

    def setting(self, name: str) -> str | None:
        """An app setting, letter case ignored as the platform's configuration does."""
        found = self.settings.get(name)
        return found if found is not None else _lookup(self.settings, name)

    def resolve(self, text: str, where: str) -> str:
        """``text`` with each ``%NAME%`` replaced by that app setting."""

        def one(match: re.Match[str]) -> str:
            found = self.setting(match[1])
            if not found:
                raise ConfigurationError(
                    f"{where}: %{match[1]}% has no value; set {match[1]} in local.settings.json (Values)"
                    " or in the environment"
                )
            return found

        return _PERCENT.sub(one, text)

    def connection(self, name: str | None, where: str) -> str:
        """The connection string behind a binding's ``connection``, ``AzureWebJobsStorage`` by default.

        ``ConfigurationError`` where there is none, or settings for an identity in its place."""
        asked = self.resolve(name, where) if name else connections.DEFAULT
        found = connections.find(asked, self.settings, self.local.get("ConnectionStrings") or {})
        if found is None:
            raise ConfigurationError(
                f"{where}: connection {asked!r}: there is no such app setting; this host takes a connection"
                f" string in {asked}"
            )
        if found.value and found.value.strip():
            return found.value
        rule = "" if found.name.lower() == asked.lower() else f" ({connections.PREFIX} + name goes first)"
        held = (
            f"names an identity ({', '.join(found.parts)}), which needs Azure" if found.parts else "is empty"
        )
        raise ConfigurationError(
            f"{where}: connection {asked!r} is read from {found.name}{rule}, which {held}; this host takes a"
            f" connection string in {found.name}"
        )

    def hidden_connection(self, name: str | None) -> str | None:
        """A line about a connection whose plain setting the platform never reads; None as a rule."""
        if not name or "%" in name:
            return None
        found = connections.hidden(name, self.settings, self.local.get("ConnectionStrings") or {})
        if found is None:
            return None
        taken, unused = found
        return (
            f"connection {name!r} is read from {taken.name}, as on the platform ({connections.PREFIX} + name"
            f" goes first, in any letter case); {', '.join(unused.parts or (unused.name,))} is not used:"
            " rename the connection"
        )


def load(app: Path) -> Configuration:
    """Read an app folder. ``ConfigurationError`` for files that ``func start`` would refuse too."""
    if not (app / "host.json").is_file():
        raise ConfigurationError(f"{app} has no host.json: name the folder of a Functions app")
    host = _read(app / "host.json")
    if host.get("version") != "2.0":
        raise ConfigurationError(f'{app / "host.json"}: "version" must be "2.0", not {host.get("version")!r}')
    local_path = app / "local.settings.json"
    local = _read(local_path) if local_path.is_file() else {}
    if local and local.get("IsEncrypted", True):
        raise ConfigurationError(
            f'{local_path}: IsEncrypted is true or missing (which means true): write "IsEncrypted": false'
        )
    settings = _values(local, local_path) | dict(os.environ)
    return Configuration(app, _overridden(host, settings), local, settings)


def _values(local: dict[str, Any], path: Path) -> dict[str, str]:
    values = local.get("Values") or {}
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise ConfigurationError(f"{path}: Values must be flat texts; {', '.join(wrong)} is not (quote it)")
    return dict(values)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except ValueError as error:
        raise ConfigurationError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path} must hold a JSON object")
    return found


def _overridden(host: dict[str, Any], settings: Mapping[str, str]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(json.dumps(host))
    for name, value in settings.items():
        if not name.lower().startswith(_OVERRIDE):
            continue
        parts = name[len(_OVERRIDE) :].split("__")
        node = result
        for part in parts[:-1]:
            key = _key(node, part)
            if not isinstance(node.get(key), dict):
                node[key] = {}
            node = node[key]
        node[_key(node, parts[-1])] = value
    return result


def _key(node: Mapping[str, Any], name: str) -> str:
    return next((key for key in node if key.lower() == name.lower()), name)


def _lookup(node: Mapping[str, Any], name: str) -> Any:
    return node.get(_key(node, name))
