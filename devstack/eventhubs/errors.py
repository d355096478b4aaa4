"""The refusals of the service: one exception, and a constructor for each kind.

Conditions are the AMQP 1.0 standard's (part 2, section 2.8) and the service's own ``com.microsoft:`` symbols.
"""

DECODE_ERROR = "amqp:decode-error"
FRAMING_ERROR = "amqp:connection:framing-error"
FORCED = "amqp:connection:forced"
INTERNAL_ERROR = "amqp:internal-error"
INVALID_FIELD = "amqp:invalid-field"
LINK_STOLEN = "amqp:link:stolen"
MESSAGE_SIZE = "amqp:link:message-size-exceeded"
NOT_ALLOWED = "amqp:not-allowed"
NOT_FOUND = "amqp:not-found"
NOT_IMPLEMENTED = "amqp:not-implemented"
RESOURCE_LIMIT = "amqp:resource-limit-exceeded"
TRANSFER_LIMIT = "amqp:link:transfer-limit-exceeded"
UNATTACHED_HANDLE = "amqp:session:unattached-handle"
HANDLE_IN_USE = "amqp:session:handle-in-use"
UNAUTHORIZED = "amqp:unauthorized-access"
WINDOW_VIOLATION = "amqp:session:window-violation"
OUT_OF_RANGE = "com.microsoft:argument-out-of-range"
ARGUMENT = "com.microsoft:argument-error"
PUBLISHER_REVOKED = "com.microsoft:publisher-revoked"
SERVER_BUSY = "com.microsoft:server-busy"


class AmqpError(Exception):
    """A protocol error: ``condition`` is a symbol, ``description`` says what happened and what to do next."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(f"{condition}: {description}")
        self.condition = condition
        self.description = description


def decode_error(what: str) -> AmqpError:
    """Bytes that are not what the standard says they must be."""
    return AmqpError(DECODE_ERROR, what)


def not_found(entity: str, hint: str = "") -> AmqpError:
    """``entity`` is the path of what is missing, for example ``orders/ConsumerGroups/audit``.

    The words are the service's: the SDKs tell a missing entity from a passing fault by them.
    """
    return AmqpError(NOT_FOUND, f"The messaging entity '{entity}' could not be found.{hint and ' ' + hint}")


def not_implemented(what: str) -> AmqpError:
    """Something the standard or the service knows, and this server does not."""
    return AmqpError(NOT_IMPLEMENTED, f"{what} is not supported by this server.")


def unauthorized(description: str) -> AmqpError:
    """No valid token gives the right that was needed."""
    return AmqpError(UNAUTHORIZED, description)


def out_of_range(description: str) -> AmqpError:
    """A partition or a position that does not exist."""
    return AmqpError(OUT_OF_RANGE, description)
