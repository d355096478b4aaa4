"""The pages' files, from ``web/``: those that stand there at the first request, and no others.

``web/vendor`` holds what others wrote; set-up and deployment bring it from npm (``web/package.json``).
"""

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
DOCS_POLICY = POLICY.replace("img-src 'self'", "img-src 'self' data:")
"""The style sheet of the API's page brings its icons as data; they are pictures and run nothing."""
NOSNIFF = {"X-Content-Type-Options": "nosniff"}
"""Of every answer, the API's too."""
HEADERS = NOSNIFF | {"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin"}


@cache
def files() -> dict[str, tuple[bytes, str]]:
    """Name → (content, media type)."""
    folders = (ROOT / name for name in ("templates", "static", "vendor"))
    paths = sorted(path for folder in folders if folder.exists() for path in folder.iterdir())
    return {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in paths if path.suffix in TYPES}
