"""Somebody asks to upload a file → an address that takes it, once, and a record of what was admitted."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from vending.answer import Answer, Instant
from vending.business_day import instant
from vending.catalog.machines import CatalogMachines
from vending.documents.uploads import UploadRecord, record_id
from vending.errors import Rejected
from vending.events.envelope import Identifier
from vending.events.fields import END, Code
from vending.ports import Documents, Put, UploadBlobs
from vending.time import millis
from vending.uploads.kinds import KINDS
from vending.uploads.upload import Place, name_of

VALID = timedelta(minutes=15)


class UploadAsked(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What the caller says of the file."""

    kind: str
    machine_id: Annotated[str, Meta(pattern=rf"^{Identifier}{END}")]
    content_type: Annotated[str, Meta(max_length=64)]
    size: Annotated[int, Meta(ge=1)]
    visit_id: Code | UnsetType = UNSET


class UploadAddress(Answer, frozen=True):
    """Where the file goes: one request, once."""

    upload_id: str
    method: Annotated[str, Meta(examples=["PUT"])]
    url: Annotated[str, Meta(extra_json_schema={"format": "uri"})]
    headers: Annotated[dict[str, str], Meta(description="To be sent with the file, as they are.")]
    expires: Instant


@dataclass(frozen=True)
class AdmitStores:
    """Where it is written down, and who gives out addresses."""

    machines: Documents
    placed: CatalogMachines
    uploads: UploadBlobs
    kinds: Collection[str]
    """Those that are processed."""
    new_id: Callable[[], str]
    """32 hex digits that nobody can guess."""


async def admit_upload(asked: UploadAsked, stores: AdmitStores, now: datetime) -> UploadAddress | None:
    """The address, and what to send to it; None where the catalog has no such machine.

    Raises Rejected for what is never taken, Transient.
    """
    _check(asked, stores.kinds)
    if not (await stores.placed.named()).knows(asked.machine_id):
        return None
    id, until = stores.new_id(), now + VALID  # noqa: A001 - as it is called everywhere
    name = name_of(Place(asked.kind, asked.machine_id, id), now.date().isoformat())
    record = UploadRecord(
        id=record_id(id),
        machine_id=asked.machine_id,
        kind=asked.kind,
        content_type=asked.content_type,
        size=asked.size,
        asked_at=millis(now),
        visit=None if asked.visit_id is UNSET else asked.visit_id,
        visited=None if asked.visit_id is UNSET else millis(now),
    )
    await stores.machines.write(asked.machine_id, [Put(record.dump())])
    return UploadAddress(
        upload_id=id,
        method="PUT",
        url=await stores.uploads.address(name, now, until),
        headers={"x-ms-blob-type": "BlockBlob", "Content-Type": asked.content_type},
        expires=instant(millis(until)),
    )


def _check(asked: UploadAsked, kinds: Collection[str]) -> None:
    """What of it a signature cannot bound is looked at again when the file is there."""
    kind = KINDS.get(asked.kind) if asked.kind in kinds else None
    if kind is None:
        raise Rejected("unknown-kind", f"kind is {asked.kind!r}; it may be {_listed(sorted(kinds))}")
    if asked.content_type not in kind.content_types:
        said = f"contentType is {asked.content_type!r}; a {asked.kind} may be {_listed(kind.content_types)}"
        raise Rejected("wrong-type", said)
    if asked.size > kind.most_bytes:
        raise Rejected(
            "oversize", f"size is {asked.size}; a {asked.kind} has at most {kind.most_bytes} bytes"
        )


def _listed(words: Collection[str]) -> str:
    return ", ".join(words) or "nothing here"
