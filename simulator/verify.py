"""A truth file against ledger, stock, conditions and dead letters, read by the SDKs."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.commandline import Answer, Exit, NotDone
from simulator.compare import Stored, differences

POLL = 1.0
SHOWN = 50
"""Differences that are told."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Where an application stores: connection strings, a database and a container."""

    cosmos: str
    storage: str
    database: str = "vendstream"
    deadletters: str = "deadletters"


def verify(truth_file: Path, stores: Stores, wait: float) -> Answer:
    """Compare, for so many seconds until all is as in the truth. Raises NotDone for a file that is none."""
    try:
        truth = json.loads(truth_file.read_text())
    except (OSError, ValueError) as fault:
        raise NotDone(f"{truth_file} is no truth file: {fault}") from fault
    deadline = time.monotonic() + wait
    while True:
        stored = read(stores, truth.get("prefix", ""))
        found = differences(truth, stored)
        if not found or time.monotonic() > deadline:
            return _answer(truth, stored, found)
        time.sleep(POLL)


def read(stores: Stores, prefix: str) -> Stored:
    """What the application stored. Raises AzureError when a store does not answer."""
    from azure.cosmos import CosmosClient
    from azure.storage.blob import ContainerClient

    stored = Stored(prefix)
    with CosmosClient.from_connection_string(stores.cosmos) as client:
        database = client.get_database_client(stores.database)
        query = 'SELECT * FROM c WHERE c["type"] IN ("stock", "page")'
        for document in _rows(database.get_container_client("machines"), query):
            stored.machine(document)
        query = 'SELECT * FROM c WHERE c["type"] = "conditions"'
        for document in _rows(database.get_container_client("conditions"), query):
            stored.condition(document)
    with ContainerClient.from_connection_string(stores.storage, stores.deadletters) as container:
        for blob in container.list_blobs():
            if blob.name.endswith(".jsonl"):
                for line in container.download_blob(blob.name).readall().splitlines():
                    stored.dead_letter(json.loads(line))
    return stored


def _rows(container: Any, query: str) -> Any:
    return container.query_items(query, enable_cross_partition_query=True, max_item_count=200)


def _answer(truth: dict[str, Any], stored: Stored, found: list[str]) -> Answer:
    checked = {
        "machines": len(truth["machines"]),
        "vends": truth["totals"]["vends"],
        "deadLetters": len(stored.dead),
        "differences": len(found),
    }
    lines = found[:SHOWN] + ([f"… and {len(found) - SHOWN} more"] if len(found) > SHOWN else [])
    lines.append(", ".join(f"{count} {name}" for name, count in checked.items()))
    if not truth.get("exact", True):
        lines.append("the truth is not exact: a run ended without saving what it had sent")
    data = checked | {"first": found[:SHOWN]}
    return Answer(data, "\n".join(lines), Exit.WRONG if found else Exit.DONE)
