"""Ask for a notice, once: written first, queued second.

A crash between the two leaves it pending, from where a redelivery or the sweep queues it again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vending.documents.base import load
from vending.documents.notices import Notice
from vending.errors import Conflict, Transient
from vending.ports import Documents, Put, Queue
from vending.time import millis

NOTICE = "notice"
"""The field by which a message of the queue names one."""


@dataclass(frozen=True)
class NoticeStores:
    """Where notices are kept, and the queue that they go out by."""

    alerts: Documents
    notifications: Queue


async def ask_notice(notice: Notice, stores: NoticeStores, now: datetime) -> bool:
    """Write and queue a notice; one that exists is queued again while it is pending. Whether it was new.

    Raises Transient.
    """
    notice.queued_at = millis(now)
    try:
        await stores.alerts.write(notice.machine_id, [Put(notice.dump())])
        held, new = notice, True
    except Conflict:
        held, new = await _held(notice, stores.alerts), False
    if held.pending:
        await stores.notifications.send(message(held))
    return new


def message(notice: Notice) -> dict[str, Any]:
    """As it goes to the queue."""
    return {NOTICE: notice.id, "machineId": notice.machine_id}


async def _held(notice: Notice, alerts: Documents) -> Notice:
    stored = await alerts.read(notice.machine_id, notice.id)
    if stored is None:
        raise Transient(f"{notice.machine_id}/{notice.id} cannot be seen yet")
    return load(stored.body, Notice)
