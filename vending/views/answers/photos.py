"""Answers about photos."""

from typing import Annotated

from msgspec import Meta

from vending.answer import Answer, Instant


class Location(Answer, frozen=True):
    """Where a camera was, in degrees."""

    latitude: float
    longitude: float


class Photo(Answer, frozen=True):
    """One photo; width and height, in pixels, are the original's, upright."""

    photo_id: str
    uploaded_at: Instant
    taken_at: Annotated[
        str | None, Meta(description="The camera's time; with an offset only where the camera said one.")
    ]
    visit_id: str | None
    location: Annotated[Location | None, Meta(description="Null unless PHOTO_LOCATION is keep.")]
    width: int
    height: int
    thumbnail: Annotated[str, Meta(description="Path of the picture, 320 pixels at the longest side.")]
    large: Annotated[str, Meta(description="Path of the picture, 1280 pixels at the longest side.")]


class Photos(Answer, frozen=True):
    """A page of a machine's photos, newest first."""

    machine_id: str
    photos: list[Photo]
    next: Annotated[str | None, Meta(description="`after` of the next page; null on the last one.")]
