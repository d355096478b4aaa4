"""The Bicep files together: module parameters followed to where their values come from, and what results.

What main.bicep leaves open is as dev.bicepparam gives it.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.bicep import NO_DEFAULT, Code, File, read

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"\w+")
MEMBER = re.compile(r"(\w+)\.outputs\.(\w+)")
ROLE = re.compile(r"subscriptionResourceId\('Microsoft\.Authorization/roleDefinitions', roles\.(\w+)\)")


class Infra:
    """``main.bicep`` and its modules."""

    def __init__(self, root: Path = ROOT) -> None:
        self.folder = root / "infra"
        self.main = read(self.folder / "main.bicep")
        self.given = read(self.folder / "dev.bicepparam").variables
        self.modules = {name: read(self.folder / used.path) for name, used in self.main.modules.items()}

    @property
    def files(self) -> dict[str, File]:
        """Every file that is deployed, by its name in main.bicep."""
        return {"main": self.main, **self.modules}

    def follow(self, module: str, value: Any) -> Any:
        """A module's value, with parameters, variables and outputs replaced by what they stand for."""
        if isinstance(value, Code):
            found = self._named(module, value)
            return value if found is None else found
        if isinstance(value, str):
            return re.sub(r"\$\{([^}]+)\}", lambda part: self._inner(module, part), value)
        return value

    def _inner(self, module: str, part: re.Match[str]) -> str:
        found = self.follow(module, Code(part[1]))
        return f"${{{found}}}" if isinstance(found, Code) else str(found)

    def _named(self, module: str, code: Code) -> Any:
        """What an expression is, where it is a name or a module's output; else None."""
        file = self.files[module]
        if output := MEMBER.fullmatch(code):
            if module != "main":
                raise ValueError(f"{module} uses the output of a module: {code}")
            return self.follow(output[1], self.modules[output[1]].outputs[output[2]])
        if inner := re.fullmatch(r"string\((\w+)\)", code):
            return str(self.follow(module, Code(inner[1])))
        if not NAME.fullmatch(code):
            return None
        if code in file.variables:
            return self.follow(module, file.variables[code])
        if module != "main" and code in file.params:
            return self.follow("main", self.main.modules[module].params[code])
        default = file.params.get(code, NO_DEFAULT)
        if default is NO_DEFAULT and module == "main":
            default = self.given.get(code, NO_DEFAULT)
        return None if default is NO_DEFAULT else self.follow(module, default)

    @cached_property
    def settings(self) -> dict[str, str]:
        """The app's settings as written: literals, and the rest as text with ``${…}``."""
        written = self.modules["app"].named("settings").body["properties"]
        return {name: str(self.follow("app", value)) for name, value in written.items()}

    @cached_property
    def environment(self) -> dict[str, str]:
        """The settings as the app would see them: addresses of nobody for what Azure fills in."""
        found = {}
        for name, text in self.settings.items():
            filled = re.sub(r"\$\{(?:[^{}]|\{[^}]*\})*\}", "nobody", text)
            whole = isinstance(self.follow("app", self._written(name)), Code)
            found[name] = f"https://{name.lower()}.example" if whole else filled
        return found

    def _written(self, name: str) -> Any:
        return self.modules["app"].named("settings").body["properties"][name]

    def names(self, module: str, kind: str) -> set[str]:
        """The names of a module's resources of a type; of a loop, those of its list."""
        found: set[str] = set()
        for resource in self.modules[module].of_type(kind):
            if resource.loops_over:
                listed = self.modules[module].variables[resource.loops_over]
                found |= {one["name"] if isinstance(one, dict) else one for one in listed}
            else:
                found.add(str(self.follow(module, resource.body["name"])))
        return found

    def grants(self, module: str) -> set[tuple[str, str]]:
        """(scope, role) of the module's role assignments, by the symbols of the resource and the role."""
        file, found = self.modules[module], set()
        for resource in file.of_type("Microsoft.Authorization/roleAssignments"):
            role = ROLE.fullmatch(resource.body["properties"]["roleDefinitionId"])
            if role is None or role[1] not in file.variables["roles"]:
                raise ValueError(f"{module}: {resource.symbol} names no role of the list")
            found.add((str(resource.body["scope"]), role[1]))
        for resource in file.of_type("Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments"):
            if not resource.body["properties"]["roleDefinitionId"].endswith("/${cosmosDataContributor}"):
                raise ValueError(f"{module}: {resource.symbol} names no role of the list")
            found.add((str(resource.body["parent"]), "cosmosDataContributor"))
        return found
