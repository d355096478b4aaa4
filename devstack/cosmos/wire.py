"""A request and an answer as this server's parts see them, free of the HTTP library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from devstack.cosmos.errors import CODES, Refusal, bad_request

MAX_ITEM = 2 * 1024 * 1024
QUERY_TYPE = "application/query+json"


@dataclass(slots=True)
class Call:
    """One request. ``parts`` are the decoded path segments; header names are case-insensitive."""

    verb: str
    path: str
    parts: list[str]
    headers: Mapping[str, str]
    body: bytes
    now: float

    def header(self, name: str) -> str:
        """A header's value, or ''."""
        return self.headers.get(name, "")

    def flag(self, name: str) -> bool:
        """Whether a header says true."""
        return self.headers.get(name, "").lower() == "true"

    def json(self) -> Any:
        """The body; 400 when it is no JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise bad_request(f"The request body is not valid JSON: {error}.") from None

    def mapping(self) -> dict[str, Any]:
        """The body, which has to be an object."""
        found = self.json()
        if not isinstance(found, dict):
            raise bad_request("The request body must be a JSON object.")
        return found

    def page_size(self, default: int) -> int:
        """x-ms-max-item-count; -1 lets the server choose."""
        text = self.header("x-ms-max-item-count")
        try:
            wanted = int(text) if text else default
        except ValueError:
            wanted = 0
        if wanted == 0 or wanted < -1:
            raise bad_request(f"x-ms-max-item-count {text!r} must be -1 or a whole number above 0.")
        return default * 10 if wanted == -1 else wanted


@dataclass(slots=True)
class Reply:
    """One answer; ``charge`` in RU."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    charge: float = 0.0

    @classmethod
    def of(cls, value: Any, status: int = 200, charge: float = 0.0) -> "Reply":
        """An answer with a JSON body."""
        return cls(status, orjson.dumps(value), charge=charge)


def refused(error: Refusal, charge: float = 0.0) -> Reply:
    """The answer that carries a refusal."""
    headers = dict(error.headers)
    if error.substatus:
        headers["x-ms-substatus"] = str(error.substatus)
    if error.status == 304:
        return Reply(304, b"", headers, charge)
    body = {"code": CODES.get(error.status, str(error.status)), "message": error.message, **error.extra}
    return Reply(error.status, orjson.dumps(body), headers, charge)


def is_query(call: Call) -> bool:
    """Whether a POST asks instead of creating."""
    return call.flag("x-ms-documentdb-isquery") or call.header("content-type").startswith(QUERY_TYPE)


def text_of_query(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text and the parameters of a query's body."""
    text, listed = body.get("query"), body.get("parameters") or []
    if not isinstance(text, str) or not isinstance(listed, list):
        raise bad_request("A query request needs {'query': text, 'parameters': [{'name', 'value'}]}.")
    parameters: dict[str, Any] = {}
    for one in listed:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise bad_request(f"A query parameter needs a name and a value: {one!r}.")
        parameters[one["name"]] = one.get("value")
    return text, parameters
