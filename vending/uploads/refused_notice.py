"""The notice of a file that was rejected: one for each upload, whatever kind it was of."""

import hashlib

from vending.business_day import instant
from vending.documents.notices import Notice, notice_id
from vending.documents.uploads import UploadRecord
from vending.errors import Rejected
from vending.ports import Looked
from vending.time import millis
from vending.uploads.upload import Place, place_of

NOWHERE = "$uploads"
"""Stands for the machine where a blob's name says none; no machine is called so."""
SAID = 500
"""Characters of the reason: of a defect, which is a traceback, the last line."""


def refused_notice(name: str, record: UploadRecord | None, looked: Looked, fault: Rejected) -> Notice:
    """What whoever supervises the machine's route is told; ``record`` None where nobody admitted the file."""
    place, at = _place(name), millis(looked.modified)
    detail = {
        "upload": name[:200],
        "reason": fault.reason,
        "detail": (fault.detail.splitlines() or [""])[-1][:SAID],
        "visit": record.visit if record else None,
        "uploadedAt": instant(at),
    }
    return Notice(
        id=notice_id("rejected-upload", place.id),
        machine_id=place.machine,
        about="rejected-upload",
        at=at,
        detail={said: value for said, value in detail.items() if value is not None},
    )


def _place(name: str) -> Place:
    try:
        return place_of(name)
    except Rejected:
        return Place("", NOWHERE, hashlib.sha256(name.encode()).hexdigest()[:32])
