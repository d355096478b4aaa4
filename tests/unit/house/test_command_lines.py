"""The three command lines: installed, quick to help, of one manner where words are wrong."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Sequence
from typing import get_args

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from typer.main import get_command

from devstack.__main__ import main as devstack
from simulator.__main__ import main as simulator
from tests.support.metadata import ROOT
from vendctl.__main__ import PROGRAM
from vendctl.__main__ import main as vendctl
from vendctl.commands.checkout import programs
from vendctl.reference import commands

MAINS: dict[str, Callable[[Sequence[str]], int]] = {
    "vendctl": vendctl, "simulator": simulator, "devstack": devstack,
}  # fmt: skip
ROOTS = {name: get_command(app) for name, app in programs(PROGRAM).items()}
COMMANDS = {name: found for program, root in ROOTS.items() for name, found in commands(root, program)}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
STACK = tomllib.loads((ROOT / "devstack" / "pyproject.toml").read_text())


def said(words: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    """A process of its own, as a shell starts it."""
    words, variables = [sys.executable, "-m", *words], os.environ | environment
    return subprocess.run(words, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


def test_the_three_are_installed_and_the_same_as_their_modules() -> None:
    assert PROJECT["project"]["scripts"] == {name: f"{name}.__main__:entry" for name in MAINS}
    for name in MAINS:
        file = ROOT / ".venv" / "bin" / name
        done = subprocess.run([file, "--version"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, f"{name} {PROJECT['project']['version']}\n"), done.stderr


def test_the_set_up_installs_them_in_place_after_all_that_is_hashed() -> None:
    """Offline, so that nothing but what requirements-dev.txt names comes from a registry; in place, so that a
    change of the code needs no set-up."""
    recipe = (ROOT / "Makefile").read_text().partition("\n.venv/ready: ")[2].partition("\n\n")[0]
    assert "pyproject.toml" in recipe.splitlines()[0], "a new command is installed by the next make"
    pinned, own = (line for line in recipe.splitlines() if "uv pip" in line)
    assert "--require-hashes" in pinned
    assert {"--offline", "--no-deps", "--editable", "."} <= set(own.split())
    assert {"vendctl", "simulator", "devstack"} <= set(PROJECT["tool"]["uv"]["build-backend"]["module-name"])


def test_devstack_is_a_package_of_its_own_with_the_same_command() -> None:
    assert STACK["project"]["scripts"] == {"devstack": PROJECT["project"]["scripts"]["devstack"]}
    assert STACK["project"]["version"] == PROJECT["project"]["version"]
    tools = [Requirement(line) for line in PROJECT["dependency-groups"]["tools"]]
    own = [Requirement(line) for line in STACK["project"]["dependencies"]]
    assert {str(one) for one in tools if one.name == "typer"} == {
        str(one) for one in own if one.name == "typer"
    }


def test_the_build_backend_is_the_uv_that_the_set_up_installs() -> None:
    """Then an editable install needs neither a package nor the network."""
    pinned = re.search(r"^UV_VERSION = (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert pinned
    (asked,) = map(Requirement, PROJECT["build-system"]["requires"])
    assert (PROJECT["build-system"]["build-backend"], asked.name) == ("uv_build", "uv_build")
    assert SpecifierSet(str(asked.specifier)).contains(Version(pinned[1]))


def test_the_packages_that_stand_alone_have_one_text_of_what_they_share() -> None:
    for file, other in {"commandline.py": "devstack", "progress.py": "vendctl"}.items():
        texts = [(ROOT / name / file).read_text() for name in ("simulator", other)]
        assert texts[0] == texts[1], file


SLOW = {
    "azure",
    "vending",
    "aiohttp",
    "msgspec",
    "rich",
    "orjson",
    "playwright",
    "asyncio",
    "numpy",
    "pyarrow",
}


def loaded(*words: str, **environment: str) -> set[str]:
    """The top packages that a call imports."""
    done = said(["tests.unit.house.loaded", *words], **environment)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("program", MAINS)
def test_help_and_completion_import_nothing_slow(program: str) -> None:
    """By what is imported, not by the clock."""
    assert not SLOW & loaded(program, "--help")
    complete = {
        f"_{program.upper()}_COMPLETE": "complete_bash", "COMP_WORDS": f"{program} ", "COMP_CWORD": "1",
    }  # fmt: skip
    assert not SLOW & loaded(program, **complete)


def test_help_of_a_command_imports_nothing_slow() -> None:
    """Of one: all words of a program are imported together."""
    for words in ("vendctl account", "simulator load", "devstack functions"):
        assert not SLOW & loaded(*words.split(), "--help")


@pytest.mark.parametrize("program", MAINS)
def test_shells_complete_commands_and_options(program: str) -> None:
    names = [name for name in COMMANDS if name.startswith(program)]
    offers = {f"{program} ": [name.split()[1] for name in names], f"{names[0]} --j": ["--json"]}
    for typed, offered in offers.items():
        words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split(" ")) - 1)}
        done = said([program], **{f"_{program.upper()}_COMPLETE": "complete_bash"}, **words)
        assert set(offered) <= set(done.stdout.split()), done.stderr


@pytest.mark.parametrize("program", MAINS)
def test_the_list_of_commands_has_whole_sentences(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert MAINS[program](["--help"]) == 0
    lines = capsys.readouterr().out.partition("Commands:\n")[2].splitlines()
    assert len(lines) == len(ROOTS[program].commands)  # type: ignore[attr-defined]
    assert [line for line in lines if line.endswith("...") or not line.endswith((".", "?", "(JSON)."))] == []
    assert lines == sorted(lines)


def test_every_option_says_what_it_means_and_numbers_in_which_unit() -> None:
    units = re.compile(
        r"second|minute|hour|day|byte|event|machine|device|connection|RU/s|times|port|ends of workers|number"
        r"|range|Of |On loopback|Instead of", re.IGNORECASE,
    )  # fmt: skip
    for name, command in COMMANDS.items():
        for parameter in command.params:
            told = parameter.help or ""
            assert told, f"{name}: {parameter.name}"
            kind = parameter.type_descriptor
            if {int, float} & {kind.annotation, *get_args(kind.annotation)}:
                assert units.search(told), f"{name}: {parameter.name}: {told}"
            assert parameter.metavar or kind.choices or parameter.is_flag, f"{name}: {parameter.name}"


def test_every_command_answers_programs() -> None:
    for name, command in COMMANDS.items():
        assert "--json" in {word for parameter in command.params for word in parameter.opts}, name


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "vendctl replya",
            "vendctl: No such command 'replya'. Did you mean 'replay'? (vendctl --help says more)",
        ),
        ("vendctl archive adit", "vendctl archive: No such command 'adit'. Did you mean 'audit'?"),
        ("vendctl account --jsno", "vendctl account: No such option: --jsno. Did you mean --json?"),
        ("vendctl --verson", "vendctl: No such option: --verson. Did you mean --version?"),
        ("vendctl deadletters", "vendctl deadletters: Missing command."),
        ("vendctl picklist", "vendctl picklist: Missing argument"),
        ("vendctl run --machines 0", "vendctl run: Invalid value for '--machines': "),
        ("vendctl archive audit --from yesterday", "'yesterday' is no time like 2026-11-24T00:00"),
        ("vendctl partitions clear 1 --group neither", "is not one of 'ingest', 'archive', 'both'"),
        ("vendctl costs --settings x", "vendctl costs: No such option: --settings"),
        ("devstack nosuch", "devstack: No such command 'nosuch'. (devstack --help says more)"),
        ("devstack event-hubs", "devstack: No such command 'event-hubs'. Did you mean 'eventhubs'?"),
        ("devstack cosmos --data x --ranges 0", "devstack cosmos: Invalid value for '--ranges': "),
        ("simulator nosuch", "simulator: No such command 'nosuch'. (simulator --help says more)"),
        ("simulator laod", "simulator: No such command 'laod'. Did you mean 'load'?"),
        ("simulator run --prefx x", "simulator run: No such option: --prefx. Did you mean --prefix?"),
    ],
)
def test_a_mistake_is_one_line_that_names_it_and_code_2(
    words: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program, *rest = words.split()
    assert MAINS[program](rest) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert line in err
    assert err.count("\n") == 1
    assert MAINS[program]([*rest, "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told == {"error": told["error"], "exitCode": 2}
    assert told["error"] + "\n" == err


def test_words_that_are_missing_altogether_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    for program, main in MAINS.items():
        assert main([]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert all(f"  {word}" in err for word in ROOTS[program].commands)  # type: ignore[attr-defined]
