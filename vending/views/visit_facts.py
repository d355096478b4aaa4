"""What is known of visits, put together: records, lines of the ledger, uploads. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from vending.business_day import instant
from vending.documents.pages import LedgerPage, Line
from vending.documents.uploads import UploadRecord
from vending.documents.visits import VisitRecord
from vending.events.cash import CashCollected
from vending.events.inventory import InventoryRestocked
from vending.uploads.photos.address import Picture, photo_id
from vending.uploads.photos.photo import LARGE, THUMBNAIL
from vending.views.visit_answers import (
    Collection,
    Restock,
    SlotChange,
    VisitFile,
    VisitPhoto,
    VisitRow,
    WholeVisit,
)

Reason = Literal["fill", "collect", "repair"]


@dataclass
class VisitFacts:
    """One visit. Times are milliseconds."""

    machine: str
    visit: str
    record: VisitRecord | None = None
    restocks: list[Restock] = field(default_factory=list)
    collections: list[Collection] = field(default_factory=list)
    uploads: list[UploadRecord] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def note_line(self, line: Line, page: LedgerPage) -> None:
        """A line of the ledger that names the visit."""
        self.times.append(line["at"])
        if line["kind"] == InventoryRestocked.line_kind:
            self.restocks.append(restock(line, page))
        elif line["kind"] == CashCollected.line_kind:
            self.collections.append(collection(line, page))

    def note_record(self, record: VisitRecord) -> None:
        """That somebody came or left."""
        self.record = record
        self.times += [record.first, record.visited]

    def note_upload(self, upload: UploadRecord) -> None:
        """A file that names the visit."""
        self.uploads.append(upload)
        self.times.append(upload.asked_at)

    @property
    def row(self) -> VisitRow:
        """As a list has it."""
        changes = [change for one in self.restocks for change in one.slots]
        return VisitRow(
            machine_id=self.machine,
            visit_id=self.visit,
            reason=self._reason,
            started=self._told("started"),
            ended=self._told("ended"),
            first=instant(min(self.times)),
            last=instant(max(self.times)),
            restocks=len(self.restocks),
            added=sum(change.added for change in changes),
            removed=sum(change.removed for change in changes),
            spoiled=sum(change.spoiled for change in changes),
            collections=len(self.collections),
            collected=collected(self.collections),
            photos=len(self._photos),
            files=len(self.uploads) - len(self._photos),
        )

    @property
    def whole(self) -> WholeVisit:
        """With all that is in it."""
        told = self.record and (self.record.started or self.record.ended)
        return WholeVisit(
            machine_id=self.machine,
            visit_id=self.visit,
            reason=self._reason,
            user_ref=told.user or None if told else None,
            started=self._told("started"),
            ended=self._told("ended"),
            restocks=sorted(self.restocks, key=lambda one: one.at),
            collections=sorted(self.collections, key=lambda one: one.at),
            photos=[_photo(one) for one in self._photos],
            files=[_file(one) for one in self._sorted if one not in self._photos],
        )

    @property
    def _sorted(self) -> list[UploadRecord]:
        return sorted(self.uploads, key=lambda one: (one.asked_at, one.id))

    @property
    def _photos(self) -> list[UploadRecord]:
        return [one for one in self._sorted if one.kind == "photo" and one.state == "processed"]

    @property
    def _reason(self) -> Reason | None:
        told = self.record and max(filter(None, (self.record.started, self.record.ended)))
        return cast("Reason", told.reason) if told else None

    def _told(self, which: Literal["started", "ended"]) -> str | None:
        told = getattr(self.record, which, None)
        return instant(told.at) if told else None


def restock(line: Line, page: LedgerPage) -> Restock:
    """A line of that kind. Its slots stand in the ledger in the order of the answer's fields."""
    facts = cast("Mapping[str, Any]", line)
    return Restock(**_entry(line, page), slots=[SlotChange(*slot) for slot in facts["slots"]])


def collection(line: Line, page: LedgerPage) -> Collection:
    """A line of that kind."""
    facts = cast("Mapping[str, Any]", line)
    return Collection(
        **_entry(line, page),
        visit_id=facts["visit"],
        bag_id=facts["bag"],
        currency=facts["currency"],
        box_minor=facts["boxMinor"],
        bills_minor=facts["billsMinor"],
        counted_minor=facts.get("countedMinor"),
    )


def collected(entries: Iterable[Collection]) -> dict[str, int]:
    """Currency → minor units, as counted where somebody did."""
    sums: dict[str, int] = {}
    for one in entries:
        said = one.counted_minor if one.counted_minor is not None else one.box_minor + one.bills_minor
        sums[one.currency] = sums.get(one.currency, 0) + said
    return sums


def _entry(line: Line, page: LedgerPage) -> dict[str, Any]:
    return {
        "at": instant(line["at"]),
        "time_quality": line["quality"],
        "device": page.device_id,
        "epoch": page.epoch,
        "ledger": line["ledger"],
    }


def _photo(upload: UploadRecord) -> VisitPhoto:
    machine, name = upload.machine_id, upload.upload
    paths = [Picture(machine, name, size).path for size in (THUMBNAIL, LARGE)]
    return VisitPhoto(photo_id(machine, name), instant(upload.asked_at), *paths)


def _file(upload: UploadRecord) -> VisitFile:
    return VisitFile(upload.upload, upload.kind, upload.state, instant(upload.asked_at), upload.said)
