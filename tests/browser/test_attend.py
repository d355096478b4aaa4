"""An alert is attended to on the page, in a real browser on the real app."""

import asyncio

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.test_dashboard import SECONDS, deliver, opened
from tests.support.devices import Device
from vendctl.local.system import System

pytestmark = pytest.mark.asyncio(loop_scope="module")
MACHINE = "attended-in-a-browser"


async def test_an_alert_is_acknowledged_snoozed_and_resolved(page: Page, running: System) -> None:
    device = Device(MACHINE)
    device.level(1)
    device.vend()
    await deliver(running, device)
    await opened(page, running)
    row = page.locator("#alerts li", has_text=MACHINE)
    await shown(page, row.get_by_text("attend to it"))
    await row.get_by_text("attend to it").click()
    lost: list[str] = []

    async def lose(route: Route) -> None:
        """The first answer: the page says so, and asks again under the same key."""
        lost.append(route.request.headers["idempotency-key"])
        await (route.abort() if len(lost) == 1 else route.continue_())

    await page.route("**/acknowledge", lose)
    await row.get_by_role("button", name="Acknowledge").click()
    await expect(row.get_by_text("the connection failed.")).to_be_visible()
    await row.get_by_role("button", name="Acknowledge").click()
    await shown(page, row.get_by_text("acknowledged by"))
    assert (len(lost), len(set(lost))) == (2, 1)
    await row.get_by_text("acknowledged by").click()
    await row.get_by_role("button", name="Snooze 4 hours").click()
    await shown(page, row.get_by_text("snoozed until"))
    await row.get_by_text("snoozed until").click()
    await row.get_by_role("textbox", name="Reason").fill("taken out of the range")
    await row.get_by_role("button", name="Resolve").click()
    await expect(row).to_have_count(0)


async def shown(page: Page, wanted: Locator) -> None:
    """It is in the list, however many alerts there are."""
    for _ in range(SECONDS * 10):
        if await wanted.is_visible():
            return
        more = page.get_by_text("Show all")
        if await more.is_visible():
            await more.click()
        await asyncio.sleep(0.1)
    raise AssertionError("the alert is not in the list")
