"""What a machine's documents must hold: rebuilt in memory from the archive, without what is forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from vendctl.operations.rebuild import Course, Wanted, replay
from vendctl.operations.scratch import ScratchDocuments, Unkept
from vending.documents.base import Body, load
from vending.documents.conditions import Entry
from vending.documents.pages import LedgerPage, Line
from vending.documents.stock import MachineStock
from vending.documents.visits import PREFIX
from vending.ingest.admit import Admission
from vending.ingest.exclusion_list import AsOf
from vending.ingest.exclusions import Exclusions
from vending.ingest.ingest import IngestStores
from vending.ingest.name_machines import on_record
from vending.ingest.stored_conditions import of_fleet
from vending.ports import ArchiveBlobs, Blobs, Documents, beginning

Lines = dict[tuple[str, int, int], Line]
"""By (device, epoch, number)."""


@dataclass(frozen=True)
class Honest:
    """A machine as it would be; ``stock`` None and no entry where nothing is left of it."""

    stock: MachineStock | None = None
    lines: Lines = field(default_factory=dict)
    entry: Entry = field(default_factory=dict)
    visits: Mapping[str, Body] = field(default_factory=dict)
    """Records of visits by id."""
    forgotten: int | None = None
    """Archived events that are left out; None where nobody counted them, because nothing is left."""


NOTHING = Honest()


@dataclass(frozen=True)
class Sources:
    """What a machine is rebuilt from; ``ingest`` says how the live app judges."""

    archive: ArchiveBlobs
    ingest: IngestStores
    course: Course


async def honest_machine(machine: str, excluded: Exclusions, sources: Sources) -> Honest:
    """Read the whole archive. Raises Damaged, and Transient when a store stays away."""
    machines, registers = ScratchDocuments(), ScratchDocuments()
    admission = Admission(AsOf(excluded), await on_record(sources.ingest.deadletters))
    stores = replace(
        sources.ingest,
        machines=machines,
        conditions=registers,
        deadletters=cast("Blobs", Unkept()),
        admission=admission,
    )
    wanted = Wanted(machine)
    done = await replay(sources.archive, stores, wanted, sources.course)
    held = await machines.read(machine, "stock")
    lines: Lines = {}
    async for found in machines.select(machine, *beginning("page:")):
        page = load(found.body, LedgerPage)
        lines |= {(page.device_id, page.epoch, line["ledger"]): line for line in page.lines}
    entry = (await of_fleet(registers)).get(machine, {})
    stock = load(held.body, MachineStock) if held else None
    return Honest(stock, lines, entry, await visit_records(machine, machines), done.forgotten)


async def visit_records(machine: str, machines: Documents) -> dict[str, Body]:
    """The stored records of a machine's visits, by id."""
    return {found.body["id"]: found.body async for found in machines.select(machine, *beginning(PREFIX))}
