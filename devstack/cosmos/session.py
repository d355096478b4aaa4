"""Session tokens: ``{range}:-1#{lsn}``, with commas between ranges."""

from devstack.cosmos.catalog import Container, Range
from devstack.cosmos.errors import Refusal, bad_request
from devstack.cosmos.wire import Call


def session_token(container: Container, ranges: list[Range]) -> str:
    """What a client has seen after this answer."""
    return ",".join(f"{one.id}:-1#{container.lsn}" for one in ranges)


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
