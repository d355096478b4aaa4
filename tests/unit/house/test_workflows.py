"""Workflows: pinned, without secrets, and in step with infra/, the commands and the local stack (offline)."""

import dataclasses
import hashlib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from tests import bicep
from tests.support.backends import Services
from tests.support.infra import template
from tests.support.metadata import ROOT, local_settings
from vendctl.__main__ import main as vendctl
from vendctl.local.system import HUBS

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
TOOLS = "devstack/tests/functions/node"
"""The folder whose lock file names Core Tools."""
USES = re.compile(r"^\s*(?:- )?uses: (\S+?)@(\S+)(.*)$", re.MULTILINE)
BY_PEOPLE = {"AZURE_PRINCIPAL_ID", "AZURE_PRINCIPAL_TYPE", "READER_ID"}
"""Whom people give rights, azd to the person who runs it; a workflow gives none to people."""
SECRETS = {"NOTIFY_WEBHOOK_URL", "NOTIFY_WEBHOOK_SECRET", "SMTP_PASSWORD", "ALARM_WEBHOOK_URL"}
"""The only ones that any workflow knows, and the parameters of the same names are secure."""


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(path)
    return found


@pytest.fixture(scope="module")
def deploy() -> dict[str, Any]:
    return load(FOLDER / "deploy.yml")


def step(job: dict[str, Any], text: str) -> dict[str, Any]:
    """The one step whose action or commands hold the text."""
    (found,) = [x for x in job["steps"] if text in x.get("uses", "") + x.get("run", "")]
    return dict(found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_are_pinned_and_say_which_version_that_is(path: Path) -> None:
    found = USES.findall(path.read_text())
    assert found
    for action, commit, comment in found:
        assert re.fullmatch(r"[0-9a-f]{40}", commit), f"{action}@{commit} can be moved by others"
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{action}: which version is that?"


def test_an_action_has_one_version_everywhere() -> None:
    pins = {found for path in FILES for found in USES.findall(path.read_text())}
    assert len(pins) == len({action.lower() for action, _, _ in pins})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_workflow_runs_a_strangers_code_with_rights_or_with_a_secret(path: Path) -> None:
    """What runs for a pull request gets no secret: it runs the code of the request."""
    text = path.read_text()
    assert "pull_request_target" not in text
    workflow = load(path)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for name, job in workflow["jobs"].items():
        logs_in = any("azure/login" in each.get("uses", "") for each in job["steps"])
        rights = {"contents": "read"} | ({"id-token": "write"} if logs_in else {})
        assert job.get("permissions", workflow["permissions"]) == rights, name
        assert bool(job.get("environment")) == logs_in, f"{name}: an identity belongs to an environment"
        known = set(re.findall(r"\bsecrets\b[.\[\s'\"]*(\w*)", json.dumps(job)))
        assert known <= (SECRETS if job.get("if", "").endswith("!= 'pull_request'") else set()), name
        assert job["timeout-minutes"] <= 60


def test_each_target_has_its_parameter_file(deploy: dict[str, Any]) -> None:
    # YAML 1.1 would read the key `on` as true; this is 1.2.
    targets = deploy["on"]["workflow_dispatch"]["inputs"]["target"]["options"]
    assert targets == sorted(path.stem for path in (ROOT / "infra").glob("*.bicepparam"))
    assert 'infra/$TARGET.bicepparam"' in step(deploy["jobs"]["deploy"], "group create")["run"]


def test_the_parameter_files_find_the_environment_that_they_read(deploy: dict[str, Any]) -> None:
    names: set[str] = set()
    for path in (ROOT / "infra").glob("*.bicepparam"):
        names |= set(re.findall(r"readEnvironmentVariable\('(\w+)'", path.read_text()))
    given = step(deploy["jobs"]["deploy"], "group create")["env"]
    assert names - BY_PEOPLE == given.keys()
    assert names - BY_PEOPLE - SECRETS <= deploy["jobs"]["what-if"]["env"].keys()
    assert names == bicep.GIVEN["prod"].keys(), "infra/compiled/prod.json is made with all of them"


def test_what_is_secret_comes_from_secrets_into_secure_parameters(deploy: dict[str, Any]) -> None:
    """A variable of GitHub can be read by everybody who may write, and stands in every log as it is."""
    given = step(deploy["jobs"]["deploy"], "group create")["env"]
    for name, value in given.items():
        wanted = "secrets" if name in SECRETS else "vars"
        assert value in (f"${{{{ {wanted}.{name} }}}}", "true", "${{ inputs.target || 'dev' }}"), name
    for path in (ROOT / "infra").glob("*.bicepparam"):
        read = dict(
            re.findall(r"^param (\w+) = readEnvironmentVariable\('(\w+)'", path.read_text(), re.MULTILINE)
        )
        secure = {name for name, one in template()["parameters"].items() if one["type"].startswith("secure")}
        assert {variable for name, variable in read.items() if name in secure} == SECRETS, path.name


def test_outputs_that_the_steps_read_are_outputs_of_main_bicep() -> None:
    asked = set(re.findall(r"steps\.resources\.outputs\.(\w+)", (FOLDER / "deploy.yml").read_text()))
    missing = asked - {name.lower() for name in template()["outputs"]}
    assert asked, "the steps read no output"
    assert not missing, f"main.bicep has no outputs {sorted(missing)}"


def test_what_is_packaged_is_deployed_and_then_tried(deploy: dict[str, Any], tmp_path: Path) -> None:
    job = deploy["jobs"]["deploy"]
    order = [each.get("uses", "") + each.get("run", "") for each in job["steps"]]
    at = {
        word: next(number for number, text in enumerate(order) if word in text)
        for word in ("vendctl package", "group create", "functions-action", "vendctl smoke")
    }
    assert list(at.values()) == sorted(at.values())
    assert "azure/login" in order[at["vendctl smoke"] - 1]
    packed = step(job, "vendctl package")["run"].partition("vendctl package ")[2].split()
    given = step(job, "functions-action")["with"]
    assert given["package"] == packed[0]
    assert given["remote-build"] is True
    assert "respect-funcignore" not in given
    assert vendctl(["package", str(tmp_path / "app.zip"), *packed[1:]]) == 0
    switched = step(job, "group create")["env"]["OPEN_TELEMETRY"] == "true"
    assert switched == ("--telemetry" in packed)


def test_the_smoke_test_gets_what_it_reads(deploy: dict[str, Any]) -> None:
    given = step(deploy["jobs"]["deploy"], "vendctl smoke")
    assert {"EVENTHUB__fullyQualifiedNamespace", "TELEMETRY_HUB"} <= given["env"].keys()
    assert "export FUNCTIONS_KEY" in given["run"]
    assert given["run"].index("::add-mask::$FUNCTIONS_KEY") < given["run"].index("vendctl smoke")


def test_the_smoke_test_has_no_master_key_and_its_own_ends_with_it(deploy: dict[str, Any]) -> None:
    run = step(deploy["jobs"]["deploy"], "vendctl smoke")["run"]
    assert '--app "$FUNCTION_APP_ID"' in run
    assert not re.search("masterKey|systemKeys|functionKeys.default", (FOLDER / "deploy.yml").read_text())
    deleted = run.index("trap 'key delete --key-type functionKeys --key-name smoke ")
    assert deleted < run.index("key set --key-type functionKeys --key-name smoke ")


def test_bicep_is_checked_before_anything_is_deployed(deploy: dict[str, Any]) -> None:
    jobs = deploy["jobs"]
    assert "python3 -m tests.bicep --require" in step(jobs["bicep"], "tests.bicep")["run"]
    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "bicep": None,
        "what-if": "bicep",
        "deploy": "bicep",
    }


def test_every_job_that_compiles_has_the_pinned_compiler(deploy: dict[str, Any]) -> None:
    """In CI `az` takes the compiler that is on the PATH (``bicep.use_binary_from_path=if_found_in_ci``)."""
    for name, job in deploy["jobs"].items():
        runs = [each.get("run", "") for each in job["steps"]]
        compiles = next(i for i, text in enumerate(runs) if re.search(r"tests\.bicep|\.bicepparam", text))
        assert "sudo sh .github/bicep.sh /usr/local/bin" in runs[:compiles], name


def test_the_compiler_is_pinned_by_version_and_sum(tmp_path: Path) -> None:
    """The script is run with a `curl` that brings something else: nothing is installed."""
    script = ROOT / ".github" / "bicep.sh"
    pins = dict(re.findall(r"^(VERSION|SHA256)=(\S+)$", script.read_text(), re.MULTILINE))
    assert pins["VERSION"] == bicep.VERSION
    if bicep.BESIDE.exists():
        assert hashlib.sha256(bicep.BESIDE.read_bytes()).hexdigest() == pins["SHA256"]
    curl = tmp_path / "curl"
    curl.write_text(
        '#!/bin/sh\nfor last; do :; done\necho "$last" >"$FOLDER/asked"\necho bad >"$FOLDER/bicep.new"\n'
    )
    curl.chmod(0o755)
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "FOLDER": str(tmp_path)}
    done = subprocess.run(
        ["sh", script, tmp_path], env=environment, capture_output=True, text=True, check=False
    )
    asked = (tmp_path / "asked").read_text()
    assert asked == f"https://github.com/Azure/bicep/releases/download/v{bicep.VERSION}/bicep-linux-x64\n"
    assert done.returncode != 0
    assert "did NOT match" in done.stderr + done.stdout
    assert not (tmp_path / "bicep").exists()


def test_core_tools_run_the_same_tests_on_both_kinds_of_services() -> None:
    jobs = load(FOLDER / "ci.yml")["jobs"]
    ours, emulators = jobs["func-services"], jobs["func-emulators"]
    assert "make services" in step(ours, "services.log 2>&1")["run"]
    assert "--file devstack/compose.yaml up" in step(emulators, "--detach")["run"]
    config = emulators["env"]["EVENTHUBS_CONFIG"].removeprefix("${{ github.workspace }}/")
    assert (ROOT / config) == HUBS, "the hubs of make services and of the emulator are the same"
    for job in (ours, emulators):
        assert step(job, "npm ci")["run"] == f"npm ci --prefix {TOOLS}"
        assert step(job, "make test-func")["run"] == "make test-func"
    recipe = (ROOT / "Makefile").read_text().partition("\ntest-func:")[2].partition("\n\n")[0]
    assert "STACK=emulators" in recipe
    assert f"{TOOLS}/node_modules/.bin" in recipe
    files = re.findall(r"\b(\w+)\.py", recipe)
    assert files
    for name in files:
        text = (ROOT / "tests" / "e2e" / f"test_{name}.py").read_text()
        assert set(re.findall(r"running\.stack\.(\w+)", text)) <= {
            field.name for field in dataclasses.fields(Services)
        }, f"test_{name}.py needs parts of the local stack"


def test_the_emulators_are_those_that_the_packages_name() -> None:
    compose = load(ROOT / "devstack" / "compose.yaml")["services"]
    azurite = json.loads((ROOT / "devstack" / "node" / "package.json").read_text())["dependencies"]["azurite"]
    assert compose["azurite"]["image"].endswith(f":{azurite}")


def test_dependabot_looks_after_what_is_pinned() -> None:
    updates = load(ROOT / ".github" / "dependabot.yml")["updates"]
    found = {each["package-ecosystem"]: each.get("directories", [each.get("directory")]) for each in updates}
    locks = {
        f"/{path.parent.relative_to(ROOT)}"
        for folder in ("devstack", "web")
        for path in (ROOT / folder).rglob("package-lock.json")
        if "node_modules" not in path.parts
    }
    assert set(found) == {"github-actions", "pip", "npm", "nuget"}
    assert all((ROOT / folder.strip("/")).glob("*.csproj") for folder in found["nuget"])
    assert set(found["npm"]) == locks


def test_the_emulators_listen_where_local_settings_look() -> None:
    compose = load(ROOT / "devstack" / "compose.yaml")["services"]
    published = [port for service in compose.values() for port in service["ports"]]
    assert all(port.startswith("127.0.0.1:") for port in published), (
        "the emulators are for this machine alone"
    )
    settings = local_settings()
    cosmos = re.findall(r"AccountEndpoint=([^;]+)", settings["COSMOS"])[0]
    assert settings["DATA"] == settings["AzureWebJobsStorage"] == "UseDevelopmentStorage=true"
    wanted = {"azurite": {10000, 10001}, "cosmos": {urlsplit(cosmos).port}, "eventhubs": {5672}}
    for service, ports in wanted.items():
        here = {int(port.split(":")[1]) for port in compose[service]["ports"]}
        assert ports <= here, f"{service} misses {sorted(str(port) for port in ports - here)}"
    assert "UseDevelopmentEmulator=true" in settings["EVENTHUB"]
