"""Sessions: tokens ``{range}:-1#{lsn}``, with commas between ranges, and whose they are."""

from collections.abc import Sequence

from devstack.cosmos.catalog import Container, Range
from devstack.cosmos.errors import Refusal, bad_request
from devstack.cosmos.wire import Call


def session_headers(container: Container, ranges: Sequence[Range]) -> dict[str, str]:
    """What a client has seen after an answer from these ranges.

    The .NET client keeps the token of a container it calls by name only if the answer has both the name and
    the resource id (its ``SessionContainer``).
    """
    headers = {
        "x-ms-session-token": ",".join(f"{one.id}:-1#{container.lsn}" for one in ranges),
        "x-ms-alt-content-path": f"dbs/{container.db}/colls/{container.id}",
        "x-ms-content-path": container.rid,
    }
    if len(ranges) == 1:
        headers["x-ms-documentdb-partitionkeyrangeid"] = str(ranges[0].id)
    return headers


def check_session(call: Call, container: Container) -> None:
    """404/1002 when the client has seen writes that this account does not have (its data was reset)."""
    text = call.header("x-ms-session-token")
    if not text:
        return
    for one in text.split(","):
        lsn = one.rpartition(":")[2].partition("#")[2].partition("#")[0]
        if not lsn.isascii() or not lsn.isdigit():
            raise bad_request(f"The session token {one!r} is invalid: it has the form range:-1#lsn.")
        if int(lsn) > container.lsn:
            raise Refusal(404, "The read session is not available for the input session token.", 1002)
