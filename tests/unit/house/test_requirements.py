"""requirements.txt is what Azure installs: the run-time part of the lock, and nothing else. Offline."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from vendctl.package import unhashed

ROOT = Path(__file__).parents[3]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")
EXPORTS = ("requirements.txt", "requirements-telemetry.txt")


def pins(file: str) -> dict[str, str]:
    """Package → pinned version."""
    found = PINNED.findall((ROOT / file).read_text())
    return {canonicalize_name(name): version for name, version in found}


def hashes(file: str) -> dict[str, set[str]]:
    """Package → the hashes of its files."""
    lines = (ROOT / file).read_text().replace("\\\n", " ").splitlines()
    found = {line.partition("==")[0]: set(HASH.findall(line)) for line in lines if PINNED.match(line)}
    return {canonicalize_name(name): sums for name, sums in found.items()}


def asked(*groups: str) -> list[Requirement]:
    """What pyproject.toml asks for: the project's own dependencies, or those of groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = [x for group in groups for x in project["dependency-groups"][group]]
    return [Requirement(line) for line in (lines or project["project"]["dependencies"])]


def test_every_runtime_dependency_is_pinned_within_its_range() -> None:
    held = pins("requirements.txt")
    for requirement in asked():
        assert requirement.specifier.contains(held[canonicalize_name(requirement.name)]), requirement


def test_the_lock_pins_the_same_versions() -> None:
    lock = pins("requirements-dev.txt")
    assert {name: lock.get(name) for name in pins("requirements.txt")} == pins("requirements.txt")


def test_the_lock_satisfies_every_group() -> None:
    lock = pins("requirements-dev.txt")
    for requirement in asked("tools", "test", "lint"):
        assert requirement.specifier.contains(lock[canonicalize_name(requirement.name)]), requirement


def test_the_workers_library_that_is_deployed_is_the_one_that_the_tests_run() -> None:
    """The platform takes an app's own copy of it from Python 3.13 on, and else whichever it has."""
    local = tomllib.loads((ROOT / "devstack" / "pyproject.toml").read_text())["project"]["dependencies"]
    (tested,) = [line for line in local if line.startswith("azure-functions-runtime")]
    assert pins("requirements.txt")["azure-functions-runtime"] == tested.partition("==")[2]
    assert tested in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]


def test_no_tool_is_deployed() -> None:
    tools = {canonicalize_name(x.name) for x in asked("tools", "test", "lint")}
    assert not tools & pins("requirements.txt").keys()


def test_runtime_pins_are_exactly_what_the_dependencies_need() -> None:
    """Walks the installed packages' own metadata, so a package that nothing needs any more is found."""
    from importlib.metadata import requires

    needed, waiting = set(), [canonicalize_name(x.name) for x in asked()]
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        needed.add(name)
        for line in requires(name) or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(requirement.name))
    assert needed == pins("requirements.txt").keys()


@pytest.mark.parametrize("file", ["requirements-dev.txt", *EXPORTS])
def test_requirements_name_no_host_and_carry_hashes(file: str) -> None:
    """pip checks all files as soon as one requirement has a hash, and then refuses one that has none."""
    text = (ROOT / file).read_text()
    assert "://" not in text
    assert "--index-url" not in text
    assert unhashed(text) == []


@pytest.mark.parametrize("file", EXPORTS)
def test_what_azure_installs_are_the_files_that_the_tests_ran_with(file: str) -> None:
    """The same hashes as in the lock, of every package that both name."""
    lock, held = hashes("requirements-dev.txt"), hashes(file)
    assert held.keys() == pins(file).keys()
    assert {name: found for name, found in held.items() if name in lock and found != lock[name]} == {}


@pytest.mark.parametrize("file", EXPORTS)
def test_an_export_says_how_it_is_made_anew(file: str) -> None:
    command = (ROOT / file).read_text().splitlines()[1].removeprefix("#    ")
    assert command.startswith("uv pip compile pyproject.toml ")
    assert command.endswith(f" -o {file}")
    assert {"--universal", "--generate-hashes", "-c"} <= set(command.split())


def test_the_environments_of_what_is_deployed_are_made_with_hashes() -> None:
    recipe = (ROOT / "Makefile").read_text().partition(".tools/deployed/%/.ready:")[2].partition("\n\n")[0]
    assert "uv pip sync --quiet --require-hashes " in recipe


def test_with_telemetry_the_same_is_installed_and_the_distribution() -> None:
    told, plain = pins("requirements-telemetry.txt"), pins("requirements.txt")
    assert told.items() >= plain.items()
    (distribution,) = asked("telemetry")
    assert distribution.specifier.contains(told[canonicalize_name(distribution.name)])
