"""The picture of the README: taken of a page that shows something, and refused otherwise."""

import struct
import urllib.request
from pathlib import Path

import pytest

from tests.support.devices import START, Device, send
from tests.support.waiting import until
from vendctl import browser, picture
from vendctl.__main__ import main as vendctl
from vendctl.local.system import System

DAY = START.date().isoformat()


def sold(running: System) -> bool:
    """The rollups of the day hold a sale of this test."""
    trigger = urllib.request.Request(
        f"{running.host.url}/admin/functions/roll_up",
        b'{"input": ""}',
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(trigger).close()
    with urllib.request.urlopen(f"{running.host.url}/api/v1/fleet/summary?day={DAY}") as answer:
        return b'"SEK"' in answer.read()


def test_the_picture_is_a_png_of_the_page(running: System, tmp_path: Path) -> None:
    device = Device("picture-1")
    device.level(5)
    device.vend(currency="SEK")
    send(running.stack.eventhubs_connection, "telemetry", [(device.name, device.sent)])
    until(lambda: sold(running), "the sale is in the fleet's day")
    file = tmp_path / "docs" / "dashboard.png"
    assert vendctl(["picture", str(file), "--url", f"{running.host.url}/dashboard#day={DAY}"]) == 0
    content = file.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", content[16:24]) == (picture.WIDTH, picture.HEIGHT)
    assert len(content) <= picture.LARGEST


def test_a_page_without_sales_is_no_picture(running: System, tmp_path: Path) -> None:
    path = browser.find()
    assert path
    with pytest.raises(picture.NothingToShow, match="no sales"):
        picture.take(path, f"{running.host.url}/dashboard#day=2001-01-01", patience=1_000)
    assert vendctl(["picture", str(tmp_path / "x.png"), "--url", "http://localhost:9/"]) == 2
    assert list(tmp_path.iterdir()) == []
