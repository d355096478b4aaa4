"""The whole system for end-to-end and browser tests: one a session, on free ports and a temporary folder."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from devstack.tests.examples import same_each_time
from tests.support.backends import LOCAL, STACK, core_tools, services, settings
from tests.support.webhook_receiver import WebhookReceiver

if TYPE_CHECKING:
    from devstack.stack import FunctionsHost, Stack
    from vendctl.local.system import System

same_each_time()

_HOST = "AzureFunctionsJobHost__extensions__"
QUICK = {
    # The tests trigger timers themselves.
    "ROLL_UP_SCHEDULE": "0 0 0 1 1 *",
    "COMPACT_SCHEDULE": "0 0 0 1 1 *",
    "SWEEP_SCHEDULE": "0 0 0 1 1 *",
    f"{_HOST}eventHubs__maxWaitTime": "00:00:01",
    f"{_HOST}eventHubs__loadBalancingUpdateInterval": "00:00:02",
    f"{_HOST}eventHubs__partitionOwnershipExpirationInterval": "00:00:05",
    f"{_HOST}queues__maxPollingInterval": "00:00:00.500",
    # Each test looks for its own notifications, and others raise alerts at the same time: no digests.
    "NOTIFY_POSTS_PER_MINUTE": "1000",
    # Devices ask as often as they may.
    "COMMAND_POLL_SECONDS": "1",
}


@pytest.fixture(scope="session")
def receiver() -> Iterator[WebhookReceiver]:
    """Where the running system posts its notifications."""
    found = WebhookReceiver()
    yield found
    found.close()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, receiver: WebhookReceiver) -> Iterator[System]:
    """The app on the local stack, the host's storage and the data in two accounts as in Azure.

    On another stack under Core Tools, on the services that are there.
    """
    from vendctl.local.system import system

    folder = tmp_path_factory.mktemp("system")
    quick = QUICK | {"NOTIFY_WEBHOOK_URL": receiver.url}
    if not LOCAL:
        yield from _under_core_tools(folder, quick)
        return
    with system(folder, quick, print, port=0, apart=True) as found:
        yield found


def _under_core_tools(folder: Path, quick: dict[str, str]) -> Iterator[System]:
    """A system whose parts cannot be stopped: it has connections and an address, and nothing else."""
    from vendctl.local.system import System
    from vendctl.provision import provision

    if STACK == "azure":
        pytest.fail("the end-to-end tests need a host of their own; `vendctl smoke` tries a deployed app")
    environment = settings() | quick
    asyncio.run(provision(environment))
    with core_tools(environment, folder / "functions.log") as host:
        yield System(cast("Stack", services(environment, folder)), cast("FunctionsHost", host), environment)
