"""The command line: what it says of itself, and how it refuses."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.__main__ import main
from simulator.live import Pace
from vendctl.local.system import ROOT


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run",), "--connection is missing"),
        (("run", "--dry-run", "--faults", "gremlins"), "no such faults: gremlins"),
        (("run", "--dry-run", "--prefix", "Ä"), "prefix 'Ä'"),
        (("run", "--connection", "nonsense"), "Connection string is either blank or malformed"),
        (("run", "--connection", "Endpoint=sb://x", "--speed", "0"), "--speed 0.0"),
        (("run", "--connection", "Endpoint=sb://x", "--history", "61"), "--history 61: days from 0 to 60"),
        (("run", "--connection", "Endpoint=sb://x", "--history", "1", "--dates", "model"), "--dates now"),
        (("scenario", "nothing.toml"), "nothing.toml: No such file"),
        (("scenario", "heat-wave"), "--connection is missing"),
        (("verify", "--truth", "nothing.json", "--cosmos", "", "--storage", ""), "no truth file"),
    ],
)
def test_what_cannot_be_done_is_refused(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words]) == 2
    assert said in capsys.readouterr().err


def test_faults_can_be_left_out_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "--dry-run", "--machines", "15", "--hours", "30", "--seed", "5"]
    main([*words, "--no-poison", "--no-forgeries", "--no-epochs", "--no-conflicts"])
    kinds = {json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines()}
    assert kinds == {"event", "duplicate"}
    main([*words, "--faults", "poison"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"event", "not-json", "wrong-schema"} <= {line["kind"] for line in lines}
    assert any("body64" in line for line in lines)


def test_a_named_fault_can_be_left_out_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where its name has a hyphen."""
    words = ["run", "--dry-run", "--machines", "10", "--hours", "6", "--seed", "5", "--faults"]
    assert main([*words, "none"]) == 0
    plain = capsys.readouterr().out
    assert main([*words, "none,many-products"]) == 0
    assert capsys.readouterr().out != plain
    assert main([*words, "none,many-products", "--no-many-products"]) == 0
    assert capsys.readouterr().out == plain


def test_the_fleet_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fleet", "--machines", "4", "--seed", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [machine["id"] for machine in told["machines"]] == [f"vm-{x:05d}" for x in range(1, 5)]
    assert {"id", "name", "timeZone", "route"} == told["sites"][0].keys()
    assert {"sku", "name", "category"} == told["products"][0].keys()


def test_an_accelerated_run_ends_at_now() -> None:
    now = 1_800_000_000_000
    pace = Pace(speed=60, dates="model", start=None, duration=10)
    model = pace.first(now)
    for second in range(1, 11):
        model = pace.later(model, 1, now + second * 1000)
        assert model <= now + second * 1000
    assert model == now + 10_000
    assert pace.later(model, 1, now + 11_000) == now + 11_000  # and goes on in real time


def test_it_stands_alone() -> None:
    own = {"simulator", "azure", "rich", "typer"}
    for file in (ROOT / "simulator").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                first = name.partition(".")[0]
                assert first in own or first in sys.stdlib_module_names, f"{file.name} imports {name}"


def test_a_dry_run_needs_no_sdk(tmp_path: Path) -> None:
    for name in ("azure", "rich"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('not here')")
    command = [sys.executable, "-m", "simulator", "run", "--dry-run", "--machines", "2", "--hours", "1"]
    run = subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": f"{tmp_path}"}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) > 10
