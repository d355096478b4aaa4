"""The path of a blob trigger, such as ``container/prefix/{name}.{ext}``.

Source: azure-webjobs-sdk BindingTemplateParser, BindingTemplateSource: a token takes as much as it can and
may be empty; ``{{`` and ``}}`` stand for braces.
"""

import re

from devstack.functions.errors import ConfigurationError

_PART = re.compile(r"(?P<escape>\{\{|\}\})|\{(?P<name>[A-Za-z_]\w*)\}|(?P<literal>[^{}]+)")


class BlobPath:
    """A container and a pattern of names. ``prefix`` is what every matching name begins with."""

    def __init__(self, path: str, where: str) -> None:
        self.container, _, pattern = path.partition("/")
        if not self.container or "{" in self.container:
            raise ConfigurationError(
                f"{where}: path {path!r} must name a container, such as uploads/{{name}}"
            )
        parts = list(_PART.finditer(pattern))
        names = [part["name"] for part in parts if part["name"]]
        if sum(len(part[0]) for part in parts) != len(pattern) or len(set(names)) != len(names):
            raise ConfigurationError(f"{where}: path {path!r} is not understood")
        first = next((part.start() for part in parts if part["name"]), len(pattern))
        self.prefix = "".join(_literal(part) for part in parts if part.start() < first)
        text = "".join(f"(?P<{p['name']}>.*)" if p["name"] else re.escape(_literal(p)) for p in parts)
        self._regex = re.compile(text if pattern else ".*", re.DOTALL)

    def match(self, name: str) -> dict[str, str] | None:
        """Tokens of a blob's name, None when the trigger does not want it."""
        found = self._regex.fullmatch(name)
        return found.groupdict() if found else None


def _literal(part: re.Match[str]) -> str:
    return part["literal"] or part["escape"][0]
