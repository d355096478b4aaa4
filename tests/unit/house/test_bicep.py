"""infra/compiled is what Microsoft's compiler makes of infra/, and it has nothing to say against it.

Where no compiler is found, the sums of the files say so much.
"""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests import bicep

COMPILER, INSTEAD = bicep.find(os.environ)
compiling = pytest.mark.skipif(COMPILER is None, reason=f"no Bicep {bicep.VERSION}: {INSTEAD}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of infra/ to spoil."""
    return Path(shutil.copytree(bicep.INFRA, tmp_path / "infra"))


def spoil(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert text.count(before) >= 1, f"{path.name} does not hold {before!r}"
    path.write_text(text.replace(before, after, 1))


# --- without a compiler -------------------------------------------------------------------------------------
def test_what_was_compiled_is_of_these_sources() -> None:
    """If not: .venv/bin/python -m tests.bicep --write"""
    assert bicep.stale(bicep.INFRA) == []


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("main.bicep", "'vendstream'", "'vendstreams'"),
        ("modules/cosmos.bicep", "defaultTtl: -1", "defaultTtl: 1"),
        ("dev.bicepparam", "retentionHours = 24", "retentionHours = 25"),
        (
            "bicepconfig.json",
            '"no-unused-vars": { "level": "error" }',
            '"no-unused-vars": { "level": "off" }',
        ),
        ("compiled/dev.json", '"defaultTtl": -1', '"defaultTtl": 1'),
        ("compiled/main.json", "2026-01-01", "2024-01-01"),
    ],
)
def test_a_changed_source_or_result_is_stale(folder: Path, file: str, before: str, after: str) -> None:
    spoil(folder / file, before, after)
    assert bicep.stale(folder) == [f"infra/{file} changed"]


def test_a_new_or_missing_source_and_another_compiler_are_stale(folder: Path) -> None:
    shutil.move(folder / "modules" / "storage.bicep", folder / "modules" / "storages.bicep")
    spoil(folder / "compiled" / "made.json", bicep.VERSION, "0.1.2")
    assert bicep.stale(folder) == [
        "infra/compiled was made by Bicep 0.1.2",
        "infra/modules/storage.bicep changed",
        "infra/modules/storages.bicep changed",
    ]


def fake(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit 0\n")
    path.chmod(0o755)
    return path


OURS, OTHER = f"Bicep CLI version {bicep.VERSION} (abc)", "Bicep CLI version 0.1.2 (abc)"


def test_the_compiler_is_looked_for_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bicep, "BESIDE", fake(tmp_path / "beside" / "bicep", OURS))
    environment = {"PATH": str(tmp_path / "path"), "HOME": str(tmp_path / "home")}
    assert bicep.find(environment) == (str(tmp_path / "beside" / "bicep"), "")
    fake(tmp_path / "home" / ".azure" / "bin" / "bicep", OURS)
    assert bicep.find(environment)[0] == str(tmp_path / "home" / ".azure" / "bin" / "bicep")
    # Another version is passed over.
    fake(tmp_path / "path" / "bicep", OTHER)
    assert bicep.find(environment)[0] == str(tmp_path / "home" / ".azure" / "bin" / "bicep")
    fake(tmp_path / "path" / "bicep", OURS)
    assert bicep.find(environment)[0] == str(tmp_path / "path" / "bicep")


def test_a_compiler_that_was_named_is_the_only_one(tmp_path: Path) -> None:
    named = fake(tmp_path / "other", OTHER)
    assert bicep.find({"BICEP": str(named)}) == (None, f"{named} says '{OTHER}'")
    found, instead = bicep.find({"BICEP": str(tmp_path / "none")})
    assert found is None
    assert "No such file" in instead


def test_without_a_compiler_the_command_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bicep, "BESIDE", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("BICEP", "")
    missing = f"infra/: no Bicep {bicep.VERSION} found (none at all)"
    line = f"{missing}, so only the sums of infra/compiled are checked\n"
    for words, code in (([], 0), (["--require"], 1), (["--write"], 1)):
        assert bicep.main(words) == code
        assert capsys.readouterr() == (line, "")
    monkeypatch.setenv("BICEP", str(tmp_path / "none"))
    assert bicep.main([]) == 1


def test_a_result_that_the_compiler_does_not_make_is_found(folder: Path) -> None:
    made = {name: (folder / "compiled" / name).read_text() for name in ("main.json", "dev.json", "prod.json")}
    assert bicep.differing(made, folder) == []
    assert bicep.differing(made | {"prod.json": "{}"}, folder) == [
        "infra/compiled/prod.json is not what the compiler makes"
    ]


def test_a_compiler_that_fails_without_a_word_is_a_fault(folder: Path, tmp_path: Path) -> None:
    broken = fake(tmp_path / "broken", "Killed")
    spoil(broken, "exit 0", "exit 9")
    made = bicep.make(str(broken), folder)
    assert made.results == {}
    assert made.faults[:2] == ["bicep snapshot ended with 9", "Killed"]


# --- with one -----------------------------------------------------------------------------------------------
@compiling
def test_the_compiler_has_nothing_to_say_and_makes_what_was_compiled() -> None:
    assert COMPILER
    made = bicep.make(COMPILER, bicep.INFRA)
    assert made.faults == []
    assert made.results.keys() == {"main.json", "dev.json", "prod.json"}
    assert bicep.differing(made.results, bicep.INFRA) == []


@compiling
def test_the_compiler_finds_what_was_wrong_here_once(folder: Path) -> None:
    """Old API versions, untyped tags, names that only a deployment knows, unformatted files; and slips."""
    assert COMPILER
    modules = folder / "modules"
    spoil(modules / "eventhubs.bicep", "eventhubs@2026-01-01", "eventhubs@2024-01-01")
    spoil(modules / "monitoring.bicep", "param tags Tags", "param tags object")
    spoil(modules / "hoststorage.bicep", "names.hostStorage", "names.hostStorages")
    spoil(modules / "cosmos.bicep", "minimalTlsVersion: 'Tls12'", "minimalTls: 'Tls12'")
    spoil(modules / "storage.bicep", "supportsHttpsTrafficOnly: true", "supportsHttpsTrafficOnly:true")
    spoil(folder / "dev.bicepparam", "logCapGb = 1", "logCapGb =  1")
    spoil(
        folder / "main.bicep",
        "{ names: names }",
        "{ names: union(names, { hub: eventHubs.outputs.address }) }",
    )
    found = "\n".join(bicep.make(COMPILER, folder, (bicep.MAIN, bicep.FORMAT)).faults)
    for wanted in (
        r"infra/modules/eventhubs\.bicep\(\d+,\d+\) : Warning use-recent-api-versions: .*2026-01-01",
        r"infra/modules/monitoring\.bicep\(\d+,\d+\) : Error use-user-defined-types",
        r'infra/modules/hoststorage\.bicep\(\d+,\d+\) : Error BCP083: .*"hostStorages"',
        r'infra/modules/cosmos\.bicep\(\d+,\d+\) : Warning BCP037: .*"minimalTls"',
        r"infra/main\.bicep\(\d+,\d+\) : Error what-if-short-circuiting: ",
        r"infra/modules/storage\.bicep is not formatted",
        r"infra/dev\.bicepparam is not formatted",
    ):
        assert re.search(wanted, found), f"{wanted} is not in\n{found}"


@compiling
def test_a_parameter_file_that_does_not_fit_is_found(folder: Path) -> None:
    assert COMPILER
    spoil(folder / "dev.bicepparam", "param retentionHours = 24", "param retentionHours = 200")
    spoil(folder / "prod.bicepparam", "param partitionCount = 32\n", "")
    found = "\n".join(bicep.make(COMPILER, folder, bicep.GIVEN).faults)
    assert re.search(r"infra/dev\.bicepparam\(\d+,\d+\) : Error BCP\d+: .*168", found), found
    assert re.search(r'infra/prod\.bicepparam\(\d+,\d+\) : Error BCP258: .*"partitionCount"', found), found


@compiling
def test_where_devices_are_known_the_hub_is_closed_to_others_and_never_to_the_app(folder: Path) -> None:
    """The template itself refuses ranges of devices without the subnet that the app comes from."""
    assert COMPILER
    for name in ("dev", "prod"):
        file = folder / f"{name}.bicepparam"
        file.write_text(f"{file.read_text()}param deviceIpRanges = ['192.0.2.0/24']\n")
    made = bicep.make(COMPILER, folder, bicep.GIVEN)
    assert "deviceIpRanges would shut out the app itself: set closedStores too" in "\n".join(made.faults)
    (rules,) = [
        each["properties"]
        for each in json.loads(made.results["prod.json"])["predictedResources"]
        if each["type"].endswith("/networkRuleSets")
    ]
    assert rules["defaultAction"] == "Deny"
    assert [each["ipMask"] for each in rules["ipRules"]] == ["192.0.2.0/24", "203.0.113.7", "198.51.100.0/24"]
    assert len(rules["virtualNetworkRules"]) == 1
