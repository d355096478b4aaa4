"""What the documents say of the commands: every command and option that they show is there."""

import re
from typing import Any

from typer.main import get_command

from devstack.commandline import MEANING, Exit
from tests.support.metadata import ROOT
from tests.unit.house.test_documents import PAGES
from vendctl.__main__ import PROGRAM
from vendctl.commands.checkout import programs
from vendctl.reference import PAGE, page

PROGRAMS = programs(PROGRAM)
ROOTS = {name: get_command(app) for name, app in PROGRAMS.items()}


def test_the_page_of_commands_is_what_the_code_says() -> None:
    assert PAGE.read_text() == page(PROGRAMS), "run: vendctl reference"


def test_exit_codes_are_one_table() -> None:
    assert set(MEANING) == set(Exit)
    text = PAGE.read_text()
    assert all(f"| {int(code)} | {means} |" in text for code, means in MEANING.items())
    elsewhere = [
        path
        for path in PAGES
        if path != PAGE and re.search(r"^\| *(exit )?code *\|", path.read_text(), re.MULTILINE)
    ]
    assert elsewhere == []


SHOWN = re.compile(
    r"^(?:\$ )?(?:\.venv/bin/)?(?:python -m )?(vendctl|simulator|devstack) ([^#|>&`$\n]*)", re.MULTILINE
)


def documented() -> list[tuple[str, str, str]]:
    """Page, program and words of each command line in a block of code, or between backticks."""
    found = []
    for path in PAGES:
        text = path.read_text()
        blocks = "\n".join(re.findall(r"^\s*```[a-z]*\n(.*?)```", text, re.DOTALL | re.MULTILINE))
        spans = "\n".join(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)))
        lines = "\n".join(line.strip() for line in f"{blocks}\n{spans}".splitlines())
        found += [(str(path.relative_to(ROOT)), *match) for match in SHOWN.findall(lines)]
    return found


def test_every_command_that_a_document_shows_exists_with_its_options() -> None:
    """``archive audit --settings FILE`` stood in a document and was refused."""
    shown = documented()
    assert len(shown) > 40
    for place, program, text in shown:
        words = [word for word in re.sub(r"[\[\]()…]|\.\.\.", " ", text).split() if word != "\\"]
        at: Any = ROOTS[program]
        while words and words[0] in getattr(at, "commands", {}):
            at = at.commands[words.pop(0)]
        assert at is not ROOTS[program] or not words or words[0].startswith("-") or "|" in text, (place, text)
        known = {name for parameter in at.params for name in parameter.opts} | {
            "--help",
            "--settings",
            "--json",
        }
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, (place, text)


def test_documents_write_the_installed_commands() -> None:
    wrong = [
        (str(path.relative_to(ROOT)), line)
        for path in PAGES
        if path != PAGE  # says once that it is the same
        for line in path.read_text().splitlines()
        if re.search(r"python -m (vendctl|simulator|devstack)(?![.\w])", line)
    ]
    assert wrong == []
