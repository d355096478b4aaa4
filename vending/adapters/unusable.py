"""A channel whose settings are wrong: what goes there waits until somebody mends them."""

from typing import Any

from vending.errors import Transient
from vending.mail import Mail


class Unusable:
    """The ports Webhook and Mailer. ``fault`` is what is wrong, in words that hold no secret."""

    def __init__(self, fault: str) -> None:
        self.fault = fault

    async def post(self, message: dict[str, Any], idempotency_key: str) -> None:  # noqa: ARG002 - none goes out
        """Raises Transient."""
        raise Transient(self.fault)

    async def send(self, mail: Mail) -> None:  # noqa: ARG002
        """Raises Transient."""
        raise Transient(self.fault)
