"""``python -m tests.bicep [--write] [--require]``: Microsoft's Bicep compiler on ``infra/``.

What it makes of the files is kept in ``infra/compiled/``, so that tests can read it where no compiler is:
``main.json``, the template; ``dev.json`` and ``prod.json``, what that becomes with a parameter file, as the
compiler's own ``snapshot`` works it out; ``made.json``, the sums of all files. Without a compiler these alone
are checked. Only one version is asked, because another one has other rules and another output. All it
needs is Python 3.11.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
INFRA = ROOT / "infra"
VERSION = "0.49.2"
"""The compiler that is asked; .github/actions/bicep installs the same."""
BESIDE = ROOT.parent / "shared" / "tools" / "bicep"
SOURCES = ("*.bicep", "*.bicepparam", "modules/*.bicep", "*.xml", "bicepconfig.json")
FINDING = re.compile(r" : (?:Info|Warning|Error) ")
PREVIEW = re.compile(
    r" use-recent-api-versions: .* for 'Microsoft\.Insights/diagnosticSettings'\. '2021-05-01-preview' "
)
"""The one finding that is let pass: the only stable version of that type, 2016-09-01, is another resource,
of the fixed name ``service`` (learn.microsoft.com/azure/templates/microsoft.insights/diagnosticsettings)."""
NOBODY = "00000000-0000-0000-0000-000000000000"
OPERATOR = "11111111-1111-1111-1111-111111111111"
DEPLOYER = "22222222-2222-2222-2222-222222222222"
READER = "33333333-3333-3333-3333-333333333333"
CLIENT = "44444444-4444-4444-4444-444444444444"
GIVEN: dict[str, dict[str, str]] = {
    "dev": {},
    "prod": {
        "AZURE_ENV_NAME": "prod",
        "NOTIFY_WEBHOOK_URL": "https://hooks.example/vendstream",
        "NOTIFY_WEBHOOK_SECRET": "hooks.example-secret",
        "NOTIFY_WEBHOOK_SHAPE": "teams",
        "SMTP_HOST": "smtp.vendstream.example",
        "SMTP_PORT": "465",
        "SMTP_TLS": "implicit",
        "SMTP_USERNAME": "vendstream",
        "SMTP_PASSWORD": "smtp.vendstream.example-password",
        "MAIL_FROM": "fleet@vendstream.example",
        "NOTIFY_MAIL_TO": "ops@vendstream.example",
        "ALARM_EMAIL": "on-call@vendstream.example",
        "ALARM_WEBHOOK_URL": "https://hooks.example/alarms",
        "DEVICES_SECRET_URI": "https://vault.example/secrets/devices/",
        "SIGN_IN_CLIENT_ID": CLIENT,
        "GATEWAY_EMAIL": "on-call@vendstream.example",
        "OPEN_TELEMETRY": "true",
        "AZURE_PRINCIPAL_ID": OPERATOR,
        "AZURE_PRINCIPAL_TYPE": "User",
        "READER_ID": READER,
        "DEPLOYER_ID": DEPLOYER,
        "OPERATOR_IP_RANGES": "203.0.113.7,198.51.100.0/24",
        "ARCHIVE_IMMUTABILITY_DAYS": "365",
        "ARCHIVE_IMMUTABILITY_LOCKED": "false",
    },
}
"""Parameter file → the environment that it reads: dev with nothing in it, prod with all of it."""
MAIN, FORMAT = "main", "format"
STEPS = (*GIVEN, MAIN, FORMAT)
"""What the compiler is called for: each parameter file, the template, the form of all files."""
TARGET = ("--subscription-id", NOBODY, "--resource-group", "vendstream", "--location", "westeurope",
          "--deployment-name", "vendstream")  # fmt: skip


def candidates(environment: Mapping[str, str]) -> Iterator[str]:
    """Where a compiler may be: ``BICEP``, the PATH, that of ``az bicep``, beside the checkout."""
    if named := environment.get("BICEP"):
        yield named
        return
    if found := shutil.which("bicep", path=environment.get("PATH", os.defpath)):
        yield found
    azure = environment.get("AZURE_CONFIG_DIR") or Path(environment.get("HOME", "/")) / ".azure"
    yield from (str(path) for path in (Path(azure) / "bin" / "bicep", BESIDE) if os.access(path, os.X_OK))


def find(environment: Mapping[str, str]) -> tuple[str | None, str]:
    """The compiler of our version if there is one, and what was found instead."""
    others = []
    for path in candidates(environment):
        try:
            said = run(path, "--version", folder=ROOT).stdout
        except OSError as fault:
            others.append(str(fault))
            continue
        if said.startswith(f"Bicep CLI version {VERSION} "):
            return path, ""
        others.append(f"{path} says {said.partition(os.linesep)[0]!r}")
    return None, "; ".join(others) or "none at all"


def run(
    compiler: str, *words: str, folder: Path, given: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The compiler in an environment of its own: parameter files read variables."""
    # It unpacks itself at HOME. Where no ICU is installed, .NET must be told to do without.
    environment = {"HOME": os.environ.get("HOME", str(folder)), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    return subprocess.run(
        [compiler, *words], cwd=folder, env=environment | dict(given or {}),
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def sources(folder: Path) -> dict[str, Path]:
    """The files that the compiler reads, by their names in ``infra/``."""
    found = sorted(path for pattern in SOURCES for path in folder.glob(pattern))
    return {path.relative_to(folder).as_posix(): path for path in found}


@dataclass
class Made:
    """What the compiler had to say, and the files of ``infra/compiled/`` that it made."""

    faults: list[str] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)


def make(compiler: str, folder: Path, steps: Collection[str] = STEPS) -> Made:
    """The compiler on a copy of the folder. Faults: findings of any severity, and what is not formatted."""
    made, said = Made(), []
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name).resolve() / "infra"
        shutil.copytree(folder, copy)
        for each in (name for name in GIVEN if name in steps):
            words = ("snapshot", f"{each}.bicepparam", "--mode", "overwrite", *TARGET)
            said.append(run(compiler, *words, folder=copy, given=GIVEN[each]))
            _keep(made, f"{each}.json", copy / f"{each}.snapshot.json")
        if MAIN in steps:
            said.append(run(compiler, "build", "main.bicep", "--outfile", "main.json", folder=copy))
            _keep(made, "main.json", copy / "main.json")
        if FORMAT in steps:
            said.append(run(compiler, "format", "--pattern", "**/*.bicep*", folder=copy))
        made.faults += _findings(said, copy.parent) + [
            f"infra/{each} is not formatted: bicep format infra/{each}"
            for each, path in sources(folder).items()
            if path.read_bytes() != (copy / each).read_bytes()
        ]
    return made


def _keep(made: Made, name: str, path: Path) -> None:
    if path.exists():
        made.results[name] = _ordered(path.read_text())


def _findings(said: list[subprocess.CompletedProcess[str]], folder: Path) -> list[str]:
    """The lines of findings, each once; where a command failed without any, all that it said."""
    found: list[str] = []
    for one in said:
        lines = (one.stdout + one.stderr).replace(f"{folder}{os.sep}", "").splitlines()
        findings = [line for line in lines if FINDING.search(line) and not PREVIEW.search(line)]
        if one.returncode and not findings:
            findings = [f"bicep {one.args[1]} ended with {one.returncode}", *lines]
        found += findings
    return list(dict.fromkeys(found))


def _ordered(text: str) -> str:
    """The same JSON; the outputs of a snapshot come in no fixed order."""
    found = json.loads(text)
    if "predictedResources" in found:
        found["outputs"] = dict(sorted(found["outputs"].items()))
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def sums(folder: Path) -> dict[str, Any]:
    """What ``made.json`` has to hold: the compiler's version, and a sum of each source and each result."""
    results = {f"{each}.json": folder / "compiled" / f"{each}.json" for each in ("main", *GIVEN)}

    def summed(files: dict[str, Path]) -> dict[str, str]:
        return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}

    return {"compiler": VERSION, "sources": summed(sources(folder)), "results": summed(results)}


def stale(folder: Path) -> list[str]:
    """The files that are not as they were when the compiler ran."""
    made, now = json.loads((folder / "compiled" / "made.json").read_text()), sums(folder)
    faults = [f"infra/compiled was made by Bicep {made['compiler']}"] if made["compiler"] != VERSION else []
    for part, under in (("sources", "infra"), ("results", "infra/compiled")):
        names = sorted(made[part].keys() | now[part].keys())
        faults += [f"{under}/{each} changed" for each in names if made[part].get(each) != now[part].get(each)]
    return faults


def write(results: Mapping[str, str], folder: Path) -> None:
    """``infra/compiled/`` anew."""
    target = folder / "compiled"
    target.mkdir(exist_ok=True)
    for name, text in results.items():
        (target / name).write_text(text)
    (target / "made.json").write_text(json.dumps(sums(folder), indent=2) + "\n")


def differing(results: Mapping[str, str], folder: Path) -> list[str]:
    """The files of ``infra/compiled/`` that are not what the compiler made now."""
    return [
        f"infra/compiled/{name} is not what the compiler makes"
        for name, text in results.items()
        if (folder / "compiled" / name).read_text() != text
    ]


def main(argv: list[str]) -> int:
    """The command. 1: something is wrong with ``infra/``, or the compiler that was asked for is not there."""
    parser = argparse.ArgumentParser(prog="python -m tests.bicep", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make infra/compiled anew, then check")
    parser.add_argument("--require", action="store_true", help="fail where no compiler is found")
    asked = parser.parse_args(argv)
    compiler, instead = find(os.environ)
    if compiler is None:
        print(f"infra/: no Bicep {VERSION} found ({instead}), so only the sums of infra/compiled are checked")
        faults = stale(INFRA)
        failed = asked.require or asked.write or bool(os.environ.get("BICEP"))
    else:
        made, failed = make(compiler, INFRA), False
        if asked.write and not made.faults:
            write(made.results, INFRA)
        faults = made.faults or stale(INFRA) or differing(made.results, INFRA)
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults and (compiler is None or not made.faults):
        print("make infra/compiled anew: .venv/bin/python -m tests.bicep --write", file=sys.stderr)
    return 1 if faults or failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
