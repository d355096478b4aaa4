"""The dashboard in a real browser, on the real app: events go in at the hub, figures change on the page."""

import asyncio
import json
import re
import time
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from playwright.async_api import BrowserContext, Locator, Page, Route, expect

from tests.support.devices import START, Device, send
from vendctl.local.system import System

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = START.date().isoformat()
SECONDS = 60
HOSTILE = "<img src=x onerror=window.owned=1>"


async def deliver(running: System, *devices: Device) -> None:
    """What the devices have to say, by the official producer."""
    batches = [(device.name, device.sent[:]) for device in devices]
    await asyncio.to_thread(send, running.stack.eventhubs_connection, "telemetry", batches)
    for device in devices:
        device.sent.clear()


async def rolled_up(running: System, shown: Locator, text: str) -> None:
    """The timer's work, again and again until the page shows its result."""
    deadline = time.monotonic() + SECONDS
    async with aiohttp.ClientSession(running.host.url) as session:
        while True:
            async with session.post("/admin/functions/roll_up", json={"input": ""}) as answer:
                assert answer.status == 202
            try:
                await expect(shown).to_contain_text(re.compile(text), timeout=3_000)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
            else:
                return


async def known(running: System, machine: str, text: str) -> None:
    """The API speaks of it: what the page is opened for has arrived."""
    deadline = time.monotonic() + SECONDS
    async with aiohttp.ClientSession(running.host.url) as session:
        while time.monotonic() < deadline:
            async with session.get(f"/api/v1/machines/{machine}") as answer:
                if answer.status == 200 and text in await answer.text():
                    return
            await asyncio.sleep(0.1)
    raise AssertionError(f"the API does not say {text} of {machine} within {SECONDS} s")


async def opened(page: Page, running: System, path: str = "/") -> None:
    """The page with its first figures."""
    await page.goto(f"{running.host.url}{path}")
    await expect(page.locator("#count")).not_to_be_empty()


async def test_figures_change_while_events_arrive(page: Page, running: System) -> None:
    device = Device("page-1")
    device.level(3)
    device.vend(currency="NOK", product=HOSTILE)
    device.temperature(3.5)
    await deliver(running, device)
    await opened(page, running)
    assert page.url == f"{running.host.url}/dashboard"
    await page.get_by_label("Day", exact=True).fill(DAY)
    revenue = page.locator("#revenue")
    await rolled_up(running, revenue, r"NOK\s1\.50")
    await expect(page.locator("#top")).to_contain_text(HOSTILE)

    await page.evaluate("window.stayed = true")
    device.vend(currency="NOK")
    device.vend(currency="NOK")
    await deliver(running, device)
    await rolled_up(running, revenue, r"NOK\s4\.50")
    await expect(page.get_by_role("img", name=re.compile("Revenue by hour"))).to_be_visible()
    alerts = page.locator("#alerts li", has_text="page-1")
    await expect(alerts).to_contain_text("Selection A1 is sold out")
    await expect(page.locator("#rows tr", has_text="page-1")).to_contain_text("silent")
    assert await page.evaluate("[window.stayed, window.owned]") == [True, None]
    await expect(page).to_have_url(f"{running.host.url}/dashboard#day={DAY}")
    await page.reload()
    await expect(revenue).to_contain_text(re.compile(r"NOK\s4\.50"))


async def test_a_machine_found_and_opened_with_the_keyboard(page: Page, running: System) -> None:
    device, other = Device("page-2"), Device("page-3")
    device.level(5, "B7")
    device.vend("B7", product="Ginger ale")
    other.level(5)
    # Heard just now, whatever the day of its sales.
    device.started = datetime.now(UTC) - timedelta(minutes=device.sequence + 1)
    device.event("device.heartbeat", {"uptimeS": 60, "firmware": "9.8.7", "queueDepth": 0})
    await deliver(running, device, other)
    await known(running, "page-2", "9.8.7")
    await opened(page, running)
    row = page.locator("#rows tr")
    await page.get_by_label("Find").fill("page-2")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("online")
    name = page.get_by_role("button", name="page-2", exact=True)
    await name.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="page-2")
    for text in ("B7", "4", "Ginger ale", "9.8.7"):
        await expect(dialog).to_contain_text(text)
    await expect(page).to_have_url(f"{running.host.url}/dashboard#machine=page-2")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(name).to_be_focused()
    await expect(page).to_have_url(f"{running.host.url}/dashboard")

    await page.get_by_label("Find").fill("page-")
    await expect(page.locator("#rows")).to_contain_text("page-3")
    names = await page.locator("#rows th").all_inner_texts()
    assert {"page-2", "page-3"} <= set(names)
    assert names == sorted(names)
    await page.get_by_role("button", name="Machine", exact=True).click()
    assert await page.locator("#rows th").all_inner_texts() == names[::-1]
    await expect(page.locator("th[aria-sort=descending]")).to_contain_text("Machine")


async def test_an_api_that_is_down_is_said_and_the_figures_stay(page: Page, running: System) -> None:
    await opened(page, running)
    shown = await page.locator("#count").inner_text()
    await page.route("**/api/**", lambda route: route.abort())
    banner = page.get_by_role("alert")
    await expect(banner).to_contain_text("does not answer: the connection failed")
    assert await page.locator("#count").inner_text() == shown
    await page.unroute("**/api/**")
    await expect(banner).to_be_hidden()


async def test_alerts_that_the_list_does_not_hold_are_counted(page: Page, running: System) -> None:
    alert = {"machineId": "m1", "title": "Fault coin", "since": "2026-03-02T09:00:00.000Z"}
    ours = alert | {"machineId": "$hub", "title": "Events wait"}

    async def many(route: Route) -> None:
        await route.fulfill(json={"alerts": [alert, ours], "open": 21})

    await page.route("**/api/v1/alerts*", many)
    await opened(page, running)
    first, second = page.locator("#alerts li").first, page.locator("#alerts li").last
    await expect(first).to_contain_text("m1 Fault coin")
    await expect(first.get_by_role("button")).to_be_visible()
    await expect(second).to_contain_text("hub Events wait")  # no machine: nothing to open
    await expect(second.get_by_role("button")).to_have_count(0)
    await expect(page.get_by_text("Show all 21")).to_be_visible()


async def test_the_host_key_is_asked_for_and_leaves_the_address(page: Page, running: System) -> None:
    async def guarded(route: Route) -> None:
        right = route.request.headers.get("x-functions-key") == "sesame"
        await (route.continue_() if right else route.fulfill(status=401))

    await page.route("**/api/**", guarded)
    await page.goto(f"{running.host.url}/dashboard")
    key = page.get_by_label("host key")
    await expect(key).to_be_visible()
    await key.fill("sesame")
    await page.get_by_role("button", name="Use the key").click()
    await expect(page.locator("#count")).not_to_be_empty()
    await expect(key).to_be_hidden()

    for address in ("/dashboard?code=sesame#machine=nobody", "/dashboard?CODE=sesame&a=1#machine=nobody"):
        await page.evaluate("sessionStorage.clear()")
        await opened(page, running, address)
        await expect(page).to_have_url(
            re.compile(rf"^{re.escape(running.host.url)}/dashboard(\?a=1)?#machine=nobody$")
        )
        await expect(page.get_by_role("dialog")).to_contain_text(
            "No machine 'nobody' is in the catalog or ever sent an event."
        )


async def test_where_people_sign_in_no_key_is_asked_for(page: Page, running: System) -> None:
    """The app's own 401, which has a body: the host's has none."""
    problem = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Sign in."}

    async def nobody(route: Route) -> None:
        text = json.dumps(problem)
        await route.fulfill(status=401, content_type="application/problem+json", body=text)

    await page.route("**/api/**", nobody)
    await page.goto(f"{running.host.url}/dashboard")
    link = page.get_by_role("link", name="sign in")
    await expect(link).to_have_attribute("href", "/.auth/login/aad?post_login_redirect_uri=/dashboard")
    await expect(page.get_by_label("host key")).to_be_hidden()
    await page.unroute("**/api/**")
    await expect(page.locator("#count")).not_to_be_empty()
    await expect(link).to_be_hidden()


async def test_a_key_in_the_address_is_in_no_other_request(page: Page, running: System) -> None:
    """Not as a query, not as a referrer, and the root's redirect drops it."""
    requests: list[tuple[str, str]] = []
    page.on("request", lambda asked: requests.append((asked.url, asked.headers.get("referer", ""))))
    await opened(page, running, "/dashboard?code=sesame")
    await expect(page.locator("#count")).not_to_be_empty()
    (first, *others) = requests
    assert first[0].endswith("/dashboard?code=sesame")
    assert len(others) > 5
    assert not [one for one in others if "sesame" in "".join(one)]
    requests.clear()
    await page.goto(f"{running.host.url}/?code=sesame")
    await expect(page).to_have_url(f"{running.host.url}/dashboard")
    assert [url for url, _ in requests if "sesame" in url] == [f"{running.host.url}/?code=sesame"]


CONTRAST = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if ((channels(color)[3] ?? 1) > 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll("body *")]
    .filter((node) => node.checkVisibility())
    .filter((node) => [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim()))
    .map((node) => {
      const colors = [getComputedStyle(node).color, behind(node)];
      const [one, other] = colors.map((color) => light(channels(color)));
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      return [ratio, `${node.tagName} ${node.className} ${node.textContent.slice(0, 30)}`];
    });
}"""
"""The contrast of every visible text to what lies behind it, as WCAG computes it."""


async def test_readable_in_both_colour_schemes_and_on_a_telephone(
    page: Page, context: BrowserContext, running: System
) -> None:
    device = Device("page-4")
    device.event("fault.raised", {"component": "coin", "code": "EAR"})
    device.temperature(4.0)
    device.temperature(11.0)
    await deliver(running, device)
    await known(running, "page-4", "11.0")
    await opened(page, running)
    await expect(page.locator("#rows tr", has_text="page-4")).to_contain_text("11.0 °C")
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        ratios = await page.evaluate(CONTRAST)
        assert len(ratios) > 40
        assert [one for one in ratios if one[0] < 4.5] == []
    await page.set_viewport_size({"width": 360, "height": 740})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    for role in ("banner", "main"):
        await expect(page.get_by_role(role)).to_have_count(1)
    for control in await page.locator("input, select, button").all():
        name = await control.evaluate("(node) => node.labels?.[0]?.textContent || node.textContent")
        assert name.strip(), await control.evaluate("(node) => node.outerHTML")
