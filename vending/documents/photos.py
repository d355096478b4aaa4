"""Photos of a machine, in the container ``machines``; the pictures themselves are blobs."""

from vending.documents.base import Document

PREFIX = "photo:"
"""Of the ids."""


class PhotoRecord(Document, kw_only=True):
    """``photo:{upload id}``: written when both pictures are stored, and never changed."""

    type = "photo"
    schema = 1
    key = "machineId"

    machine_id: str
    etag: str
    """The version of the upload that it was made of."""
    at: int
    """When it was uploaded, by the store's clock (ms)."""
    width: int
    """Pixels of the original, upright."""
    height: int
    visit: str | None = None
    """The visit's id, where the uploader named one."""
    taken_at: str | None = None
    """By the camera's clock, ISO 8601."""
    location: list[float] | None = None
    """Latitude and longitude, where the operator keeps them."""

    @property
    def upload(self) -> str:
        """The upload's id."""
        return self.id.removeprefix(PREFIX)
