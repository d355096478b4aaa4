"""A packed field is smaller in the store, and as it was for everybody who reads it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simulator.compare import unpacked
from tests.support.events import World, delivered, temperature, vend
from tests.support.fakes import FakeDocuments
from vending.adapters.packing import PackedDocuments
from vending.ingest.stored_conditions import of_fleet
from vending.packed import pack, unpack
from vending.ports import Put

json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json))
def test_what_was_packed_is_unpacked(content: dict[str, Any]) -> None:
    assert unpack(pack(content)) == unpacked(pack(content)) == content


async def test_readers_see_no_difference() -> None:
    store = FakeDocuments("id")
    packed = PackedDocuments(store, "machines")
    world = World(conditions=packed)  # type: ignore[arg-type]
    await world.take(*delivered([vend(1), temperature(2)]))
    assert isinstance(store.items["0:young", "0:young"][1]["machines"], str)
    found = await packed.read("0:young", "0:young")
    assert found is not None
    assert found.body["machines"]["m1"]["temp:main"][3:] == [4.0]
    assert [stored async for stored in packed.select(None, ("type", "=", "conditions"))] == [found]
    assert [x.body async for x in packed.select(None, fields=("id",))] == [{"id": "0:young"}]
    await world.take(*delivered([temperature(3, 7.5)], first=2))
    assert (await of_fleet(packed))["m1"]["temp:main"][3:] == [7.5]
    assert await packed.read("0:1", "0:1") is None


async def test_a_document_without_the_field_is_stored_as_it_is() -> None:
    """What ingest counts beside the registers."""
    store = FakeDocuments("id")
    packed = PackedDocuments(store, "machines")
    world = World(conditions=packed)  # type: ignore[arg-type]
    await world.take(*delivered([b"{"]))
    found = await packed.read("refused:0", "refused:0")
    assert found is not None
    assert found.body["hours"]
    assert found.body == store.items["refused:0", "refused:0"][1]


async def test_a_field_that_was_never_packed_is_read_as_it_is() -> None:
    store = FakeDocuments("id")
    await store.write("a", [Put({"id": "a", "machines": {"m1": {}}})])
    found = await PackedDocuments(store, "machines").read("a", "a")
    assert found is not None
    assert found.body["machines"] == {"m1": {}} == unpacked(found.body["machines"])


def test_a_fleets_conditions_have_a_third_of_their_bytes() -> None:
    machines = {
        f"vm-{n:05d}": {
            "seen": [1, 90_000 + n * 7 % 100, 1_795_071_600_000 + n * 97_001, "ntp"],
            "temp:main": [1, 89_000 + n * 11 % 100, 1_795_071_600_000 + n * 91_117, 3 + n % 17 / 10],
            "heartbeat": [1, 88_000 + n * 5 % 100, 1_795_071_600_000 + n * 89_003, n * 300, 0, -50 - n % 40],
            "firmware": [1, 88_000 + n * 5 % 100, 1_795_071_600_000 + n * 89_003, "2.1.0"],
        }
        for n in range(1_000)
    }
    assert len(pack(machines)) < 0.45 * len(str(machines))
