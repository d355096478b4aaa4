"""``simulator verify``: a truth file against ledger, stock, conditions and dead letters, read by the SDKs."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from simulator.compare import Stored, differences

POLL = 1.0


def main(argv: list[str]) -> int:
    """The command: 0 without differences, 1 with, 2 when the comparison could not be made."""
    asked = _parser().parse_args(argv)
    try:
        truth = json.loads(asked.truth.read_text())
    except (OSError, ValueError) as fault:
        print(f"simulator verify: {asked.truth} is no truth file: {fault}", file=sys.stderr)
        return 2
    deadline = time.monotonic() + asked.wait
    while True:
        stored = read(asked, truth.get("prefix", ""))
        found = differences(truth, stored)
        if not found or time.monotonic() > deadline:
            return _say(truth, stored, found, lines=asked.json)
        time.sleep(POLL)


def read(asked: argparse.Namespace, prefix: str) -> Stored:
    """What the application stored. Raises AzureError when a store does not answer."""
    from azure.cosmos import CosmosClient
    from azure.storage.blob import ContainerClient

    stored = Stored(prefix)
    with CosmosClient.from_connection_string(asked.cosmos) as client:
        database = client.get_database_client(asked.database)
        query = 'SELECT * FROM c WHERE c["type"] IN ("stock", "page")'
        for document in _rows(database.get_container_client("machines"), query):
            stored.machine(document)
        query = 'SELECT * FROM c WHERE c["type"] = "conditions"'
        for document in _rows(database.get_container_client("conditions"), query):
            stored.condition(document)
    with ContainerClient.from_connection_string(asked.storage, asked.deadletters) as container:
        for blob in container.list_blobs():
            if blob.name.endswith(".jsonl"):
                for line in container.download_blob(blob.name).readall().splitlines():
                    stored.dead_letter(json.loads(line))
    return stored


def _rows(container: Any, query: str) -> Any:
    return container.query_items(query, enable_cross_partition_query=True, max_item_count=200)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulator verify", description=__doc__)
    parser.add_argument("--truth", type=Path, required=True, help="what `run` or `scenario` wrote")
    parser.add_argument("--cosmos", required=True, help="Cosmos DB connection string")
    parser.add_argument("--database", default="vendstream", help="default vendstream")
    parser.add_argument("--storage", required=True, help="Storage connection string")
    parser.add_argument("--deadletters", default="deadletters", help="container; default deadletters")
    parser.add_argument(
        "--wait", type=float, default=0.0, help="seconds to wait until all is as in the truth"
    )
    parser.add_argument("--json", action="store_true", help="the result as one JSON line")
    return parser


def _say(truth: dict[str, Any], stored: Stored, found: list[str], *, lines: bool) -> int:
    checked = {
        "machines": len(truth["machines"]),
        "vends": truth["totals"]["vends"],
        "deadLetters": len(stored.dead),
        "differences": len(found),
    }
    if lines:
        print(json.dumps(checked | {"first": found[:20]}))
    else:
        for difference in found[:50]:
            print(difference)
        if len(found) > 50:
            print(f"… and {len(found) - 50} more")
        print(", ".join(f"{count} {name}" for name, count in checked.items()))
        if not truth.get("exact", True):
            print("the truth is not exact: a run ended without saving what it had sent")
    return 1 if found else 0
