"""What is known of a timer's occurrences, and the blob that keeps it over restarts.

Source: azure-webjobs-sdk-extensions ScheduleMonitor (``CheckPastDueAsync``), StorageScheduleMonitor,
ScheduleStatus.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError

from devstack.functions import log
from devstack.functions.listeners.schedule import Schedule
from devstack.functions.storage import HOSTS, Storage

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ScheduleStatus:
    """Last and next occurrence, and from when ``next`` was reckoned. :data:`NEVER` where there is none."""

    last: datetime
    next: datetime
    updated: datetime

    def plain(self) -> dict[str, str]:
        """As the blob and the function's payload hold it."""
        return {
            "Last": self.last.isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.updated.isoformat(),
        }


def checked(stored: ScheduleStatus, schedule: Schedule, now: datetime) -> ScheduleStatus:
    """The stored status, or a new one where the schedule has changed since: that is never past due."""
    reckoned = next((one for one in (stored.last, stored.updated) if one.year > 1), now)
    expected = schedule.next_after(reckoned)
    if stored.next == expected:
        return stored
    if now > expected:
        reckoned, expected = now, schedule.next_after(now)
    return ScheduleStatus(NEVER, expected, reckoned)


class StatusBlob:
    """``azure-webjobs-hosts/timers/{hostId}/Host.Functions.{name}/status``."""

    def __init__(self, storage: Storage, host_id: str, name: str, where: str) -> None:
        self._storage = storage
        self._path = f"timers/{host_id}/Host.Functions.{name}/status"
        self._where = where

    async def read(self) -> ScheduleStatus | None:
        """The stored status; None before the first one."""
        blob = (await self._storage.container(HOSTS)).get_blob_client(self._path)
        try:
            found: dict[str, Any] = json.loads(await (await blob.download_blob()).readall())
        except ResourceNotFoundError:
            return None
        return ScheduleStatus(*(_moment(str(found[name])) for name in ("Last", "Next", "LastUpdated")))

    async def write(self, status: ScheduleStatus) -> None:
        """Store it; a failure is logged, the schedule goes on."""
        try:
            blob = (await self._storage.container(HOSTS)).get_blob_client(self._path)
            await blob.upload_blob(json.dumps(status.plain()).encode(), overwrite=True)
        except AzureError as error:
            log.error(f"{self._where}: status blob was not written ({type(error).__name__}: {error})")


def _moment(text: str) -> datetime:
    """.NET writes a time that was never set without a zone."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
