"""An upload's bytes → a photo, or why it is none."""

from vending.uploads.photos import exif
from vending.uploads.photos.photo import Photo
from vending.uploads.photos.sniff import opened


def make_photo(data: bytes, *, keep_location: bool) -> Photo:
    """Two clean pictures; ``keep_location`` is the operator's policy. Raises Rejected.

    The same bytes always give the same photo (with the same Pillow). At the most about
    :data:`~vending.uploads.photos.photo.MAX_MEMORY` is taken beside the bytes themselves.
    """
    picture = opened(data)
    told = exif.read(picture.exif)
    from vending.uploads.photos.draw import draw, upright  # Pillow is imported when the first photo comes.

    large, thumbnail = draw(picture, told.orientation)
    return Photo(
        thumbnail,
        large,
        upright(picture.size, told.orientation),
        told.taken_at,
        told.location if keep_location else None,
    )
