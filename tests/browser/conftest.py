"""A real browser on the dashboard of the real app: one for a file, with a fresh profile for each test."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from vendctl import browser as chromium
from vendctl.local.system import System

INSTALL = ".venv/bin/python -m vendctl.browser --install"

expect.set_options(timeout=60_000)  # Playwright's own five seconds are too few where many systems run at once


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, or Playwright's; a machine without one fails, and says what to run."""
    path = chromium.find()
    if path is None:
        pytest.fail(f"no Chromium for the browser tests; run: {INSTALL}")
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=path)
        yield found
        await found.close()


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh profile that speaks English."""
    found = await browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    yield found
    await found.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(running: System, context: BrowserContext) -> AsyncIterator[Page]:
    """An empty page; afterwards, nothing may have gone wrong in it that the test did not ask for."""
    faults: list[str] = []
    found = await context.new_page()
    found.on("pageerror", lambda fault: faults.append(f"script error: {fault}"))
    # The policy that the page may load nothing from elsewhere is told on the console when it is broken.
    found.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    yield found
    assert faults == []
