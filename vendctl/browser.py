"""A Chromium for the browser test and the dashboard's picture: the system's, else Playwright's own.

``python -m vendctl.browser`` prints its path; ``--install`` brings one where there is none: by
``playwright install``, else by apt when root, else it fails and names the one command to run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def find() -> str | None:
    """The path of a Chromium that can be run, or None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    for name in NAMES:
        if found := shutil.which(name):
            return found
    return str(MAC) if MAC.exists() else _playwrights()


def _playwrights() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() and _runs(path) else None


def _runs(path: str) -> bool:
    """Whether its system libraries are there too."""
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0  # noqa: S603


def install() -> str:
    """Find a browser, or bring one. Raises SystemExit that names the command to run."""
    if found := find():
        return found
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if found := find():
        return found
    if os.geteuid() == 0 and (apt := shutil.which("apt-get")):
        subprocess.run([apt, "update", "-qq"], check=False)  # noqa: S603
        subprocess.run([apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"], check=False)  # noqa: S603
        if found := find():
            return found
    raise SystemExit(
        "no Chromium for the browser test (CHROMIUM=/path names one). Run: "
        "sudo .venv/bin/python -m playwright install --with-deps chromium"
    )


def main(argv: list[str]) -> int:
    """Print the browser's path."""
    if argv == ["--install"]:
        install()
    else:
        print(find() or "")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
