"""Importing function_app: no environment, no network, exactly the functions that are meant to be there.

One failing import makes every function vanish in Azure, and each heavy import is paid at every cold start.
"""

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
    "get_machines",
    "get_machine",
    "get_machine_sales",
    "get_fleet_summary",
    "get_alerts",
    "get_home",
    "get_dashboard",
    "get_dashboard_file",
    "get_health",
}
HEAVY = ("azure.cosmos", "azure.storage", "azure.identity", "azure.eventhub", "pyarrow", "aiohttp")

PROGRAM = """
import json, os, socket, sys
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
print(json.dumps({"names": names, "modules": sorted(sys.modules)}))
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
