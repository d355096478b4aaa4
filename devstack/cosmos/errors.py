"""The service's refusals: one exception, and a constructor for each kind this server answers with."""

CODES = {
    304: "NotModified", 400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound",
    405: "MethodNotAllowed", 408: "RequestTimeout", 409: "Conflict", 410: "Gone", 412: "PreconditionFailed",
    413: "RequestEntityTooLarge", 424: "FailedDependency", 429: "429", 449: "RetryWith",
    500: "InternalServerError", 503: "ServiceUnavailable", 507: "InsufficientStorage",
}  # fmt: skip


class Refusal(Exception):
    """A request the server answers with an error status.

    ``status`` and ``substatus`` are the protocol's, ``headers`` go out with it, ``extra`` into its body.
    """

    def __init__(
        self,
        status: int,
        message: str,
        substatus: int = 0,
        headers: dict[str, str] | None = None,
        extra: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.substatus = substatus
        self.headers = headers or {}
        self.extra = extra or {}


def bad_request(message: str, substatus: int = 0) -> Refusal:
    """400: the request itself is wrong."""
    return Refusal(400, message, substatus)


def not_found(what: str) -> Refusal:
    """404: ``what`` names the missing resource, for example ``database 'shop'``."""
    return Refusal(404, f"Resource Not Found: {what} does not exist.")


def owner_not_found(what: str) -> Refusal:
    """404/1003: the database or container above the item is missing."""
    return Refusal(404, f"Owner resource does not exist: {what}.", 1003)


def conflict(what: str) -> Refusal:
    """409: the id is taken, or a unique constraint holds."""
    return Refusal(409, f"Resource with specified id or name already exists: {what}.")


def precondition_failed() -> Refusal:
    """412: If-Match or If-None-Match does not hold."""
    return Refusal(412, "One of the specified pre-condition is not met.")


def unsupported(feature: str) -> Refusal:
    """400: the service can do it, this server cannot, and says so."""
    return Refusal(400, f"{feature} is not supported by this local server. Use the real service to try it.")


def range_gone(range_id: str) -> Refusal:
    """410/1002: the partition key range was split; the client has to read the ranges again."""
    return Refusal(410, f"The requested partition key range '{range_id}' is no longer available.", 1002)


def syntax_error(message: str) -> Refusal:
    """400 for a query that does not parse or uses what the language lacks (SC1001, the gateway's code)."""
    detail = '{"errors":[{"severity":"Error","code":"SC1001","message":' + _quote(message) + "}]}"
    return Refusal(400, f"Message: {detail}")


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
