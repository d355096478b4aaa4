"""``vendctl package``: git's rules for ignore files, and what is and is not deployed."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from vendctl.package import ROOT, WITH_TELEMETRY, build, files, main, rules
from vending.settings import VERSION

TREE = (
    "function_app.py", "host.json", "requirements.txt", ".env", ".git/config", "notes.md", "keep.md",
    "docs/a.txt", "app/docs/b.txt", "app/x.py", "app/__pycache__/x.pyc", "top/only", "app/top/only", "logs/1",
    "app/logs", "infra/main/a.py", "infra/other/a.py",
)  # fmt: skip
IGNORE = "# a comment\n.*\n*.md\n!keep.md\n__pycache__\n/docs\ntop/only\nlogs/\ninfra/ma?n\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".funcignore").write_text(IGNORE)
    return tmp_path


def test_what_is_kept_is_what_git_would_keep(tree: Path) -> None:
    kept = {path.as_posix() for path in files(tree)}
    assert kept == {
        "function_app.py", "host.json", "requirements.txt", "keep.md", "app/docs/b.txt", "app/x.py",
        "app/top/only", "app/logs", "infra/other/a.py",
    }  # fmt: skip
    (tree / ".git" / "config").unlink()
    (tree / ".git").rmdir()
    git = ["git", "-C", str(tree)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    command = [*git, "ls-files", "--others", "--exclude-from=.funcignore"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert set(told) == kept


@pytest.mark.parametrize("line", ["a/**/b", "a\\ b"])
def test_what_tools_read_differently_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="read differently"):
        rules(f"{line}\n")


def test_a_zip_is_the_same_each_time_and_holds_the_same_as_the_folder(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / ".out"
    build(tree, out / "one.zip")
    build(tree, out / "two.zip")
    assert (out / "one.zip").read_bytes() == (out / "two.zip").read_bytes()
    build(tree, out / "folder")
    with zipfile.ZipFile(out / "one.zip") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    folder = out / "folder"
    assert held == {
        x.relative_to(folder).as_posix(): x.read_bytes() for x in folder.rglob("*") if x.is_file()
    }


def test_a_package_without_its_app_is_refused(tree: Path, tmp_path: Path) -> None:
    (tree / ".funcignore").write_text("*.json\n")
    with pytest.raises(ValueError, match=r"no host\.json"):
        build(tree, tmp_path / ".out.zip")
    assert not (tmp_path / ".out.zip").exists()


def test_this_app_is_deployed_without_tools_tests_and_secrets() -> None:
    found = {path.parts[0] for path in files(ROOT)}
    assert found == {"function_app.py", "host.json", "requirements.txt", "blueprints", "vending", "web"}


def test_with_telemetry_the_package_asks_for_the_distribution(tmp_path: Path) -> None:
    assert main([str(tmp_path / "plain")]) == main(["--telemetry", str(tmp_path / "told")]) == 0
    plain, told = ((tmp_path / name / "requirements.txt").read_text() for name in ("plain", "told"))
    assert plain == (ROOT / "requirements.txt").read_text()
    assert told == (ROOT / WITH_TELEMETRY).read_text()


def test_an_existing_folder_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err


def test_the_package_names_its_version(tree: Path, tmp_path: Path) -> None:
    build(tree, tmp_path / ".out" / "app", version="1.2.3")
    assert (tmp_path / ".out" / "app" / VERSION).read_text() == "1.2.3"
