"""requirements.txt is what Azure installs: the run-time part of the lock, and nothing else. Offline."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pins(file: str) -> dict[str, str]:
    """Package → pinned version."""
    found = PINNED.findall((ROOT / file).read_text())
    return {canonicalize_name(name): version for name, version in found}


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


def test_the_lock_names_no_host_and_carries_hashes() -> None:
    text = (ROOT / "requirements-dev.txt").read_text()
    assert "://" not in text
    assert len(PINNED.findall(text)) <= text.count("--hash=sha256:")


def test_with_telemetry_the_same_is_installed_and_the_distribution() -> None:
    told, plain = pins("requirements-telemetry.txt"), pins("requirements.txt")
    assert told.items() >= plain.items()
    (distribution,) = asked("telemetry")
    assert distribution.specifier.contains(told[canonicalize_name(distribution.name)])
    assert "://" not in (ROOT / "requirements-telemetry.txt").read_text()
