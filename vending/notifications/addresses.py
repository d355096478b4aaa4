"""Where notifications go, as settings say it, judged. Pure: texts → a receiver, a mail server, addresses.

Each raises ValueError in words that hold neither an address of a webhook nor a password.
"""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal, get_args
from urllib.parse import urlsplit

from vending.notifications import signing
from vending.notifications.shapes import SHAPES, Shape

Tls = Literal["implicit", "starttls", "none"]
"""TLS from the first byte (usually port 465), STARTTLS or nothing (587), or none, to this computer alone."""
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_HOST}")
"""A bare address in ASCII: the common part of what mail servers take, without quotes and comments."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A webhook's address, the key that posts are signed with, and how they are written."""

    url: str = field(repr=False)
    key: bytes | None = field(default=None, repr=False)
    shape: Shape = "standard"


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server, and as whom and from whom it is given mails."""

    host: str
    port: int
    tls: Tls
    sender: str
    user: str = ""
    """Empty: without authentication."""
    password: str = field(default="", repr=False)


def receiver(url: str, secret: str, shape: str) -> Receiver | None:
    """Who gets posts; None where no address is set."""
    if not url:
        return None
    if fault := _fault(url):
        raise ValueError(f"app setting NOTIFY_WEBHOOK_URL {fault}")
    try:
        key = signing.key_of(secret) if secret else None
    except ValueError as fault:
        raise ValueError(f"app setting NOTIFY_WEBHOOK_SECRET {fault}") from None
    known = next((one for one in SHAPES if one == shape), None)
    if known is None:
        raise ValueError(f"app setting NOTIFY_WEBHOOK_SHAPE is {shape!r}; give {', '.join(SHAPES)}")
    return Receiver(url, key, known)


def mail_server(where: tuple[str, str, str], sender: str, account: tuple[str, str]) -> MailServer | None:
    """The server at (host, port, TLS), with the account's (user, password); None where no host is set."""
    host, port, tls = where
    if not host:
        return None
    if not re.fullmatch(_HOST, host) and not _here(host):
        raise ValueError("app setting SMTP_HOST is no host: write its name, without port")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65_535:
        raise ValueError(f"app setting SMTP_PORT is {port!r}; give a port from 1 to 65535")
    modes: tuple[Tls, ...] = get_args(Tls)
    mode = next((one for one in modes if one == tls), None)
    if mode is None:
        raise ValueError(f"app setting SMTP_TLS is {tls!r}; give {', '.join(modes)}")
    if mode == "none" and not _here(host):
        raise ValueError(
            "app setting SMTP_TLS is 'none', which is taken for this computer alone: anybody on "
            "the way could read mails and password"
        )
    if not is_address(sender):
        raise ValueError("app setting MAIL_FROM is no address: write name@host")
    user, password = account
    if bool(user) != bool(password):
        raise ValueError("app settings SMTP_USERNAME and SMTP_PASSWORD belong together: give both or none")
    return MailServer(host, int(port), mode, sender, user, password)


def addresses(said: str) -> tuple[str, ...]:
    """The addresses of a list with commas."""
    found = tuple(part.strip() for part in said.split(",") if part.strip())
    if not all(map(is_address, found)):
        raise ValueError("app setting NOTIFY_MAIL_TO holds what is no address: write name@host, name@host")
    return tuple(dict.fromkeys(found))


def is_address(said: str) -> bool:
    """Whether a mail can be sent there."""
    return _ADDRESS.fullmatch(said) is not None and ".." not in said


def _fault(url: str) -> str | None:
    """What is wrong with an address for notifications, in words that do not hold it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address: write https://HOST/PATH"
    if parts.scheme not in ("https", "http") or not host or re.search(r"[\x00-\x20\x7f]", url):
        return "is no address: write https://HOST/PATH"
    if parts.scheme == "http" and not _here(host):
        return "begins with http://, which anybody on the way can read and change: write https://"
    return None


def _here(host: str) -> bool:
    """Whether it is this computer."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
