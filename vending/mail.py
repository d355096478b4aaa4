"""A mail to one address, whatever it is about. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mail:
    """What :class:`vending.ports.Mailer` sends.

    ``key`` is an idempotency key: a mail that is sent again under the same one has the same Message-ID, so
    that the receiving side can drop it. ``subject`` is one line; control characters in it become spaces.
    """

    to: str
    """A bare address, ``name@host``."""
    subject: str
    text: str
    html: str
    """The same for those who read HTML, a whole document; ``""``: there is the text alone."""
    key: str
