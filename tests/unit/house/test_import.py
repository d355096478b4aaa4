"""Importing function_app: no environment, no network, exactly the functions that are meant to be there.

One failing import makes every function vanish in Azure, and each heavy import is paid at every cold start.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FUNCTIONS = {
    "ingest_telemetry",
    "archive_telemetry",
    "compact_archive",
    "roll_up",
    "roll_up_shard",
    "watch_machines",
    "notify",
    "sweep",
    "post_upload",
    "process_upload",
    "send_daily_report",
    "get_machines",
    "get_sites",
    "get_routes",
    "get_route_picklist",
    "get_stockouts",
    "get_machine",
    "get_machine_sales",
    "get_machine_photos",
    "get_photo",
    "get_fleet_summary",
    "get_alerts",
    "get_machine_alerts",
    "get_alert",
    "get_days",
    "get_dead_letters",
    "get_dead_letter",
    "get_account",
    "get_lag",
    "get_archive_gaps",
    "get_home",
    "get_dashboard",
    "get_dashboard_file",
    "get_health",
    "get_openapi",
    "get_docs",
    "get_problem_type",
    "options_api",
}
SDKS = ("azure.cosmos", "azure.storage", "azure.identity", "azure.eventhub")
HEAVY = (*SDKS, "pyarrow", "aiohttp", "PIL", "aiosmtplib")

PROGRAM = """
import json, logging, os, socket, sys
class Kept(logging.Handler):
    lines = []
    def emit(self, record): self.lines.append(record.getMessage())
logging.basicConfig(level=logging.DEBUG, handlers=[Kept()])
def refuse(*_, **__): raise AssertionError("import must not touch the network")
socket.socket.connect = socket.getaddrinfo = refuse
ours = set(json.load(open("local.settings.json"))["Values"]) - {"FUNCTIONS_WORKER_RUNTIME"}
class Watched(dict):
    def __getitem__(self, name):
        if name in ours or "__" in name:
            raise AssertionError(f"import must not read app setting {name}")
        return super().__getitem__(name)
    def get(self, name, default=None):
        return self[name] if name in ours or "__" in name or name in self else default
kept, os.environ = os.environ, Watched()
import function_app
os.environ = kept
names = [found.get_function_name() for found in function_app.app.get_functions()]
print(json.dumps({"names": names, "modules": sorted(sys.modules), "lines": Kept.lines}))
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_exactly_the_expected_functions(imported: dict[str, list[str]]) -> None:
    assert sorted(imported["names"]) == sorted(FUNCTIONS)


def test_heavy_libraries_are_imported_where_used(imported: dict[str, list[str]]) -> None:
    loaded = set(imported["modules"])
    assert not [name for name in HEAVY if name in loaded]


ELSEWHERE = "import azure.functions as func; func.get_binding_registry()._bindings.clear()\n"


def test_nothing_is_logged_as_the_app_is_imported(imported: dict[str, list[str]]) -> None:
    """The host drops a line that belongs to no invocation; what must be known is in the health answer."""
    assert imported["lines"] == []
    told = "; from vending import wiring; print(wiring.decoder())"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ELSEWHERE + "import function_app" + told],
        cwd=ROOT, env={}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("library: azure-functions keeps its converters elsewhere")


STARTERS = {
    "to_thread", "run_in_executor", "Thread", "call_later", "call_soon", "add_done_callback", "ensure_future",
    "submit",
}  # fmt: skip
IN_THREADS = {
    "vending/archive/write_table.py": ("vending/adapters/parquet.py",),
    "vending/off_loop.py": (
        "vending/archive/append.py",
        "vending/ingest/dead_letters.py",
        "vending/uploads/process_photo.py",
    ),
}
"""Who starts work outside an invocation's task → where that work is written."""


def test_who_hands_work_to_a_thread_is_known() -> None:
    """``off_loop`` starts what others wrote."""
    users = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob("vending/**/*.py")
        if "off_loop(" in path.read_text() and path.stem != "off_loop"
    }
    assert users == set(IN_THREADS["vending/off_loop.py"])


def test_no_work_outside_an_invocation_logs() -> None:
    """Threads and callbacks belong to no invocation for the worker; a TaskGroup's tasks do."""
    found = set()
    for path in (ROOT / "function_app.py", *ROOT.glob("blueprints/*.py"), *ROOT.glob("vending/**/*.py")):
        tree = ast.parse(path.read_text())
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        called = {getattr(call, "attr", getattr(call, "id", "")) for call in calls}
        if called & STARTERS:
            found.add(path.relative_to(ROOT).as_posix())
    assert found == IN_THREADS.keys()
    for work in (name for names in IN_THREADS.values() for name in names):
        assert "logging" not in (ROOT / work).read_text(), work
