"""A picture of the running dashboard, for the README.

Taken when the page shows sales of today, so that it shows what the page is for.
"""

from pathlib import Path

from devstack.commandline import NotDone
from vendctl import browser

WIDTH, HEIGHT = 1280, 1180
PATIENCE = 90_000
"""Milliseconds until the page must show machines and sales."""
LARGEST = 300_000
"""Bytes: it is loaded with every visit of the README."""


class NothingToShow(NotDone):
    """There is no browser, no page, or it shows no sales; the text says which."""


def write(file: Path, url: str, *, dark: bool = False) -> str:
    """Take the picture into a file; what to say of it. Raises NothingToShow."""
    path = browser.find()
    if path is None:
        raise NothingToShow("there is no Chromium; run: .venv/bin/python -m vendctl.browser --install")
    try:
        content = take(path, url, dark=dark)
    except NothingToShow as fault:
        raise NothingToShow(f"{fault}; start `make run` elsewhere, and look at the page") from fault
    if len(content) > LARGEST:
        raise NothingToShow(f"the picture has {len(content)} bytes; at most {LARGEST} are meant for a README")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return f"{file}: {WIDTH} × {HEIGHT}, {len(content)} bytes"


def take(executable: str, url: str, *, dark: bool = False, patience: float = PATIENCE) -> bytes:
    """The PNG of a dashboard with machines and sales. Raises NothingToShow."""
    from playwright.sync_api import Error, sync_playwright
    from playwright.sync_api import TimeoutError as TimedOut

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable)
        page = chromium.new_page(
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-US",
        )
        page.set_default_timeout(patience)
        try:
            page.goto(url)
            for shown in ("#rows tr", "#hours svg", "#top li"):
                page.locator(shown).first.wait_for()
        except TimedOut as fault:
            raise NothingToShow(f"{url} shows no sales within {patience / 1000:g} s") from fault
        except Error as fault:
            raise NothingToShow(f"{url} does not answer: {fault.message.splitlines()[0]}") from fault
        content = page.screenshot()
        chromium.close()
    return content
