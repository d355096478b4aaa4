"""The smoke test of a deployment, against the local stack: it passes, and fails on what it is there for."""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping

import aiohttp
import pytest

from tests.conftest import QUICK
from tests.e2e.test_http import host_key
from tests.e2e.test_rollups import tick
from tests.support.metadata import functions as indexed
from tests.support.waiting import until
from tests.support.webhook_receiver import WebhookReceiver
from vendctl.deployed import MACHINE, App, NotAlive
from vendctl.local.system import ROOT, System, system
from vendctl.smoke import smoke as smoke_test


def words(url: str, wait: float) -> list[str]:
    return [sys.executable, "-m", "vendctl", "smoke", "--url", url, "--wait", str(wait)]


def smoke(running: System, url: str, wait: float = 60, **more: str) -> subprocess.CompletedProcess[str]:
    """The command, as the workflow runs it."""
    return subprocess.run(
        words(url, wait),
        cwd=ROOT, env=os.environ | running.environment | more, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_running_app_is_alive_again_and_again(running: System, receiver: WebhookReceiver) -> None:
    """The timer, which these tests fire by hand, fires each second."""
    for episode in (1, 2):
        told = with_the_timer(running)
        assert told.splitlines()[-1] == "the vend is rolled up"
        keys = {f"{MACHINE}/sold-out/T1/{episode}/{change}" for change in ("opened", "closed")}
        posted(receiver, keys)
    with urllib.request.urlopen(f"{running.host.url}/api/v1/machines/{MACHINE}", timeout=60) as answer:
        found = json.load(answer)
    assert found["condition"]["state"] == "imported", "it would be reported as silent"
    assert (found["totals"]["vends"], found["totals"]["revenue"]) == (0, {})
    assert found["totals"]["test"] == 2
    assert found["alerts"] == []


def with_the_timer(running: System) -> str:
    """What the command says."""
    process = subprocess.Popen(
        words(running.host.url, 90),
        cwd=ROOT, env=os.environ | running.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    while process.poll() is None:
        tick(running)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
    told, wrong = process.communicate()
    assert process.returncode == 0, wrong
    return told


def posted(receiver: WebhookReceiver, keys: set[str]) -> None:
    until(lambda: keys <= set(receiver.of(MACHINE)), "both notifications were posted")


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of its own whose timer fires each second, and whose queue functions are switched off."""
    off = {f"AzureWebJobs.{name}.Disabled": "true" for name in ("notify", "roll_up_shard")}
    quick = QUICK | {"ROLL_UP_SCHEDULE": "* * * * * *"} | off
    with system(tmp_path_factory.mktemp("apart"), quick, print, port=0, apart=True) as found:
        yield found


@pytest.mark.parametrize(("off", "on"), [("notify", "roll_up_shard"), ("roll_up_shard", "notify")])
def test_a_queue_function_that_does_nothing_is_named(apart: System, off: str, on: str) -> None:
    """As where its queue trigger listens in another account: it is indexed, and its messages lie there."""
    other = apart.stack.start_functions(
        ROOT, settings=apart.environment | {f"AzureWebJobs.{on}.Disabled": "false"}
    )
    try:
        listed = smoke(apart, other.url, wait=0)
        assert listed.returncode == 1
        assert off in listed.stderr
        assert on not in listed.stderr
        with pytest.raises(NotAlive, match=f"^{off}: "):
            asyncio.run(without(off, other.url, apart.environment))
    finally:
        other.stop()
        apart.stack.hosts.remove(other)


def test_a_queue_trigger_that_listens_in_another_account_is_named(apart: System) -> None:
    """What a connection STORAGE did: ``AzureWebJobs`` + name goes first, and the platform does not say so."""
    on = {f"AzureWebJobs.{name}.Disabled": "false" for name in ("notify", "roll_up_shard")}
    elsewhere = {"AzureWebJobsDATA": apart.environment["AzureWebJobsStorage"]}
    other = apart.stack.start_functions(ROOT, settings=apart.environment | on | elsewhere)
    try:
        done = smoke(apart, other.url, wait=25)
        assert done.returncode == 1
        assert done.stderr.startswith("not alive: notify: "), done.stderr
        assert "the API shows it" in done.stdout
    finally:
        other.stop()
        apart.stack.hosts.remove(other)


async def without(off: str, url: str, environment: Mapping[str, str]) -> None:
    """The smoke test where the host lists that function, and it does nothing."""
    async with aiohttp.ClientSession() as session:
        app = App(session, url, None, asyncio.get_running_loop().time() + 25)
        await smoke_test(app, {str(one.get_function_name()) for one in indexed()} - {off}, environment, print)


async def asked(url: str, key: str) -> None:
    """All that the smoke test asks, but for the list of functions, which Azure has: a key of the functions
    opens it, and the admin endpoints stay shut.
    """
    async with aiohttp.ClientSession() as session:
        deadline = asyncio.get_running_loop().time() + 25
        app, keyless = App(session, url, key, deadline), App(session, url, None, deadline)
        await app.until(app.healthy)
        for shut, opened in (
            (keyless.arrived(1), app.arrived(1)),
            (keyless.counted(["2026-03-01"]), app.counted(["2026-03-01"])),
            (keyless.alert(), app.alert()),
        ):
            assert "401" in str(await shut)
            assert "401" not in str(await opened)
        assert await app.indexed({"ingest_telemetry"}) == "GET /admin/functions: 403"


def test_a_function_that_is_not_indexed_is_named_and_keys_are_checked(running: System) -> None:
    only = ["get_health", "get_machine", "get_machine_sales", "ingest_telemetry"]
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
        assert not [name for name in only if re.search(rf"\b{name}\b", done.stderr)]
        asyncio.run(asked(partial.url, host_key(running)))
    finally:
        partial.stop()
        running.stack.hosts.remove(partial)
