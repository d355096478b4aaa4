"""A machine whose sales are those of its audits: two uploads become a day, once, however often told."""

import asyncio
import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_rollups import tick
from tests.e2e.test_uploads import DEX, documents, ended, redeliver, upload
from tests.support.audits import Meters
from tests.support.backends import LOCAL, RUN
from tests.support.waiting import finished, until
from vendctl.__main__ import main as vendctl
from vendctl.local.system import System
from vending import wiring
from vending.documents.base import load
from vending.documents.days import SiteDay
from vending.rollups import tree

pytestmark = [
    pytest.mark.skipif(not LOCAL, reason="storage events are told by the local stack"),
    pytest.mark.usefixtures("told", "environment"),
]
MACHINE, SITE = f"by-audits{RUN}", f"audited-site{RUN}"
READ = datetime.now(UTC) - timedelta(minutes=5)


def audit(number: int, vends: int, at: datetime) -> bytes:
    counted = {"A1": (vends * 100, vends)}
    return Meters(
        number, f"{at:%Y%m%d*%H%M%S}", (vends * 100, vends), cash=(vends * 100, vends), selections=counted
    ).written()


def site_day(day: str) -> dict[str, Any]:
    """The figures of the machine's site."""

    async def read() -> dict[str, Any]:
        try:
            stored = await wiring.current_fleet().read(*tree.site_day_key(SITE, day))
            return tree.total(load(stored.body, SiteDay)) if stored else {}
        finally:
            await wiring.close()

    return asyncio.run(read())


def rolled(running: System, day: str) -> dict[str, Any]:
    """After one more tick's work, or nothing yet."""
    tick(running)
    return site_day(day)


def test_two_uploads_are_the_sales_of_a_day(running: System, tmp_path: Path) -> None:
    catalog = {
        "sites": [{"id": SITE, "timeZone": "Etc/UTC"}],
        "machines": [{"id": MACHINE, "site": SITE, "sales": "audit"}],
        "planograms": [{"machine": MACHINE, "slots": {"A1": {"sku": "cola"}}}],
    }
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    assert vendctl(["catalog", "import", str(tmp_path / "catalog.json")]) == 0
    files = [audit(1, 10, READ - timedelta(hours=30)), audit(2, 17, READ)]
    names = []
    for number, data in enumerate(files, 1):
        names.append(upload(running, data, DEX | {"machineId": MACHINE})[1])
        until(lambda number=number: len(ended(MACHINE)) == number, "it is processed")  # type: ignore[misc]
    day = READ.date().isoformat()
    until(lambda: len([x for page in documents(MACHINE, "page:") for x in page["lines"]]) == 2, "both lines")
    found = until(lambda: rolled(running, day), "the day is counted")
    assert (found["vends"], found["units"], found["revenue"]) == (7, 7, {"EUR": 700})
    assert found["payments"] == {"cash": {"vends": 7, "units": 7, "revenue": {"EUR": 700}}}
    assert found["skus"]["cola"]["units"] == 7
    before = documents(MACHINE, "page:")
    etags = {record["id"]: record["etag"] for record in ended(MACHINE)}
    for name in [*names, *reversed(names)]:
        redeliver(running, name, etags[f"upload:{name.rpartition('/')[2]}"])
    upload(running, files[1], DEX | {"machineId": MACHINE})
    until(lambda: len(ended(MACHINE)) == 3, "the same read is processed under another name")
    finished(running.environment)
    until(lambda: len([x for page in documents(MACHINE, "page:") for x in page["lines"]]) == 3, "its line")
    assert [page for page in documents(MACHINE, "page:") if page in before] == before
    rolled(running, day)
    assert site_day(day) == found
    with urllib.request.urlopen(f"{running.host.url}/api/v1/machines/{MACHINE}/audits", timeout=60) as answer:
        told_of = json.load(answer)
    assert told_of["sources"] == [{"since": "", "sales": "audit"}]
    assert [one["placed"] for one in told_of["audits"]] == ["again", "after", "baseline"]
    assert told_of["audits"][1]["sold"]["vends"] == 7
