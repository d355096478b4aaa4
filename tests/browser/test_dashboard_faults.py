"""What people met on the dashboard and what is right, on answers that the tests make."""

import copy
import re
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from tests.support.pictures import file
from vendctl.local.system import System

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOURS = [{"hour": f"{hour:02d}", "vends": 0, "units": 0, "revenue": {}} for hour in range(24)]
MONEY = {"EUR": 366_141_00, "USD": 89_097_00, "GBP": 12_345_00}
DAY = {"date": "2026-03-02", "vends": 9, "units": 9, "free": 0, "test": 0, "failures": 1, "revenue": MONEY}
LONG = "kiosk-" + "0123456789" * 5
SUMMARY: dict[str, Any] = {
    "date": "2026-03-02",
    "timeZone": "Europe/Berlin",
    "machines": {
        "total": 60, "online": 0, "silent": 0, "imported": 0, "never": 60, "faulty": 0, "newestEvent": None,
    },
    "alerts": {"open": 0, "byRule": {}, "soldOut": 0},
    "day": DAY,
    "hours": [hour | {"revenue": MONEY, "units": 9} for hour in HOURS],
    "days": [DAY | {"date": f"2026-02-{day}"} for day in range(22, 29)] + [DAY],
    "topProducts": [
        {"sku": "s", "name": "Iced latte macchiato with oat milk, 0.33 l", "units": 9, "revenue": MONEY}
    ],
    "categories": [],
    "defective": 0,
}  # fmt: skip
ROW: dict[str, Any] = {
    "machineId": LONG, "site": "site-1", "state": "online", "lastSeen": "2026-03-02T11:58:12.000Z",
    "temperatures": [], "faults": [], "doorOpen": None, "power": None, "soldOut": [], "onHand": 3,
    "capacity": 9,
    "totals": {"vends": 1, "revenue": {}}, "lastVend": None, "missingLedgerNumbers": 0,
    "lostLedgerNumbers": 0,
}  # fmt: skip
MACHINE: dict[str, Any] = {
    "machineId": LONG, "site": "site-1",
    "condition": {
        "state": "online", "temperatures": [], "faults": [], "lastSeen": "2026-03-02T11:58:12.000Z",
    },
    "totals": {"units": 1, "revenue": MONEY}, "last": {}, "holes": [],
    "lost": {"holes": 0, "numbers": 0, "epochs": 0, "at": None},
    "slots": [
        {"selection": "A1", "onHand": 0, "capacity": 10}, {"selection": "A2", "onHand": 2, "capacity": 10},
        {"selection": "A3", "onHand": 9, "capacity": 10},
    ],
    "day": None, "alerts": [],
}  # fmt: skip
ALERT = {"machineId": LONG, "title": "Fault coin", "since": "2026-03-02T09:00:00.000Z"}


class Api:
    """The API as a test wants it; what was asked of it."""

    def __init__(self) -> None:
        self.summary: dict[str, Any] = copy.deepcopy(SUMMARY)
        self.alerts: list[dict[str, Any]] = []
        self.machines: list[dict[str, Any]] = [ROW]
        self.machine = dict(MACHINE)
        """Whole, whichever is opened."""
        self.photos: list[dict[str, Any]] = []
        self.visits: list[dict[str, Any]] = []
        self.visit: dict[str, Any] = {}
        """Whole, whichever is opened."""
        self.audits: list[dict[str, Any]] = []
        self.picture = b""
        """Of each of them."""
        self.broken: dict[str, tuple[int, dict[str, str], str]] = {}
        """Part of a path → status, headers, detail."""
        self.asked: list[str] = []

    async def answer(self, route: Route) -> None:
        url = route.request.url.partition("/api/")[2]
        self.asked.append(url)
        for part, (status, headers, detail) in self.broken.items():
            if part in url:
                await route.fulfill(status=status, headers=headers, json={"detail": detail})
                return
        if "summary" in url:
            await route.fulfill(json=self.summary)
        elif "alerts" in url:
            limit = int(url.rpartition("=")[2])
            await route.fulfill(json={"alerts": self.alerts[:limit], "open": len(self.alerts)})
        elif "v1/photos/" in url:
            await route.fulfill(body=self.picture, content_type="image/webp")
        elif "/visits/" in url:
            await route.fulfill(json=self.visit)
        elif "/visits" in url:
            await route.fulfill(json={"visits": self.visits})
        elif "/photos" in url:
            await route.fulfill(json={"photos": self.photos})
        elif "/audits" in url:
            sources = [{"since": "2026-03-01", "sales": "audit"}]
            await route.fulfill(json={"audits": self.audits, "sources": sources, "next": None})
        elif "/sales" in url:
            sale = {"kind": "vend", "at": "2026-03-02T11:58:12.000Z", "selection": "A1", "paidMinor": 150,
                    "currency": "EUR", "payment": "cash"}  # fmt: skip
            await route.fulfill(json={"sales": [sale]})
        elif "machines/" in url:
            await route.fulfill(json=self.machine)
        else:
            page = {"machines": self.machines, "next": None, "total": len(self.machines)}
            await route.fulfill(json=page)


@pytest_asyncio.fixture(loop_scope="module")
async def api(page: Page) -> Api:
    found = Api()
    await page.route("**/api/v1/**", found.answer)
    return found


async def opened(page: Page, running: System, address: str = "") -> None:
    await page.goto(f"{running.host.url}/dashboard{address}")
    await expect(page.locator("#count")).not_to_be_empty()


@pytest.mark.parametrize("today", ["2026-03-02", "2028-01-01"])
@pytest.mark.parametrize("width", [320, 390, 720, 1000, 1440])
async def test_nothing_is_wider_than_the_page(
    page: Page, api: Api, running: System, width: int, today: str
) -> None:
    """Three currencies, a machine id of 56 letters, days of this year or of another, whose year is shown;
    320 is 400 % of zoom (WCAG 1.4.10).
    """
    await page.clock.set_fixed_time(f"{today}T12:00:00Z")
    api.alerts = [ALERT]
    await page.set_viewport_size({"width": width, "height": 800})
    await opened(page, running)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.locator("#rows").get_by_role("button", name=LONG).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("A3")
    box = await dialog.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    inside = "(node) => [node.scrollWidth <= node.clientWidth, node.scrollLeft]"
    assert await dialog.evaluate(inside) == [True, 0]
    assert await page.locator("#machine-body").evaluate(inside) == [True, 0]
    assert await page.locator("#machine-title").evaluate(
        "(node) => node.getBoundingClientRect().height > 0 && node.scrollWidth <= node.clientWidth"
    )


async def test_products_that_are_not_told_apart_are_a_sum_of_their_own(
    page: Page, api: Api, running: System
) -> None:
    await opened(page, running)
    await expect(page.locator("#top-other")).to_be_hidden()
    api.summary["otherProducts"] = {"units": 1_234, "revenue": {"EUR": 7_500}}
    await opened(page, running)
    await expect(page.locator("#top-other")).to_contain_text("Products not told apart: 1,234")
    await expect(page.locator("#top-other")).to_contain_text("75.00")


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("most", [150, 40_000, 59_000_026_290])
async def test_the_axis_of_the_chart_is_not_cut(
    page: Page, api: Api, running: System, width: int, most: int
) -> None:
    api.summary["day"] = DAY | {"revenue": {"EUR": most}}
    api.summary["hours"][9]["revenue"] = {"EUR": most}
    for hour in api.summary["hours"]:
        hour["revenue"] = {"EUR": most}
    await page.set_viewport_size({"width": width, "height": 800})
    await opened(page, running)
    lefts = await page.locator("#hours text.end").evaluate_all("(all) => all.map((one) => one.getBBox().x)")
    assert len(lefts) >= 2
    assert min(lefts) >= 0


async def test_the_hours_can_be_read_as_a_table(page: Page, api: Api, running: System) -> None:
    await opened(page, running)
    await page.get_by_text("The hours as a table").click()
    rows = page.locator("#hours-rows tbody tr")
    await expect(rows).to_have_count(24)
    await expect(rows.nth(9)).to_contain_text(re.compile(r"09.*€.*9"))


async def test_machines_that_never_reported_are_shown(page: Page, api: Api, running: System) -> None:
    api.machines = [ROW | {"machineId": "new-1", "state": "never", "lastSeen": None}]
    await opened(page, running)
    await expect(page.locator("#silent")).to_contain_text("60 never heard")
    await expect(page.locator("#rows tr")).to_contain_text("never heard")
    dot = "getComputedStyle(document.querySelector('.dot')).backgroundColor"
    unheard = await page.evaluate(dot)
    api.summary["machines"]["newestEvent"] = "2026-03-02T11:58:12.000Z"
    await page.reload()
    await expect(page.locator("#freshness-text")).to_contain_text("Newest event")
    assert await page.evaluate(dot) != unheard


async def test_every_time_and_day_says_by_whose_clock(page: Page, api: Api, running: System) -> None:
    await opened(page, running, f"#machine={LONG}")
    zone = await page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    said = f"Days and hours are by each site's clock, today by Europe/Berlin; times by yours, {zone}."
    await expect(page.locator("#zones")).to_have_text(said)
    await expect(page.get_by_role("dialog").locator("thead")).to_contain_text(f"Time ({zone})")


async def test_what_is_now_does_not_stand_under_a_past_day(page: Page, api: Api, running: System) -> None:
    api.machine["day"] = {"date": "2025-03-02", "figures": {"revenue": {"EUR": 150}, "units": 1}}
    await opened(page, running, f"#day=2025-03-02&machine={LONG}")
    api.summary["date"] = "2025-03-02"
    await page.reload()
    await expect(page.get_by_role("dialog")).to_contain_text("Sold on Sun, Mar 2, 2025")
    await expect(page.locator("#figures-title")).to_have_text("Sun, Mar 2, 2025")
    day = page.get_by_role("region", name="Sun, Mar 2, 2025")
    await expect(day.locator("#revenue")).to_be_attached()
    await expect(day.locator("#online, #open-alerts")).to_have_count(0)
    await expect(page.get_by_label("Now", exact=True).locator("#online, #open-alerts")).to_have_count(2)
    assert f"v1/machines/{LONG}?day=2025-03-02" in api.asked


async def test_a_day_to_come_is_said_to_be_one(page: Page, api: Api, running: System) -> None:
    api.summary["date"] = "2098-01-01"
    await opened(page, running, "#day=2098-01-01")
    await expect(page.locator("#figures-title")).to_have_text("Wed, Jan 1, 2098 (to come)")


async def test_trouble_is_seen_wherever_one_looks(page: Page, api: Api, running: System) -> None:
    """Scrolled down, and in the panel of a machine."""
    api.machines = [ROW | {"machineId": f"m{number}"} for number in range(40)]
    await opened(page, running)
    api.broken["api"] = api.broken["v1"] = (503, {}, "A store is away.")
    await page.locator("#rows tr").last.scroll_into_view_if_needed()
    banner = page.locator("#banner")
    await expect(banner).to_contain_text("does not answer: A store is away. What it shows is of")
    await expect(banner).to_be_in_viewport()
    await page.get_by_role("button", name="m39", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("A store is away")
    await expect(dialog).to_contain_text("Nothing is known of this machine yet.")


async def test_one_store_that_is_away_blanks_no_other_part(page: Page, api: Api, running: System) -> None:
    api.broken["summary"] = (503, {}, "A store is away.")
    api.alerts = [ALERT]
    await opened(page, running)
    await expect(page.locator("#rows tr")).to_have_count(1)
    await expect(page.locator("#alerts li")).to_have_count(1)
    await expect(page.locator("#banner")).to_contain_text(
        "does not answer in part: A store is away. There are"
    )


async def test_a_refused_question_is_no_outage_and_not_asked_again(
    page: Page, api: Api, running: System
) -> None:
    await page.clock.install()
    await opened(page, running)
    api.broken["summary"] = (400, {}, "'day' is wrong. The parameters are: day.")
    await page.get_by_label("Day", exact=True).fill("2026-02-02")
    banner = page.locator("#banner")
    await expect(banner).to_have_text(
        "The API refuses the question: 'day' is wrong. The parameters are: day."
    )
    asked = len(api.asked)
    await page.clock.run_for(120_000)
    assert len(api.asked) == asked
    api.broken.clear()
    await page.get_by_label("Day", exact=True).fill("2026-02-03")
    await expect(banner).to_be_hidden()


@pytest.mark.parametrize("day", ["1999-01-01", "2026-99-99", "tomorrow"])
async def test_a_day_that_is_none_is_said_and_leaves_the_address(
    page: Page, api: Api, running: System, day: str
) -> None:
    await opened(page, running, f"#day={day}")
    await expect(page.locator("#banner")).to_contain_text(
        f'"{day}" is no day between 2000-01-01 and 2099-12-31'
    )
    assert page.url == f"{running.host.url}/dashboard"
    assert not [path for path in api.asked if day in path]


async def test_an_api_that_asks_for_time_gets_it(page: Page, api: Api, running: System) -> None:
    await page.clock.install()
    api.broken["v1"] = (503, {"Retry-After": "30"}, "A store is away.")
    await page.goto(f"{running.host.url}/dashboard")
    await expect(page.locator("#banner")).to_be_visible()
    asked = len(api.asked)
    await page.clock.run_for(29_000)
    assert len(api.asked) == asked
    async with page.expect_request("**/api/v1/**"):
        await page.clock.run_for(10_000)


async def test_all_alerts_can_be_seen(page: Page, api: Api, running: System) -> None:
    api.alerts = [ALERT | {"title": f"Fault {number}"} for number in range(20)]
    await opened(page, running)
    shown = page.locator("#alerts li")
    await expect(shown).to_have_count(8)
    await expect(shown.last).to_be_visible()
    hidden = "(list) => list.scrollHeight - list.clientHeight"
    assert await page.locator("#alerts").evaluate(hidden) <= 1
    await page.get_by_role("button", name="Show all 20").click()
    await expect(shown).to_have_count(20)
    await page.get_by_role("button", name="Show the newest 8 of 20").click()
    await expect(shown).to_have_count(8)


async def test_a_slot_that_is_sold_out_or_low_is_marked(page: Page, api: Api, running: System) -> None:
    await opened(page, running, f"#machine={LONG}")
    slots = page.locator(".slots li")
    await expect(slots.nth(0)).to_have_class("sold-out")
    await expect(slots.nth(0)).to_contain_text("sold out")
    await expect(slots.nth(1)).to_have_class("low")
    await expect(slots.nth(2)).not_to_have_class(re.compile("low|sold"))
    border = "(node) => getComputedStyle(node.querySelector('.trough')).borderTopStyle"
    assert [await slots.nth(at).evaluate(border) for at in (0, 2)] == ["dashed", "none"]
    await page.emulate_media(forced_colors="active")
    seen = "(node) => getComputedStyle(node.querySelector('.level')).backgroundColor"
    ground = await page.evaluate("getComputedStyle(document.querySelector('#machine')).backgroundColor")
    assert await slots.nth(2).evaluate(seen) != ground


async def test_a_day_that_is_being_read_is_marked(page: Page, api: Api, running: System) -> None:
    await opened(page, running)
    api.broken["day=2026-02-02"] = (503, {"Retry-After": "60"}, "A store is away.")
    await page.get_by_label("Day", exact=True).fill("2026-02-02")
    await expect(page.locator("body")).to_have_class(re.compile("waiting"))
    await expect(page.locator("#figures-title")).to_have_text(re.compile("Mon, Feb 2"))
    api.broken.clear()
    api.summary["date"] = "2026-02-03"
    await page.get_by_label("Day", exact=True).fill("2026-02-03")
    await expect(page.locator("body")).not_to_have_class(re.compile("waiting"))


async def test_a_filter_that_nothing_matches_says_so(page: Page, api: Api, running: System) -> None:
    await opened(page, running)
    await expect(page.locator("#rows-none")).to_be_hidden()
    await page.get_by_label("Find").fill("nothing like it")
    await expect(page.locator("#rows-none")).to_have_text("No machine matches.")


@pytest.mark.parametrize("name", [".", "..", "a/b", "x" * 65])
async def test_a_machine_that_cannot_be_is_not_asked_for(
    page: Page, api: Api, running: System, name: str
) -> None:
    await opened(page, running, f"#machine={name}")
    await expect(page.get_by_role("dialog")).to_contain_text("is no machine id")
    assert not [path for path in api.asked if path.startswith("v1/machines/")]


async def test_the_skip_link_leaves_the_address_alone(page: Page, api: Api, running: System) -> None:
    await opened(page, running, "#day=2026-02-02")
    await page.get_by_role("link", name="Skip to the machines").press("Enter")
    await expect(page.locator("#machines-panel")).to_be_focused()
    assert page.url.endswith("#day=2026-02-02")


@pytest.mark.parametrize(
    ("locale", "money"), [("ar-EG", "€366,141.00"), ("de-DE", "€366,141.00"), ("en-IE", "€366,141.00")]
)
async def test_numbers_speak_the_language_of_the_page(
    browser: Browser, running: System, locale: str, money: str
) -> None:
    """The words are English; Arabic digits would also turn the order of amounts and signs round."""
    context: BrowserContext = await browser.new_context(locale=locale)
    page = await context.new_page()
    await page.route("**/api/v1/**", Api().answer)
    await opened(page, running)
    amounts = (
        f"{money} · US$89,097.00 · £12,345.00" if locale == "en-IE" else f"{money} · $89,097.00 · £12,345.00"
    )
    shown = (await page.locator("#revenue").inner_text()).replace("\u2068", "").replace("\u2069", "")
    assert shown == amounts
    assert (await page.locator("#revenue").inner_text()).count("\u2068") == 3
    await context.close()


async def test_photos_are_drawn_in_the_panel_and_a_broken_one_costs_itself(
    page: Page, running: System, api: Api
) -> None:
    api.picture = file(Image.new("RGB", (320, 240), (200, 30, 30)), "WEBP")
    whole = {"thumbnail": f"/api/v1/photos/{LONG}~1/320", "uploadedAt": "2026-03-02T11:58:12.000Z",
             "visitId": "visit-0031", "width": 4000, "height": 3000}  # fmt: skip
    torn = whole | {"thumbnail": f"/api/v1/photos/{LONG}~2/320", "visitId": None}
    api.photos = [whole, torn]
    api.broken["~2/320"] = (503, {}, "away")
    await opened(page, running, f"#machine={LONG}")
    drawn = page.get_by_role("img", name="visit visit-0031")
    await expect(drawn).to_have_attribute("data-drawn", "true")
    color = await drawn.evaluate("it => [...it.getContext('2d').getImageData(80, 60, 1, 1).data]")
    assert all(abs(one - other) < 12 for one, other in zip(color, (200, 30, 30, 255), strict=True))
    await expect(page.locator(".photos canvas").last).to_have_attribute("data-drawn", "false")
    await expect(page.locator(".photos li")).to_have_count(2)


VISIT = {
    "machineId": LONG, "visitId": "visit-0031", "reason": "fill", "started": "2026-03-02T11:40:00.000Z",
    "ended": None, "first": "2026-03-02T11:40:00.000Z", "last": "2026-03-02T11:58:12.000Z", "restocks": 1,
    "added": 9, "removed": 0, "spoiled": 1, "collections": 1, "collected": {"EUR": 14450}, "photos": 1,
    "files": 1,
}  # fmt: skip
WHOLE = {
    "machineId": LONG, "visitId": "visit-0031", "reason": "fill", "userRef": "<b>driver</b>",
    "started": "2026-03-02T11:40:00.000Z", "ended": None,
    "restocks": [{"slots": [
        {"selection": "A1", "before": 2, "added": 9, "removed": 0, "spoiled": 1, "after": 10},
    ]}],
    "collections": [
        {"bagId": "bag-7", "currency": "EUR", "boxMinor": 8450, "billsMinor": 6000, "countedMinor": None},
    ],
    "photos": [{"thumbnail": f"/api/v1/photos/{LONG}~1/320", "uploadedAt": "2026-03-02T11:55:00.000Z"}],
    "files": [{"kind": "dex", "state": "rejected", "said": "no-audit: it is empty"}],
}  # fmt: skip


async def test_a_visit_opens_and_stays_open_when_figures_change(
    page: Page, running: System, api: Api
) -> None:
    api.picture = file(Image.new("RGB", (240, 320), (200, 30, 30)), "WEBP")
    api.visits, api.visit = [VISIT], WHOLE
    await opened(page, running, f"#machine={LONG}")
    line = page.locator(".visits summary")
    await expect(line).to_contain_text("fill · not left yet · 9 units added · ")
    await expect(line).to_contain_text("144.50")
    assert not [url for url in api.asked if "/visits/" in url], "nobody has opened it"
    await line.click()
    body = page.locator(".visits details > div")
    await expect(body.locator("tbody tr")).to_have_text("A1290110")
    await expect(body).to_contain_text("not counted yet")
    await expect(body).to_contain_text("rejected: no-audit: it is empty")
    await expect(body).to_contain_text("<b>driver</b>")
    drawn = body.get_by_role("img", name="visit visit-0031")
    await expect(drawn).to_have_attribute("data-drawn", "true")
    assert await drawn.evaluate("it => it.height > it.width"), "as tall as the picture is"
    api.visits = [VISIT | {"added": 10}]
    await expect(line).to_contain_text("10 units added")
    await expect(body.locator("tbody tr")).to_have_text("A1290110")
    assert len([url for url in api.asked if "/visits/" in url]) == 1


async def test_a_visit_that_cannot_be_read_says_so(page: Page, running: System, api: Api) -> None:
    api.visits, api.broken["/visits/"] = [VISIT], (503, {}, "The store is away.")
    await opened(page, running, f"#machine={LONG}")
    await page.locator(".visits summary").click()
    await expect(page.locator(".visits details > div")).to_have_text("The store is away.")


async def test_audits_are_told_in_the_panel_with_what_differs(page: Page, running: System, api: Api) -> None:
    plain = {"number": 1, "readAt": "2026-03-01T08:00:00.000Z", "checksum": "right", "currency": "EUR",
             "placed": "baseline", "reason": "reset", "sold": None, "reconciliation": None}  # fmt: skip
    agrees = {"vends": {"missed": 0, "variance": 0}}
    sold = plain | {"placed": "after", "reason": None, "sold": {"vends": 7, "valueMinor": 700}}
    api.audits = [
        sold | {"reconciliation": {"vends": {"missed": 2, "variance": 250}}, "checksum": "<b>wrong</b>"},
        sold | {"reconciliation": agrees, "sold": {"vends": 1, "valueMinor": 100}},
        plain,
    ]
    await opened(page, running, f"#machine={LONG}")
    rows = page.locator(".audits tbody tr")
    await expect(rows).to_have_count(3)
    await expect(rows.nth(0)).to_contain_text("2 vends missed")
    await expect(rows.nth(0)).to_contain_text("<b>wrong</b>")
    await expect(rows.nth(1)).to_contain_text("1 vend")
    await expect(rows.nth(1)).to_contain_text("agrees")
    await expect(rows.nth(2)).to_contain_text("the beginning: nothing is claimed of the time before (reset)")
    await expect(page.locator(".audits .differs")).to_have_count(1)
    await expect(page.locator(".audits")).to_contain_text("since 2026-03-01 sales are those of the audits")
