"""The whole system for end-to-end and browser tests: one a session, on free ports and a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from tests.inbox import Inbox

if TYPE_CHECKING:
    from vendctl.local.system import System

# No example is timed: a busy machine is no fault.
hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")

_HOST = "AzureFunctionsJobHost__extensions__"
QUICK = {
    # The tests trigger timers themselves.
    "ROLL_UP_SCHEDULE": "0 0 0 1 1 *",
    "COMPACT_SCHEDULE": "0 0 0 1 1 *",
    "SWEEP_SCHEDULE": "0 0 0 1 1 *",
    f"{_HOST}eventHubs__maxWaitTime": "00:00:01",
    f"{_HOST}eventHubs__loadBalancingUpdateInterval": "00:00:01",
    f"{_HOST}eventHubs__partitionOwnershipExpirationInterval": "00:00:05",
    f"{_HOST}queues__maxPollingInterval": "00:00:00.200",
}


@pytest.fixture(scope="session")
def inbox() -> Iterator[Inbox]:
    """Where the running system posts its notifications."""
    found = Inbox()
    yield found
    found.close()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, inbox: Inbox) -> Iterator[System]:
    """The local stack with the app on it."""
    from vendctl.local.system import system

    settings = QUICK | {"NOTIFY_WEBHOOK_URL": inbox.url}
    with system(tmp_path_factory.mktemp("system"), settings, print, port=0) as found:
        yield found
