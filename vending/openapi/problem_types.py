"""The kinds of fault that an answer can tell of (RFC 9457): one table, by their titles.

A kind's address is stable, and leads to what this table says of it.
"""

from typing import Annotated

from msgspec import Meta

from vending.answer import Answer

PATH = "api/problems/"
"""Below it each kind has its address."""
MEDIA_TYPE = "application/problem+json"


class ProblemType(Answer, frozen=True):
    """A kind of fault."""

    type: Annotated[str, Meta(description="Its address.", examples=["/api/problems/not-found"])]
    title: str
    status: int
    means: Annotated[str, Meta(description="When it happens, and what to do.")]


class Problem(Answer, frozen=True):
    """A fault that a program can read (RFC 9457)."""

    type: Annotated[
        str,
        Meta(
            description="The kind of fault: switch on it. It leads to what is known of the kind.",
            examples=["/api/problems/not-found"],
            extra_json_schema={"format": "uri-reference"},
        ),
    ]
    title: Annotated[str, Meta(description="The kind, for people.", examples=["Not Found"])]
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: Annotated[str, Meta(description="What happened here, and what to do.")]
    request_id: Annotated[str, Meta(description="Also in `X-Request-Id`, and in the app's log lines.")]


_TOLD = (
    (400, "Invalid Parameter", "A query parameter is unknown or out of bounds. `detail` names it."),
    (400, "Invalid Body", "The body is no JSON, or a field of it is missing, unknown or out of bounds."),
    (400, "Body Not Taken", "The request brings a body where none is taken. Send none."),
    (400, "Bad Request", "The request contradicts what is known here. `detail` says how."),
    (401, "Unauthorized", "Nobody is signed in, or the token is not valid. Sign in again."),
    (403, "Forbidden", "The caller lacks the role that the route needs."),
    (404, "Not Found", "What the address names is not there."),
    (405, "Method Not Allowed", "The address has no such verb; `Allow` lists those that it has."),
    (406, "Not Acceptable", "None of the media types of `Accept` can be given."),
    (409, "Conflict", "The change does not fit what is there now. Read it again, then decide."),
    (412, "Precondition Failed", "Somebody changed it since it was read. Read it again, then decide."),
    (413, "Content Too Large", "The body is larger than what is taken here."),
    (415, "Unsupported Media Type", "The body has another media type than the one that is taken."),
    (422, "Unprocessable Content", "The body is well formed, and what it says cannot be done."),
    (428, "Precondition Required", "A change needs `If-Match` with the ETag of what was read."),
    (429, "Too Many Requests", "Ask again after `Retry-After` seconds."),
    (
        503,
        "Service Unavailable",
        "A store does not answer now. Ask again after `Retry-After` seconds.",
    ),
)


def address(title: str) -> str:
    """Of a kind, by its title."""
    return f"/{PATH}{title.lower().replace(' ', '-')}"


PROBLEM_TYPES = {title: ProblemType(address(title), title, status, means) for status, title, means in _TOLD}
"""Title → kind."""
