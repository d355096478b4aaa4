"""What several end-to-end tests stand on, beside the whole system (``running`` of tests/conftest.py)."""

from collections.abc import Iterator

import pytest

from tests.conftest import QUICK
from tests.support.backends import LOCAL
from vendctl.local.system import System, system
from vending.resources import UPLOADS


@pytest.fixture(scope="module")
def told(running: System) -> None:
    """Uploaded blobs are told of from here on."""
    if "storage-events" not in running.stack.parts:
        running.stack.start_storage_events(UPLOADS, UPLOADS)


@pytest.fixture(scope="module")
def mailed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of the module's own, with its mail server and the module's ``SETTINGS``."""
    if not LOCAL:
        pytest.skip("the mails are read from the local stack's own server")
    settings = QUICK | request.module.SETTINGS
    with system(tmp_path_factory.mktemp("mailed"), settings, print, port=0) as found:
        yield found


@pytest.fixture
def environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands and stores of this process are those of the system whose fixture the module names as
    ``SYSTEM``, or of ``running``."""
    found: System = request.getfixturevalue(getattr(request.module, "SYSTEM", "running"))
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
