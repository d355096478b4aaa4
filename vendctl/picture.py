"""``vendctl picture``: a picture of the running dashboard, for the README.

Taken when the page shows sales of today, so that it shows what the page is for.
"""

import argparse
import sys
from pathlib import Path

from vendctl import browser

WIDTH, HEIGHT = 1280, 1180
PATIENCE = 90_000
"""Milliseconds until the page must show machines and sales."""
LARGEST = 300_000
"""Bytes: it is loaded with every visit of the README."""


class NothingToShow(Exception):
    """The page is not there, or shows no sales; the text says which."""


def main(argv: list[str]) -> int:
    """The command: 0 when the picture was written, 1 with the reason when not."""
    parser = argparse.ArgumentParser(prog="vendctl picture", description=__doc__)
    parser.add_argument("file", type=Path, help="the PNG to write")
    parser.add_argument("--url", default="http://localhost:7071/dashboard", help="of the running dashboard")
    parser.add_argument("--dark", action="store_true", help="in the dark colours")
    asked = parser.parse_args(argv)
    path = browser.find()
    if path is None:
        return _fail("there is no Chromium; run: .venv/bin/python -m vendctl.browser --install")
    try:
        content = take(path, asked.url, dark=asked.dark)
    except NothingToShow as fault:
        return _fail(f"{fault}; start `make run` elsewhere, and look at the page")
    if len(content) > LARGEST:
        return _fail(f"the picture has {len(content)} bytes; at most {LARGEST} are meant for a README")
    asked.file.parent.mkdir(parents=True, exist_ok=True)
    asked.file.write_bytes(content)
    print(f"{asked.file}: {WIDTH} × {HEIGHT}, {len(content)} bytes")
    return 0


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


def _fail(reason: str) -> int:
    print(f"no picture: {reason}", file=sys.stderr)
    return 1
