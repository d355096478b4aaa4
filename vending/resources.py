"""The names of what the app uses in its accounts: one list for wiring, provisioning, health and the tests.

``infra/`` has them in Bicep's language and the triggers in their decorators; tests compare those with these.
"""

CONTAINERS = {
    "machines": "/machineId",
    "conditions": "/id",
    "alerts": "/machineId",
    "fleet": "/scope",
    "catalog": "/kind",
    "leases": "/id",
}
"""Cosmos DB containers and their partition keys."""
LEASES = "leases"
"""The container that belongs to the triggers; the app does not read it."""
INDEXED = {
    "machines": ("type", "machineId", "deviceId", "epoch", "first", "last", "from", "to", "date"),
    "conditions": ("type",),
    "alerts": ("type", "state", "rule", "pending"),
    "fleet": ("type", "open", "due", "broken"),
    "catalog": ("type", "version", "site", "route"),
}
"""What queries filter by; nothing else is indexed, so that writes stay cheap."""
ARCHIVE, DEADLETTERS = "archive", "deadletters"
BLOB_CONTAINERS = (ARCHIVE, DEADLETTERS)
ROLLUP_SHARDS, NOTIFICATIONS = "rollup-shards", "notifications"
QUEUES = (ROLLUP_SHARDS, NOTIFICATIONS)
