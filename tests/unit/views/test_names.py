"""The catalog's names in memory: an import costs what it changed."""

from typing import Any

from tests.support.fakes import FakeDocuments
from vending.views.names import MachineName, Names, ProductName, SiteName


def put(catalog: FakeDocuments, kind: str, key: str, version: int, **facts: Any) -> None:
    catalog.put({"id": key, "kind": kind, "type": kind, "schema": 1, "version": version} | facts)


async def test_later_versions_cost_what_they_changed() -> None:
    catalog, kept = FakeDocuments("kind"), Names().machines
    put(catalog, "machine", "m1", 1, name="one", site="s1")
    put(catalog, "machine", "m2", 1, site="s1")
    before = await kept.at(catalog, 1)
    assert before == {"m1": MachineName("one", "s1"), "m2": MachineName("m2", "s1")}
    assert await kept.at(catalog, 1) is before
    assert catalog.requests == 1
    put(catalog, "machine", "m2", 2, name="two", site="s2")
    put(catalog, "machine", "m3", 2, site="s2")
    # Of what an import that is not published yet has written, nothing is passed over later.
    put(catalog, "machine", "m4", 3, site="s3")
    catalog.damage("machine", "m1", name="not read again")
    after = await kept.at(catalog, 2)
    assert [after[name].site for name in ("m1", "m2", "m3", "m4")] == ["s1", "s2", "s2", "s3"]
    assert after["m1"].name == "one"
    assert before["m2"] == MachineName("m2", "s1")
    put(catalog, "machine", "m4", 3, site="s4")
    assert (await kept.at(catalog, 3))["m4"].site == "s4"


async def test_a_lagging_read_of_the_version_takes_nothing_back() -> None:
    catalog, kept = FakeDocuments("kind"), Names().sites
    put(catalog, "site", "s1", 2, name="Depot", route="north", timeZone="Etc/UTC")
    assert await kept.at(catalog, 2) == {"s1": SiteName("Depot", "north", "Etc/UTC")}
    assert await kept.at(catalog, 1) == {"s1": SiteName("Depot", "north", "Etc/UTC")}
    assert catalog.requests == 1


async def test_what_an_entry_lacks_is_its_id_or_nothing() -> None:
    catalog, names = FakeDocuments("kind"), Names()
    put(catalog, "product", "cola", 1, category=None)
    put(catalog, "site", "s1", 1, name="", timeZone="Etc/UTC")
    assert await names.products.at(catalog, 1) == {"cola": ProductName("cola", "")}
    assert await names.sites.at(catalog, 1) == {"s1": SiteName("s1", "", "Etc/UTC")}
