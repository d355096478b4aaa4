"""The photos of a machine, newest first, page by page; and one picture."""

from datetime import timedelta

from tests.support.fakes import FakeBlobs, FakeDocuments
from tests.support.plain import photos
from tests.unit.uploads.photos.world import NOW, UPLOAD, World, read_only, upload
from vending.views.photos import PhotoQuery


async def filled(count: int) -> World:
    """A machine with so many photos, two a minute; and one of another machine."""
    world = World(keep_location=True)
    for number in range(count):
        at = NOW + timedelta(minutes=number // 2)
        await world.process(of=upload(f"{number:032x}", at=at))
    await world.process(of=upload(machine="vm-2"))
    return world


async def test_all_that_is_known_of_a_photo() -> None:
    world = World(keep_location=True)
    await world.process()

    assert await photos.photos(world.views(), "vm-1", PhotoQuery()) == {
        "machineId": "vm-1",
        "photos": [
            {
                "photoId": f"vm-1~{UPLOAD}",
                "uploadedAt": "2026-11-26T15:10:00.000Z",
                "takenAt": "2026-11-26T15:04:05+01:00",
                "visitId": "v-9",
                "location": {"latitude": -48.5005, "longitude": -11.5005},
                "width": 320,
                "height": 480,
                "thumbnail": f"/api/v1/photos/vm-1~{UPLOAD}/320",
                "large": f"/api/v1/photos/vm-1~{UPLOAD}/1280",
            }
        ],
        "next": None,
    }


async def test_pages_hold_each_once_newest_first() -> None:
    world = await filled(7)
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await photos.photos(world.views(), "vm-1", PhotoQuery(3, after))
        assert page
        assert 0 < len(page["photos"]) <= 3
        found += [row["photoId"] for row in page["photos"]]
        after = page["next"]

    assert found == [f"vm-1~{number:032x}" for number in reversed(range(7))]


async def test_a_page_reads_no_more_than_it_shows() -> None:
    world = await filled(9)
    before = world.machines.requests

    await photos.photos(world.views(), "vm-1", PhotoQuery(2))

    assert world.machines.requests - before == 2


async def test_a_malformed_record_costs_its_own_row() -> None:
    world = await filled(3)
    world.machines.damage("vm-1", f"photo:{1:032x}", width="wide")

    page = await photos.photos(world.views(), "vm-1", PhotoQuery())

    assert page
    assert [row["photoId"][-1] for row in page["photos"]] == ["2", "0"]


async def test_without_photos_the_list_is_empty() -> None:
    none = read_only(FakeDocuments("machineId"))

    assert await photos.photos(none, "vm-3", PhotoQuery()) == {
        "machineId": "vm-3",
        "photos": [],
        "next": None,
    }


async def test_a_picture_is_read_by_an_address_that_was_given_out() -> None:
    world = World()
    await world.process()
    world.photos.committed["secret"] = (9, {"": b"other"})

    async def read(photo: str, size: str, blobs: FakeBlobs = world.photos) -> bytes | None:
        found: bytes | None = await photos.picture(blobs, photo, size)
        return found

    assert await read(f"vm-1~{UPLOAD}", "320") == world.pictures()[f"vm-1/{UPLOAD}/320.webp"]
    assert await read(f"vm-1~{UPLOAD}", "1280") == world.pictures()[f"vm-1/{UPLOAD}/1280.webp"]
    for photo, size in (
        (f"vm-1~{'0' * 32}", "320"),
        (f"vm-2~{UPLOAD}", "320"),
        (f"vm-1~{UPLOAD}", "640"),
        (f"vm-1~{UPLOAD}", "0320"),
        (f"vm-1~{UPLOAD}\n", "320"),
        ("../secret", "320"),
        ("vm-1", "320"),
        ("", ""),
    ):
        assert await read(photo, size) is None, photo
