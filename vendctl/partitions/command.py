"""``vendctl partitions``: which partitions stand still and before what; ``clear N``: the way past it.

A message whose AMQP body is no data fails before any function is called, and the retry policy repeats its
batch for ever. The list ends with 0 when everything moves, 1 when something stands, 2 when it could not look.
``clear`` brings in all that lies before the last such message and moves the checkpoints: 0 done, or nothing
to do; 1 something is left to do; 2 it could not be done, and can be run again.
"""

import argparse
import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta

from vendctl.environment import load
from vendctl.partitions.checkpoints import Checkpoint, HostBlobs, home
from vendctl.partitions.clearing import Bounds, Stretch, Take, bring_in, move, stretch
from vendctl.partitions.looking import advice, look, table, whose
from vendctl.partitions.reading import GROUP, End, HubReader
from vending import wiring
from vending.adapters.checkpoints import CONTAINER, GROUPS
from vending.adapters.clients import blob_service
from vending.errors import Conflict, Transient
from vending.usecases.archive import archive
from vending.usecases.ingest import ingest

CHOICES = {function.partition("_")[0]: group for group, function in GROUPS.items()}
"""``ingest`` and ``archive`` → their consumer groups."""
TRIES = 5
RESTART = """A running host does not read its checkpoints again. Restart it now:
  az functionapp restart --resource-group RESOURCE_GROUP --name APP
  (locally: stop and start it), then look again: vendctl partitions"""


async def listed(hub: HubReader, host: HostBlobs, asked: argparse.Namespace) -> int:
    """The list; 1 where something does not move."""
    now = datetime.now(UTC)
    rows = await look(hub, host, now, timedelta(seconds=asked.after))
    if asked.json:
        print(json.dumps([row.told() for row in rows], default=datetime.isoformat))
    else:
        print(table(rows, now))
        for partition, what in advice(rows).items():
            print(f"partition {partition}: {what}")
    return 1 if advice(rows) else 0


async def cleared(hub: HubReader, host: HostBlobs, asked: argparse.Namespace) -> int:
    """Clear a partition for the groups that were asked for; 1 where something is left to do."""
    held, ends = await host.checkpoints(), await hub.ends()
    if asked.partition not in ends:
        raise ValueError(f"the hub has no partition {asked.partition!r}; it has {', '.join(sorted(ends))}")
    left = moved = 0
    for name in CHOICES if asked.group == "both" else [asked.group]:
        group = CHOICES[name]
        checkpoint = held.get((group, asked.partition), Checkpoint(group, asked.partition))
        found = await _of_group(hub, host, checkpoint, ends[asked.partition], asked)
        moved += found == "moved"
        left += found == "left"
    if moved:
        print(RESTART)
    return 1 if left else 0


async def _of_group(
    hub: HubReader, host: HostBlobs, checkpoint: Checkpoint, end: End, asked: argparse.Namespace
) -> str:
    where = f"{checkpoint.function}, partition {checkpoint.partition}"

    def say(text: str) -> None:
        print(f"{where}: {text}", file=sys.stderr, flush=True)

    found = await stretch(hub, checkpoint, end, Bounds(asked.events, asked.megabytes), say)
    _tell(found, where)
    if not found.bad:
        return "left" if found.looked < found.end else "clear"
    if asked.dry_run:
        return "left"
    await bring_in(hub, found, wiring.settings().hub_generation, _take(checkpoint.group), say)
    try:
        await move(host, found)
    except Conflict:
        print(
            f"{where}: its checkpoint has moved meanwhile, so it does not stand; left as it is. Look again."
        )
        return "left"
    print(f"{where}: checkpoint moved from {checkpoint.sequence} to {found.last.sequence}")
    return "moved"


def _tell(found: Stretch, where: str) -> None:
    if found.lost:
        print(
            f"{where}: {found.lost:,} numbers from {found.checkpoint.sequence + 1} on are gone from the hub"
        )
    for bad in found.bad:
        print(f"{where}: number {bad.sequence}, enqueued {bad.enqueued:%Y-%m-%d %H:%M:%S} UTC, cannot be "
              f"bound: {bad.fault}; {whose(bad)}")  # fmt: skip
    if found.looked < found.end:
        print(f"{where}: looked up to number {found.looked}, the hub has {found.end}: run it once more")
    elif not found.bad:
        print(f"{where}: everything up to number {found.end} can be bound; nothing to clear")


def _take(group: str) -> Take:
    """A function's use case, on the app's stores; what must wait is tried again for some minutes."""
    take: Take = {
        CHOICES["ingest"]: lambda events: ingest(events, wiring.ingest_stores(), wiring.version()),
        CHOICES["archive"]: lambda events: archive(events, wiring.archive_blobs()),
    }[group]

    async def patiently(events: object) -> object:
        for attempt in range(TRIES):
            try:
                return await take(events)  # type: ignore[arg-type]
            except (Transient, Conflict) as fault:
                if attempt + 1 == TRIES:
                    raise
                print(f"waiting for a store: {fault}", file=sys.stderr, flush=True)
                await asyncio.sleep(getattr(fault, "retry_after", None) or 2.0**attempt)
        return None

    return patiently


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    found = argparse.ArgumentParser(
        prog="vendctl partitions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    found.add_argument("--json", action="store_true", help="the list as one JSON array")
    found.add_argument(
        "--after", type=float, default=120, metavar="SECONDS",
        help="how long a checkpoint may stand before waiting events; default %(default)s",
    )  # fmt: skip
    found.add_argument("--read-with", default=GROUP, metavar="GROUP",
                       help="a consumer group that no function reads with; default %(default)s")  # fmt: skip
    found.set_defaults(run=listed)
    bounds = Bounds()
    actions = found.add_subparsers(dest="action", metavar="[clear N]")
    one = actions.add_parser("clear", help="bring in what stands before a partition's bad messages; move on")
    one.add_argument("partition", metavar="N")
    one.add_argument("--group", choices=[*CHOICES, "both"], default="both", help="default %(default)s")
    one.add_argument("--dry-run", action="store_true", help="only say what would be done; 1 for something")
    one.add_argument("--events", type=int, default=bounds.events, help="look so far; default %(default)s")
    one.add_argument("--megabytes", type=int, default=bounds.megabytes, help="likewise; default %(default)s")
    one.set_defaults(run=cleared)
    return found


async def run(asked: argparse.Namespace) -> int:
    """On the deployment that the process's environment names."""
    try:
        async with blob_service(os.environ, "AzureWebJobsStorage") as service:
            host = HostBlobs(service.get_container_client(CONTAINER), home(os.environ))
            code: int = await asked.run(HubReader.of(os.environ, asked.read_with), host, asked)
            return code
    finally:
        await wiring.close()


def main(argv: list[str]) -> int:
    """The command. Raises what a person can mend: the process then ends with 2."""
    asked = parser().parse_args(argv)
    os.environ.update(load(asked.settings, os.environ))
    return asyncio.run(run(asked))
