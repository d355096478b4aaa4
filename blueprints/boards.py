"""Which board a device's token speaks for. That the token holds is checked before a handler of a route with
the role DEVICE is called; here is only read what it says."""

from urllib.parse import unquote_plus, urlsplit

import azure.functions as func

from vending.commands.inbox import Board
from vending.events import publishers

SCHEME = "SharedAccessSignature "


def board(request: func.HttpRequest) -> Board | None:
    """The board of the header Authorization, which names one publisher of the hub; None for none."""
    said = request.headers.get("authorization", "")
    if not said.startswith(SCHEME):
        return None
    fields = dict(part.partition("=")[::2] for part in said.removeprefix(SCHEME).split("&"))
    try:
        path = urlsplit(unquote_plus(fields.get("sr", ""))).path
    except ValueError:
        return None
    found = publishers.parse(path.rstrip("/").rpartition("/")[2])
    return Board(*found) if found else None
