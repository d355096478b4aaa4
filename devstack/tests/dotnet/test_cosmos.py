"""Microsoft.Azure.Cosmos for .NET, the client of the Functions host, against the Cosmos DB server."""

from pathlib import Path

import pytest

from devstack.cosmos.auth import WELL_KNOWN_KEY
from devstack.tests.cosmos.serving import start
from devstack.tests.dotnet.peer import program, run


@pytest.mark.timeout(600)
def test_the_dotnet_client(tmp_path: Path) -> None:
    program(tmp_path)
    ample = start(tmp_path / "ample", "--control")
    scarce = start(tmp_path / "scarce", "--control", "--rus", "400")
    try:
        words = ["--cosmos", f"http://localhost:{ample.port}/", WELL_KNOWN_KEY]
        found = run(tmp_path, [*words, "--throttled", f"http://localhost:{scarce.port}/"])
    finally:
        ample.stop()
        scarce.stop()
    assert not found.wrong, "\n".join(found.wrong)
    assert len(found.passed) > 100
