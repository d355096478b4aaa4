"""``docs/commands.md``: every command of the three programs, from the code."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from devstack.commandline import MEANING

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
BEGIN, END = "<!-- generated: vendctl reference -->", "<!-- end -->"
UNIVERSAL = {"--json", "--settings"}
"""Options that the page tells of once."""


def page(programs: Mapping[str, typer.Typer]) -> str:
    """The page: its own prose, then what the code of these programs says."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{generated(programs)}\n{END}{after}"


def generated(programs: Mapping[str, typer.Typer]) -> str:
    """Exit codes, then each program with its commands."""
    lines = ["## Exit codes", "", "| code | means |", "|---:|---|"]
    lines += [f"| {int(code)} | {means} |" for code, means in MEANING.items()]
    for program, app in programs.items():
        root = get_command(app)
        lines += ["", f"## {program}", "", _prose(root)]
        for name, command in commands(root, program):
            lines += ["", f"### {name}", "", _prose(command), *_parameters(command)]
    return "\n".join(lines) + "\n"


def commands(root: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its whole name."""
    for word, below in sorted(root.commands.items()):
        if not hasattr(below, "commands") or below.invoke_without_command:
            yield f"{name} {word}", below
        if hasattr(below, "commands"):
            yield from commands(below, f"{name} {word}")


def _prose(command: Any) -> str:
    """The help, as paragraphs."""
    parts = (command.help or "").replace("<", "&lt;").split("\n\n")
    return "\n\n".join(" ".join(part.split()) for part in parts)


def _parameters(command: Any) -> list[str]:
    rows = [row for row in map(_row, command.params) if row]
    return ["", "| word | means | default |", "|---|---|---|", *rows] if rows else []


def _row(parameter: Any) -> str:
    names = [name for name in parameter.opts if name.startswith("--")]
    if UNIVERSAL & set(names):
        return ""
    word = ", ".join(names)
    if not names or not parameter.is_flag:
        word = f"{word} {_kind(parameter)}".strip()
    return f"| `{word}` | {_cell(parameter.help or '')} | {_default(parameter)} |"


def _kind(parameter: Any) -> str:
    """What it takes: its own word, or its choices."""
    return parameter.metavar or "\\|".join(parameter.type_descriptor.choices)


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if isinstance(parameter.show_default, str):
        return _cell(parameter.show_default)
    if parameter.default in (None, "", False) or parameter.default == ():
        return ""
    return f"`{parameter.default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
