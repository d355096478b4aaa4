"""The names of what the app uses in its accounts: one list for wiring, provisioning, health and the tests.

``infra/`` has them in Bicep's language and the triggers in their decorators; tests compare those with these.
"""

CONTAINERS = {
    "machines": "/machineId",
    "conditions": "/id",
    "alerts": "/machineId",
    "fleet": "/scope",
    "catalog": "/kind",
    "commands": "/machineId",
    "writes": "/scope",
    "leases": "/id",
}
"""Cosmos DB containers and their partition keys."""
LEASES = "leases"
"""The container that belongs to the triggers; the app does not read it."""
INDEXED = {
    "machines": ("machineId", "first", "last", "from", "to", "visited", "visit"),
    "conditions": ("type",),
    "alerts": ("type", "machineId", "state", "rule", "pending", "dueAt", "closed"),
    "fleet": ("type", "open", "due", "broken"),
    "catalog": ("type", "version", "site", "route"),
    "commands": (),
    "writes": (),
}
"""What queries filter by; nothing else is indexed, so that writes stay cheap. Ids always are, so documents of
``machines`` are found by what their ids begin with. Both ends of a page's times and numbers are: nothing
bounds how far a stored page reaches, so a range of one end would miss the long ones."""
LIFE = {LEASES: -1, "commands": -1, "writes": -1}
"""Time to live by container; -1: items may have one of their own. The change feed processor guards its first
start by a lock with ``ttl: 30``: without this, the lock of a host that died stops every later start. Keys of
writes are remembered for a day, audit records for two years; commands say themselves for how long."""
ARCHIVE, DEADLETTERS, REMEMBERED = "archive", "deadletters", "remembered"
UPLOADS, REJECTED, PHOTOS = "uploads", "rejected", "photos"
"""Of uploads: what people write, what was refused of it, and the clean pictures. A queue of the first one's
name tells what was written: Event Grid sends into it (``infra/modules/uploads.bicep``)."""
BLOB_CONTAINERS = (ARCHIVE, DEADLETTERS, REMEMBERED, UPLOADS, REJECTED, PHOTOS)
ROLLUP_SHARDS, NOTIFICATIONS = "rollup-shards", "notifications"
QUEUES = (ROLLUP_SHARDS, NOTIFICATIONS, UPLOADS)
POISON = "notifications-poison"
"""Where the host puts messages of NOTIFICATIONS that failed five times; it makes that queue when it must."""
