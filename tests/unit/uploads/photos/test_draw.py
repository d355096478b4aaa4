"""What files may hold as colors becomes what somebody sees: on white, smooth, in its own shades."""

import pytest
from PIL import Image

from tests.support.pictures import file, seen
from vending.uploads.photos.make_photo import make_photo

RED, BLUE, PAPER = (220, 30, 30), (30, 30, 220), (255, 255, 255)


def middle(image: Image.Image, **more: object) -> tuple[int, int, int]:
    """The color in the middle of what is kept of it."""
    kept = seen(make_photo(file(image, "PNG", **more), keep_location=False).large)
    found = kept.getpixel((kept.width // 2, kept.height // 2))
    assert isinstance(found, tuple)
    return found[0], found[1], found[2]


def flat(mode: str, color: object) -> Image.Image:
    return Image.new(mode, (64, 64), color)  # type: ignore[arg-type]


def palette(*colors: tuple[int, int, int]) -> Image.Image:
    """All of the first color."""
    image = Image.new("P", (64, 64), 0)
    image.putpalette([value for color in colors for value in color])
    return image


def checkered(mode: str) -> Image.Image:
    """Black and white by turns, more than can be kept."""
    image = Image.new("1", (4_000, 64))
    for column in range(0, 4_000, 2):
        image.paste(1, (column, 0, column + 1, 64))
    return image.convert(mode)


@pytest.mark.parametrize(
    ("image", "more", "color"),
    [
        (flat("RGB", RED), {}, RED),
        (flat("RGB", RED), {"transparency": RED}, PAPER),
        (flat("RGB", RED), {"transparency": BLUE}, RED),
        (flat("L", 90), {}, (90, 90, 90)),
        (flat("L", 90), {"transparency": 90}, PAPER),
        (palette(RED, BLUE), {}, RED),
        (palette(RED, BLUE), {"transparency": 0}, PAPER),
        (palette(RED, BLUE), {"transparency": 1}, RED),
        (flat("1", 1), {}, PAPER),
        (flat("1", 0), {}, (0, 0, 0)),
        (flat("LA", (90, 255)), {}, (90, 90, 90)),
        (flat("LA", (90, 0)), {}, PAPER),
        (flat("RGBA", (*RED, 0)), {}, PAPER),
        (flat("RGBA", (*RED, 255)), {}, RED),
        (flat("I;16", 0x5A80), {}, (90, 90, 90)),
    ],
)
def test_every_kind_of_color_is_shown(
    image: Image.Image, more: dict[str, object], color: tuple[int, int, int]
) -> None:
    assert middle(image, **more) == pytest.approx(color, abs=4)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_what_is_made_smaller_is_smooth(mode: str) -> None:
    assert middle(checkered(mode)) == pytest.approx((128, 128, 128), abs=12)
