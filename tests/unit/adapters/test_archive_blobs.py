"""The archive's container where a policy keeps what is in it (docs/deploy.md, archiveImmutabilityDays)."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError

from vending.adapters.archive_blobs import ArchiveContainer
from vending.errors import Conflict


class Container:
    """Refuses every deletion with that code."""

    container_name = "archive"

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code
        self.asked: list[str] = []

    async def delete_blob(self, name: str) -> None:
        self.asked.append(name)
        fault: Any = (ResourceExistsError if self.status == 409 else HttpResponseError)("refused")
        fault.status_code, fault.error_code = self.status, self.code
        raise fault


async def test_a_leftover_that_a_policy_keeps_does_not_stop_compaction() -> None:
    """learn.microsoft.com/rest/api/storageservices/blob-service-error-codes: 409 BlobImmutableDueToPolicy."""
    container = Container(409, "BlobImmutableDueToPolicy")
    await ArchiveContainer(container).delete("parquet/old.parquet")  # type: ignore[arg-type]
    assert container.asked == ["parquet/old.parquet"]


async def test_any_other_refusal_is_told() -> None:
    with pytest.raises(Conflict):
        await ArchiveContainer(Container(409, "LeaseIdMissing")).delete("x")  # type: ignore[arg-type]
