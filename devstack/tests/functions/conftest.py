"""The services once a session; a factory of hosts, each with names of its own, all ended with their test."""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.tests.functions.hosting import Hosted, Services, serve


@pytest.fixture(scope="session")
def events_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A connection string to an Event Hubs server of this session."""
    server = serve("eventhubs", tmp_path_factory.mktemp("eventhubs"))
    yield (
        f"Endpoint=sb://localhost:{server.port};SharedAccessKeyName=RootManageSharedAccessKey;"
        "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;"
    )
    server.process.terminate()
    server.process.wait(60)


@pytest.fixture(scope="session")
def cosmos_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A connection string to a Cosmos DB server of this session."""
    server = serve("cosmos", tmp_path_factory.mktemp("cosmos"))
    yield f"AccountEndpoint=http://127.0.0.1:{server.port}/;AccountKey={WELL_KNOWN_KEY};"
    server.process.terminate()
    server.process.wait(60)


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Callable[..., Hosted]]:
    """Makes hosts (not started): ``hosts(services, "--only", "work", settings={...})``."""
    made: list[Hosted] = []
    prefix = f"t{uuid.uuid4().hex[:10]}"

    def make(services: Services, *words: str, **options: Any) -> Hosted:
        host = Hosted(
            tmp_path / f"host{len(made)}", services, options.pop("prefix", prefix), words=words, **options
        )
        made.append(host)
        return host

    yield make
    for host in made:
        if host.process is not None and host.process.poll() is None:
            host.stop()


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host whose own zone is not UTC."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
