"""Where commands take the app's settings from: the environment, then a ``local.settings.json``."""

import json
from collections.abc import Mapping
from pathlib import Path


def values(path: Path) -> dict[str, str]:
    """The ``Values`` of a settings file. Raises ValueError where it is none."""
    try:
        found = dict(json.loads(path.read_text())["Values"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ValueError(f"{path} is no local.settings.json: {fault!r}") from fault
    return {str(name): str(value) for name, value in found.items()}


def load(path: str | None, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, over the file's values where one is named."""
    return (values(Path(path)) if path else {}) | dict(environment)
