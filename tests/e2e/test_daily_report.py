"""Sales of yesterday, a tick of the timer, and one mail in the morning, by a real SMTP server."""

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.devices import Device, send
from tests.support.waiting import finished, until
from vendctl.local.run import NEVER
from vendctl.local.system import System

SETTINGS = {"NOTIFY_MAIL_TO": "ops@localhost", "DAILY_REPORT_HOUR": "0", "DAILY_REPORT_SCHEDULE": NEVER}
"""The timer is called from here. It is past midnight, whenever this runs."""


def got(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def tick(running: System, timer: str = "send_daily_report") -> None:
    address = f"{running.host.url}/admin/functions/{timer}"
    kind = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(address, b'{"input": ""}', kind)).close()


def test_yesterday_is_mailed_once(mailed: System) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    device = Device("mailed-1", started=yesterday)
    bodies = [device.vend(price=150) for _ in range(4)]
    send(mailed.stack.eventhubs_connection, mailed.environment["TELEMETRY_HUB"], [(device.name, bodies)])
    finished(mailed.environment)
    summary = f"{mailed.host.url}/api/v1/fleet/summary?day={yesterday:%Y-%m-%d}"
    counted = "the day is counted"
    until(lambda: got(summary)["day"]["vends"] == 4, counted, meanwhile=lambda: tick(mailed, "roll_up"))
    url = f"{mailed.stack.mails_url}/mails"
    tick(mailed)
    [mail] = until(lambda: got(url)["mails"], "the report came")
    assert mail["recipients"] == ["ops@localhost"]
    assert "6.00 EUR" in mail["subject"]
    text = got(f"{url}/{mail['id']}")["text"]
    assert "mailed-1" in text.partition("Sold most")[2]
    tick(mailed)
    log = mailed.stack.data / "functions.log"
    until(lambda: log.read_text().count("send_daily_report (Succeeded") == 2, "the second tick is over")
    assert [one["id"] for one in got(url)["mails"]] == [mail["id"]]
