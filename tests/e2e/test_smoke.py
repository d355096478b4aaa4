"""The smoke test of a deployment, against the local stack: it passes, and fails on what it is there for."""

import json
import os
import subprocess
import sys
import urllib.request

from tests.e2e.test_http import host_key
from vendctl.local.system import ROOT, System


def smoke(running: System, url: str, wait: float = 60, **more: str) -> subprocess.CompletedProcess[str]:
    """The command, as the workflow runs it."""
    return subprocess.run(
        [sys.executable, "-m", "vendctl", "smoke", "--url", url, "--wait", str(wait)],
        cwd=ROOT, env=os.environ | running.environment | more, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_running_app_is_alive_again_and_again(running: System) -> None:
    for _ in range(2):
        done = smoke(running, running.host.url)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "the API shows it"
    with urllib.request.urlopen(f"{running.host.url}/api/v1/machines/smoke-test", timeout=60) as answer:
        found = json.load(answer)
    assert found["condition"]["state"] == "imported", "it would be reported as silent"
    assert (found["totals"]["vends"], found["totals"]["revenue"]) == (0, {})
    assert found["totals"]["test"] == 2
    assert found["alerts"] == []


def test_a_function_that_is_not_indexed_is_named_and_keys_are_checked(running: System) -> None:
    only = ["get_health", "get_machine_sales", "ingest_telemetry"]
    partial = running.stack.start_functions(
        ROOT, settings=running.environment, arguments=["--enable-auth", "--only", *only]
    )
    try:
        keyless = smoke(running, partial.url, wait=0)
        assert keyless.returncode == 1
        assert keyless.stderr == "not alive: GET /admin/functions: 401\n"
        done = smoke(running, partial.url, wait=0, FUNCTIONS_KEY=host_key(running, "master"))
        assert done.returncode == 1
        assert "not indexed: archive_telemetry, compact_archive" in done.stderr
        assert not [name for name in only if name in done.stderr]
    finally:
        partial.stop()
        running.stack.hosts.remove(partial)
