"""The API's page in a real browser: every operation is there, and one can be tried, under its policy."""

import pytest
from playwright.async_api import Page, expect

import function_app  # noqa: F401 - declares the routes
from blueprints.routes import ROUTES
from vendctl.local.system import System

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_people_read_and_try_the_api(running: System, page: Page) -> None:
    """The fixture fails for what the policy refuses."""
    operations = [one for one in ROUTES.values() if one.path.startswith("api/") and one.method != "OPTIONS"]
    await page.goto(f"{running.host.url}/docs")
    await expect(page.locator(".opblock")).to_have_count(len(operations))
    await expect(page.locator("#lacking")).to_be_hidden()
    health = page.locator("#operations-app-get_health")
    await health.locator(".opblock-summary").click()
    await health.get_by_role("button", name="Execute").click()
    await expect(health.locator(".live-responses-table tbody .response-col_status")).to_contain_text("200")
