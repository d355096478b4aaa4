"""What was issued to devices: documents of kind ``device`` in the catalog, which operators' commands write.

- ``device``: ``{id, machine, epoch, credentials: [{publisher, machine, epoch, issued, expires, revoked}]}``,
  the newest last; ``revoked`` is missing while Event Hubs takes that publisher's events;
- ``epoch``: ``{id: "machine:{machine}", machine, epoch}``: the highest that was issued for a machine, to
  whichever device. One partition holds both, so that they are written together.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vending.errors import Transient
from vending.events.publishers import MAX_EPOCH, Publisher, build
from vending.state import conditions

KIND, SCHEMA = "device", 1
KEPT = 50
"""Credentials that an entry remembers: one a board's life, so these are years."""
Document = dict[str, Any]


def counter_id(machine: str) -> str:
    """The id of a machine's counter of epochs; a device cannot have it for a name."""
    return f"machine:{machine}"


def known(document: Document | None) -> Document | None:
    """The document, unless a newer version of the code wrote it: Transient then."""
    if document is not None and document["schema"] > SCHEMA:
        what = f"{document['type']} {document['id']} has schema {document['schema']}"
        raise Transient(f"{what}, this version knows {SCHEMA}: use the newer version")
    return document


def next_epoch(
    stock: Mapping[str, Any] | None, entry: conditions.Entry, counter: Mapping[str, Any] | None = None
) -> int:
    """One more than the highest that was issued for a machine, or that its ledger or registers hold.

    Raises ValueError where that one is the last there is.
    """
    held = [int(book.rpartition("/")[2]) for book in (stock or {}).get("applied", ())]
    held += [register[0] for register in entry.values()]
    highest = max([*held, (counter or {}).get("epoch", 0)], default=0)
    if highest >= MAX_EPOCH:
        raise ValueError(
            f"the machine has an event of epoch {highest}, and there is none above {MAX_EPOCH}: take it out "
            "(`vendctl machine quarantine`, then `forget`), or give the machine another id"
        )
    return highest + 1


def counted(machine: str, epoch: int) -> Document:
    """The counter of a machine at an epoch."""
    return {
        "id": counter_id(machine), "kind": KIND, "type": "epoch", "schema": SCHEMA, "machine": machine,
        "epoch": epoch,
    }  # fmt: skip


def issued(held: Document | None, publisher: Publisher, now: datetime, expires: datetime) -> Document:
    """The device's entry with one more credential. Raises ValueError for names without a publisher."""
    device, machine, epoch = publisher
    credential = {
        "publisher": build(publisher), "machine": machine, "epoch": epoch, "issued": _utc(now),
        "expires": _utc(expires),
    }  # fmt: skip
    body: Document = {"id": device, "kind": KIND, "type": "device", "schema": SCHEMA} | (held or {})
    credentials = [*body.get("credentials", []), credential][-KEPT:]
    return body | {"machine": machine, "epoch": epoch, "credentials": credentials}


def renewed(
    held: Document | None, device: str, machine: str, expires: datetime
) -> tuple[Document, Publisher]:
    """The entry with a later end of the machine's newest credential, and whose that is. Raises ValueError."""
    own = [one for one in (held or {}).get("credentials", []) if one["machine"] == machine]
    if held is None or not own:
        raise ValueError(_nothing(held, device, machine) + ": issue one, without --renew")
    newest = own[-1]
    if "revoked" in newest:
        raise ValueError(f"{newest['publisher']} is revoked: issue the next one, without --renew")
    until = newest | {"expires": max(newest["expires"], _utc(expires))}
    credentials = [until if one is newest else one for one in held["credentials"]]
    return held | {"credentials": credentials}, Publisher(device, machine, newest["epoch"])


def revoked(held: Document, device: str, machine: str | None, now: datetime) -> tuple[Document, list[str]]:
    """The entry with its credentials (for one machine, or all) revoked, and the publishers to shut out.

    What has expired opens nothing any more and needs no place on the hub's list. Raises ValueError where
    nothing was issued for that machine.
    """
    meant = [one for one in held["credentials"] if machine in (None, one["machine"])]
    if not meant:
        raise ValueError(_nothing(held, device, machine or ""))
    at = _utc(now)
    credentials = [{"revoked": at} | one if one in meant else one for one in held["credentials"]]
    return held | {"credentials": credentials}, [one["publisher"] for one in meant if one["expires"] > at]


def _nothing(held: Document | None, device: str, machine: str) -> str:
    others = sorted({one["machine"] for one in (held or {}).get("credentials", [])})
    where = f"; there are for {', '.join(others)}" if others else ""
    return f"{device} has no credentials for machine {machine!r} in the catalog{where}"


def _utc(moment: datetime) -> str:
    """To the second, so that texts compare as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
