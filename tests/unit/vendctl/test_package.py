"""``vendctl package``: git's rules for ignore files, and what is and is not deployed."""

import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from vendctl import package
from vendctl.__main__ import main as vendctl
from vendctl.indexing import functions
from vendctl.package import ROOT, WITH_TELEMETRY, build, files, rules, tried
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
    assert vendctl(["package", str(tmp_path / "plain")]) == 0
    assert vendctl(["package", "--telemetry", str(tmp_path / "told")]) == 0
    plain, told = ((tmp_path / name / "requirements.txt").read_text() for name in ("plain", "told"))
    assert plain == (ROOT / "requirements.txt").read_text()
    assert told == (ROOT / WITH_TELEMETRY).read_text()


def test_an_existing_folder_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert vendctl(["package", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_the_package_names_its_version(tree: Path, tmp_path: Path) -> None:
    build(tree, tmp_path / ".out" / "app", version="1.2.3")
    assert (tmp_path / ".out" / "app" / VERSION).read_text() == "1.2.3"


APP = """import azure.functions as func
from parts import more
app = func.FunctionApp()
for part in more.parts:
    app.register_functions(part)
"""
PART = """import azure.functions as func
bp = func.Blueprint()
@bp.function_name("{name}")
@bp.route("{name}")
def {name}(req: func.HttpRequest) -> str:
    return ""
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app whose second part is optional."""
    root = tmp_path / "checkout"
    (root / "parts").mkdir(parents=True)
    for name in ("host.json", "requirements.txt", ".funcignore"):
        (root / name).write_text("")
    (root / "function_app.py").write_text(APP)
    (root / "parts" / "first.py").write_text(PART.format(name="first"))
    (root / "parts" / "second.py").write_text(PART.format(name="second"))
    (root / "parts" / "more.py").write_text(
        "from importlib.util import find_spec\nfrom parts import first\nparts = [first.bp]\n"
        "if find_spec('parts.second'):\n    from parts import second\n    parts.append(second.bp)\n"
    )
    return root


def test_a_package_that_holds_every_function_is_taken(app: Path) -> None:
    assert tried(app) == {"first", "second"}


def test_a_package_with_fewer_functions_than_the_checkout_is_refused(app: Path) -> None:
    (app / ".funcignore").write_text("second.py\n")
    with pytest.raises(ValueError, match=r"^the package is refused: 1 of 2 functions, without second$"):
        tried(app)


def test_a_package_that_cannot_be_imported_is_refused_in_one_line(app: Path) -> None:
    """On the platform: "0 functions found", and no word why."""
    (app / ".funcignore").write_text("first.py\n")
    with pytest.raises(ValueError, match=r"ImportError: cannot import name 'first'") as refusal:
        tried(app)
    assert "\n" not in str(refusal.value)
    assert "(parts/more.py, line 2)" in str(refusal.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import os; os._exit(7)", "ended with code 7: nothing was printed"),
        ("app.function_name('x')(lambda: 1)", "ValueError"),
    ],
)
def test_an_app_that_does_not_start_is_refused(app: Path, line: str, said: str) -> None:
    with (app / "function_app.py").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ValueError, match="the package is refused: ") as refusal:
        tried(app)
    assert said in str(refusal.value)


def test_what_only_this_process_knows_does_not_help(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment, PYTHONPATH and the current folder are not the package's."""
    (app / "function_app.py").write_text("import os, tests; os.environ['TELEMETRY_HUB']\n" + APP)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TELEMETRY_HUB", "telemetry")
    with pytest.raises(ValueError, match="No module named 'tests'"):
        tried(app)


def test_an_environment_with_the_commands_lends_the_package_nothing(app: Path, tmp_path: Path) -> None:
    """Installed in place, they put the checkout on the path, its own function_app before the package's."""
    venv.create(tmp_path / "env", symlinks=True)
    (packages,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    (packages / "vendstream.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    assert functions(app, tmp_path / "env" / "bin" / "python") == {"first", "second"}


def test_nothing_is_written_where_the_package_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], app: Path
) -> None:
    (app / "parts" / "first.py").write_text("1 / 0")
    monkeypatch.setattr(package, "ROOT", app)
    assert vendctl(["package", str(tmp_path / "out.zip")]) == 2
    said = capsys.readouterr().err
    assert "ZeroDivisionError: division by zero (parts/first.py, line 1)" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out.zip").exists()


def test_a_package_without_the_files_of_the_apis_page_is_refused(app: Path) -> None:
    (app / "web").mkdir()
    (app / "web" / "package-lock.json").write_text("{}")
    with pytest.raises(ValueError, match="make setup"):
        tried(app)
