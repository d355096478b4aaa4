"""Where a picture lies, and how it is asked for. Pure."""

import re
from typing import NamedTuple

from vending.events.envelope import Identifier
from vending.uploads.photos.photo import LARGE, THUMBNAIL, Size

SEPARATOR = "~"
"""Between machine and upload in a photo's id: no machine's id has it, and addresses need not escape it."""
_ID = re.compile(rf"(?P<machine>{Identifier}){SEPARATOR}(?P<upload>[0-9a-f]{{32}})")


class Picture(NamedTuple):
    """One size of a photo."""

    machine: str
    upload: str
    size: Size

    @property
    def blob(self) -> str:
        """Its name in the container ``photos``."""
        return f"{self.machine}/{self.upload}/{self.size}.webp"

    @property
    def path(self) -> str:
        """The address in the API, below the app's own."""
        return f"/api/v1/photos/{photo_id(self.machine, self.upload)}/{self.size}"


def photo_id(machine: str, upload: str) -> str:
    """A photo's id in the API."""
    return f"{machine}{SEPARATOR}{upload}"


def picture_of(photo: str, size: str) -> Picture | None:
    """The picture that an address names; None for an address that was never given out."""
    found = _ID.fullmatch(photo)
    known = next((one for one in (THUMBNAIL, LARGE) if str(one) == size), None)
    return Picture(found["machine"], found["upload"], known) if found and known else None
