"""Uploads of a machine, in the container ``machines``."""

from typing import Literal

from vending.documents.base import Document

PREFIX = "upload:"
"""Of the ids."""
State = Literal["admitted", "processed", "rejected"]


class UploadDocument(Document, kw_only=True):
    """Base of both."""

    schema = 1
    key = "machineId"

    machine_id: str


class UploadRecord(UploadDocument, kw_only=True):
    """``upload:{id}``: what was admitted, and what became of it. A ``state`` other than ``admitted`` is final
    for the blob's version ``etag``."""

    type = "upload"

    kind: str
    content_type: str
    size: int
    """Bytes, as stated: more are refused."""
    asked_at: int
    """Milliseconds."""
    visit: str | None = None
    visited: int | None = None
    """``asked_at``, where it is of a visit: the name by which all that tells of visits is found."""
    state: State = "admitted"
    etag: str | None = None
    said: str | None = None
    """What was made of it, or why it was rejected."""
    first: int | None = None
    """The first of the ledger numbers that were issued to the events made of it."""

    @property
    def upload(self) -> str:
        """The upload's id."""
        return self.id.removeprefix(PREFIX)


class UploadNumbers(UploadDocument, kw_only=True):
    """The ledger numbers that were issued to events made of a machine's uploads: from 1 without holes."""

    type = "upload-numbers"

    id: str = "upload-numbers"
    last: int = 0


def record_id(upload: str) -> str:
    """The id of an upload's record."""
    return f"{PREFIX}{upload}"
