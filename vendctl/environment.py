"""Where commands take the app's settings from: the environment, else a ``local.settings.json``.

Two systems are never mixed unasked. A connection is one setting, whichever of its forms (``COSMOS``,
``COSMOS__accountEndpoint``) names it. The file of the current folder is read only where the environment names
none of the connections that the command needs; one that is named with ``--settings`` fills in whole
connections. Of other settings the environment goes first.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from vending import settings

FILE = "local.settings.json"
CONNECTIONS = (*settings.CONNECTIONS, "AzureWebJobsStorage", "DEVICES")
"""The app's, the host's, and the policy that signs the devices' tokens."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The settings of one command, and where they come from where that is not plain."""

    values: dict[str, str]
    told: str = ""


def values(path: Path) -> dict[str, str]:
    """The ``Values`` of a settings file. Raises ValueError where it is none."""
    try:
        found = dict(json.loads(path.read_text())["Values"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ValueError(f"{path} is no local.settings.json: {fault!r}") from fault
    return {str(name): str(value) for name, value in found.items()}


def choose(
    named: Path | None, environment: Mapping[str, str], needs: Collection[str], folder: Path
) -> Chosen:
    """The settings for a command that needs these connections. Raises ValueError that says what to set."""
    own = [name for name in needs if forms(environment, name)]
    lacking = [name for name in needs if name not in own]
    file = named or folder / FILE
    if named is None and not lacking:
        return Chosen(dict(environment))
    if named is None and (own or not file.exists()):
        raise ValueError(_lacking(lacking, own, file))
    held = values(file)
    if still := [name for name in lacking if not forms(held, name)]:
        raise ValueError(f"{named or FILE} does not have {', '.join(still)}, nor does the environment")
    return Chosen(merged(held, environment), _told(held, environment, named))


def forms(settings: Mapping[str, str], connection: str) -> list[str]:
    """The settings that name a connection."""
    return [name for name, value in settings.items() if value and connection_of(name) == connection]


def connection_of(setting: str) -> str | None:
    """Which connection a setting is one of the forms of."""
    name = setting.partition("__")[0]
    return name if name in CONNECTIONS else None


def merged(held: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The environment over a file's values; a connection comes whole from one of them."""
    own = {name for name in CONNECTIONS if forms(environment, name)}
    filled = {name for name in CONNECTIONS if name not in own and forms(held, name)}
    return {name: value for name, value in held.items() if connection_of(name) not in own} | {
        name: value for name, value in environment.items() if connection_of(name) not in filled
    }


def _told(held: Mapping[str, str], environment: Mapping[str, str], named: Path | None) -> str:
    """Where settings come from, unless all of them come from the file that was named."""
    found = merged(held, environment)
    ours = {connection_of(name) or name for name, value in held.items() if found.get(name) != value}
    file = str(named or FILE)
    if ours:
        return f"settings from {file}, but {', '.join(sorted(ours))} from the environment"
    return "" if named else f"settings from {file}"


def _lacking(lacking: Collection[str], own: Collection[str], file: Path) -> str:
    needed = ", ".join(lacking)
    if not file.exists():
        return f"no {needed}: set it in the environment, or name a file with --settings (no {FILE} is here)"
    return (
        f"the environment has {', '.join(own)}, but no {needed}; {FILE} is not used, as it may be of another "
        "system: name it with --settings to fill in from it"
    )
