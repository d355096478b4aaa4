"""A mail as MIME: plain text, HTML beside it, and headers that nothing can be injected into."""

import hashlib
import re
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from vending.mail import Mail
from vending.notifications.addresses import is_address

LONGEST_SUBJECT = 200
"""Characters: what is longer, no list of mails shows."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def message(mail: Mail, sender: str, at: datetime) -> EmailMessage:
    """The message from ``sender``, dated ``at``. Raises ValueError for an address that is none."""
    if not is_address(mail.to):
        raise ValueError("it has no address in ASCII, name@host")
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = mail.to
    made["Subject"] = subject(mail.subject)
    made["Date"] = format_datetime(at)
    made["Message-ID"] = message_id(mail, sender)
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic answers, please
    made.set_content(_readable(mail.text))
    if mail.html:
        made.add_alternative(_readable(mail.html), subtype="html")
    return made


def message_id(mail: Mail, sender: str) -> str:
    """A function of the key and of who gets it: equal for a mail that is sent again, for no other."""
    digest = hashlib.sha256(f"{mail.key}\n{mail.to}".encode("utf-8", "surrogatepass")).hexdigest()[:40]
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def subject(said: str) -> str:
    """One line without control characters, of at most :data:`LONGEST_SUBJECT` characters."""
    line = " ".join(_CONTROL.sub(" ", said).split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def _readable(said: str) -> str:
    """Without halves of surrogate pairs, which no encoding takes."""
    return said.encode("utf-8", "replace").decode()
