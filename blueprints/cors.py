"""Pages of other origins may use the API where CORS_ORIGINS names them (WHATWG Fetch, "HTTP-CORS protocol").

Credentials of the browser (cookies) are never allowed: callers send a key or a token themselves.
"""

import azure.functions as func

from blueprints.compression import vary
from vending import wiring

EXPOSED = "ETag, Link, Location, Retry-After, X-Request-Id"
"""What of an answer such a page may read, beside its type and body."""
ALLOWED = (
    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Functions-Key,"
    " X-Operator, X-Request-Id, Traceparent"
)
"""What of a request it may set."""
MAX_AGE = "3600"
"""Seconds for which a browser need not ask again."""


def shared(request: func.HttpRequest, answer: func.HttpResponse) -> None:
    """Let the origin of the request read the answer, if it is one of those that may."""
    origins = wiring.cors_origins()
    if not origins:
        return
    vary(answer, "Origin")
    origin = request.headers.get("origin", "")
    if origin and ("*" in origins or origin in origins):
        answer.headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else origin
        answer.headers["Access-Control-Expose-Headers"] = EXPOSED


def preflight(methods: list[str]) -> dict[str, str]:
    """Headers of the answer to OPTIONS."""
    listed = ", ".join(methods)
    headers = {"Allow": listed}
    if wiring.cors_origins():
        headers["Access-Control-Allow-Methods"] = listed
        headers["Access-Control-Allow-Headers"] = ALLOWED
        headers["Access-Control-Max-Age"] = MAX_AGE
    return headers
