"""Ways to people: the webhook, and mails. Settings of one that are wrong keep back that one alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vending.catalog.cache import CatalogCache
from vending.catalog.recipients import CatalogRecipients
from vending.notifications.deliver_notice import NoticeOffice
from vending.notifications.mailing import Mailing
from vending.notifications.outgoing import Outgoing
from vending.notifications.shapes import SHAPES
from vending.ports import Mailer, Webhook
from vending.wiring import clients
from vending.wiring.once import once
from vending.wiring.process import settings

if TYPE_CHECKING:
    from vending.adapters.unusable import Unusable


@once
def webhook() -> Webhook | None:
    """Where notifications are posted; None where no address is set. A wrong one keeps back posts alone."""
    try:
        receiver = settings().receiver()
    except ValueError as fault:
        return _unusable(fault)
    if receiver is None:
        return None
    from vending.adapters.webhook import HttpWebhook

    return HttpWebhook(receiver.url, receiver.key, SHAPES[receiver.shape])


@once
def mailer() -> Mailer | None:
    """What mails are handed to; None where no server is set. Wrong settings keep back mails alone."""
    try:
        server, _ = settings().mail_server(), settings().mail_to()
    except ValueError as fault:
        return _unusable(fault)
    if server is None:
        return None
    from vending.adapters.smtp import SmtpMailer

    return SmtpMailer(server)


def _address() -> str:
    """The app's own; empty where the platform does not say it."""
    host = os.environ.get("WEBSITE_HOSTNAME", "")
    return f"{'http' if host.startswith('localhost') else 'https'}://{host}" if host else ""


@once
def mailing() -> Mailing | None:
    """How alerts are mailed; the catalog's cache lives as long as the process."""
    server = mailer()
    if server is None:
        return None
    catalog = clients.container("catalog")
    known = CatalogCache(catalog, settings().default_time_zone)
    said = settings().notify_mail_to.split(",")
    return Mailing(server, known, CatalogRecipients(catalog), tuple(filter(None, map(str.strip, said))))


def _unusable(fault: ValueError) -> Unusable:
    from vending.adapters.unusable import Unusable

    return Unusable(str(fault))


@once
def outgoing() -> Outgoing:
    """Where notifications go out; that a minute is full is known to the process."""
    alerts, posts = clients.container("alerts"), settings().posts_per_minute
    return Outgoing(alerts, webhook(), posts, dashboard(), mailing())


def dashboard() -> str:
    """The dashboard's address; "" where the platform does not say under which name it is reached."""
    return f"{_address()}/dashboard" if _address() else ""


@once
def notice_office() -> NoticeOffice:
    """Where notices go out."""
    return NoticeOffice(clients.container("alerts"), mailing(), _address())
