"""Host storage and data storage are two accounts, as infra/ makes them, and each holds its own things.

Where a queue trigger resolved to the host's account, its messages would lie in the data account for ever
(`test_rollups.py` and `test_alerts.py` then fail); here it is seen which account holds what.
"""

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from tests.support.backends import LOCAL
from vendctl.local.system import System
from vendctl.provision import BLOB_CONTAINERS, QUEUES


def held(connection: str) -> tuple[set[str], set[str]]:
    """Blob containers and queues of an account."""
    with (
        BlobServiceClient.from_connection_string(connection) as blobs,
        QueueServiceClient.from_connection_string(connection) as queues,
    ):
        return {one.name for one in blobs.list_containers()}, {one.name for one in queues.list_queues()}


@pytest.mark.skipif(not LOCAL, reason="local.settings.json names one account for both")
def test_each_account_holds_its_own_and_nothing_of_the_other(running: System) -> None:
    host, data = (held(running.environment[name]) for name in ("AzureWebJobsStorage", "DATA"))
    containers, queues = data
    assert set(BLOB_CONTAINERS) <= containers
    assert not [name for name in containers if name.startswith("azure-webjobs-")]
    assert set(QUEUES) <= queues <= {*QUEUES, *(f"{name}-poison" for name in QUEUES)}
    assert host[0]
    assert all(name.startswith("azure-webjobs-") for name in host[0]), host[0]
    assert host[1] == set()
