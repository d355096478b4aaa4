"""The steps of a replay on a running system: send, wait, roll up, read back, compare."""

from datetime import UTC, datetime

from vendctl.account import take
from vendctl.catalog import explain
from vendctl.local.system import System
from vendctl.progress import Progress
from vendctl.replay import reconcile, stored
from vendctl.replay.device_events import device_events, skus
from vendctl.replay.errors import ReplayError
from vendctl.replay.folder import Folder
from vendctl.replay.places import catalog_of
from vendctl.replay.reconcile import Mismatch, Totals, compare, totals
from vendctl.replay.report import Outcome
from vendctl.replay.sales import SalesFile
from vendctl.replay.sending import send
from vendctl.replay.two_readings import all_days
from vendctl.replay.waiting import RollUps, Stage, catalog_noticed, finished, rolled_up
from vending import wiring
from vending.errors import VendstreamError
from vending.resources import ROLLUP_SHARDS
from vending.writes.import_catalog import import_catalog


async def replay(
    file: SalesFile, text: Totals, folder: Folder, running: System, progress: Progress
) -> Outcome:
    """All of it; ``text`` is what the second reading summed up. Raises :class:`ReplayError` when the app does
    not get through."""
    await _describe(file, running, progress)
    devices = device_events(file.sales, file.mapping.zone)
    events = sum(len(device.bodies) for device in devices)
    await send(devices, running.environment, lambda count: progress.stage("sent", count, events))
    log = f"{folder.path}/functions.log"
    stage = _watching(running, progress, log)
    numbers = await finished(running.environment, stage, log)
    await rolled_up(_rollups(running), _days(file), stage, log)
    outcome = await _reconciled(file, text, events, numbers)
    outcome.mismatches += await rollup_mismatches(file)
    digest = await stored.ledger_digest(wiring.machines())
    account = await take(running.environment)
    outcome.lost, outcome.doubled = account.lost, account.doubled
    outcome.changed = folder.ledger not in (None, digest)
    if not outcome.faults():
        folder.keep(digest)
    return outcome


async def _describe(file: SalesFile, running: System, progress: Progress) -> None:
    """Put the file's sites, machines and products into the catalog, and let the rollups know of it.

    Before the events: what the catalog says later makes every day of its machines be counted again.
    """
    try:
        done = await import_catalog(catalog_of(file.sales, file.mapping), wiring.catalog(), take_over=True)
        progress.say(explain(done))
        if done.written:
            await catalog_noticed(
                running.host.url,
                lambda: stored.catalog_noticed(wiring.fleet(), done.version, datetime.now(UTC)),
            )
    except VendstreamError as fault:
        raise ReplayError(f"the catalog could not be imported: {fault}") from fault


def _watching(running: System, progress: Progress, log: str) -> Stage:
    """Progress that fails as soon as there is nobody left to make any."""

    def stage(name: str, done: int, total: int) -> None:
        if running.host.process.poll() is not None:
            raise ReplayError(f"the functions ended by themselves: see {log}, then run again")
        progress.stage(name, done, total)

    return stage


def _rollups(running: System) -> RollUps:
    return RollUps(
        running.host.url,
        lambda: stored.queue_length(running.environment, ROLLUP_SHARDS),
        lambda: stored.day_count(wiring.machines(), wiring.fleet()),
        lambda: stored.caught_up(wiring.machines(), wiring.fleet()),
    )


def _days(file: SalesFile) -> int:
    """How many documents the rollups will have: machine days, and two of the fleet for each day."""
    machine_days = {(sale.machine, sale.day) for sale in file.sales}
    return len(machine_days) + 2 * len({day for _, day in machine_days})


async def _reconciled(file: SalesFile, text: Totals, events: int, numbers: dict[str, int]) -> Outcome:
    sold = reconcile.file_sold(file.sales)
    ledger = reconcile.ledger_sold(await stored.documents(wiring.machines(), "page:"), file.mapping.zone)
    return Outcome(
        currency=file.mapping.currency,
        time_zone=file.mapping.timezone,
        rows=len(file.sales),
        events=events,
        days=len({sale.day for sale in file.sales}),
        machines=reconcile.by_machine(ledger, file.mapping.currency),
        others=reconcile.other_currencies(ledger, file.mapping.currency),
        notes=file.notes,
        mismatches=[
            *compare("ledger", totals(sold), totals(ledger)),
            *compare("ledger", text, all_days(ledger)),
        ],
        dead_letters=await stored.dead_letters(wiring.deadletters()),
        archive_gaps=await stored.archive_gaps(
            wiring.archive_blobs(), wiring.settings().hub_generation, numbers
        ),
    )


async def rollup_mismatches(file: SalesFile) -> list[Mismatch]:
    """Machine days and fleet days against the file's paid sales, by day, product and payment."""
    currency = file.mapping.currency
    sold = [sold for sold in reconcile.file_sold(file.sales) if sold.paid]
    paid = reconcile.units_apart(sold, currency)
    products = {sku: name for name, sku in skus(file.sales).items()}
    days = await stored.documents(wiring.current_machines(), "day:")
    fleet = await stored.fleet_days(wiring.fleet())
    everywhere = totals(paid, reconcile.FLEET)
    return [
        *compare("rollup", totals(paid), reconcile.machine_day_totals(days, currency, products)),
        *compare("fleet day", everywhere, reconcile.fleet_day_totals(fleet, currency, products)),
    ]
