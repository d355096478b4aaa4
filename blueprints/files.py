"""The dashboard's files, from ``web/``: those that stand there at the first request, and no others."""

from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "web"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: nothing inline, nothing from elsewhere, nobody may frame the page."""
NOSNIFF = {"X-Content-Type-Options": "nosniff"}
"""Of every answer, the API's too."""
HEADERS = NOSNIFF | {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@cache
def files() -> dict[str, tuple[bytes, str]]:
    """Name → (content, media type)."""
    paths = sorted([*(ROOT / "templates").iterdir(), *(ROOT / "static").iterdir()])
    return {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in paths if path.suffix in TYPES}
