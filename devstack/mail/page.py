"""The mails for people: a list, and one mail. Pure: mails → HTML, in which nothing of theirs is markup.

A mail's HTML part is a document of its own, in a frame that may run no script and load nothing from
elsewhere; its links open in a new tab.
"""

from collections.abc import Sequence
from html import escape

from devstack.mail.reading import Mail

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of the pages."""
PART_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; form-action 'none'; frame-ancestors 'self'"
)
"""Of a mail's HTML part."""
REFRESH = 5
"""Seconds after which the list is loaded again."""
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1c2024; background: #fff }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .35rem .6rem;
  border-bottom: 1px solid #d9dce0; vertical-align: top; overflow-wrap: anywhere }
td:first-child { white-space: nowrap } pre { white-space: pre-wrap; overflow-wrap: anywhere;
  background: #f4f5f6; padding: 1rem } iframe { width: 100%; height: 32rem; border: 1px solid #d9dce0 }
@media (prefers-color-scheme: dark) { body { color: #e6e8ea; background: #16181a }
  pre { background: #22262a } a { color: #8ab8ff } iframe { background: #fff } }
"""


def listed(mails: Sequence[Mail]) -> str:
    """All mails, newest first."""
    rows = [
        f'<tr><td>{_when(mail)}</td><td><a href="/show/{mail.id}">{_named(mail)}</a></td>'
        f"<td>{escape(', '.join(mail.recipients))}</td></tr>"
        for mail in mails
    ]
    head = "<tr><th>received (UTC)</th><th>subject</th><th>to</th></tr>"
    body = f"<table>{head}{''.join(rows)}</table>" if rows else "<p>No mail has come yet.</p>"
    return _page(f"{len(mails)} mails", body, f'<meta http-equiv="refresh" content="{REFRESH}">')


def shown(mail: Mail) -> str:
    """One mail."""
    about = {
        "received (UTC)": _when(mail),
        "from": escape(mail.header("From")),
        "to": escape(mail.header("To")),
        "envelope": escape(f"{mail.sender} → {', '.join(mail.recipients)}"),
        "Message-ID": escape(mail.header("Message-ID")),
        "file": f'<a href="/mails/{mail.id}/raw">{mail.id}.eml</a>, {mail.size:,} bytes',
    }
    rows = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in about.items())
    parts = [f"<table>{rows}</table>"]
    if mail.attachments:
        parts.append(f"<h2>Attachments</h2><ul>{''.join(_attachments(mail))}</ul>")
    if mail.text is not None:
        parts.append(f"<h2>Text</h2><pre>{escape(mail.text)}</pre>")
    if mail.html is not None:
        sandbox = "allow-popups allow-popups-to-escape-sandbox"
        frame = f'<iframe sandbox="{sandbox}" src="/mails/{mail.id}/html" title="HTML part"></iframe>'
        parts.append(f"<h2>HTML</h2>{frame}")
    return _page(_named(mail), f'<p><a href="/">all mails</a></p>{"".join(parts)}')


def part(html: str) -> str:
    """The HTML part, as it came; its links open in a new tab."""
    return f'<!doctype html><base target="_blank">{html}'


def _attachments(mail: Mail) -> list[str]:
    return [
        f'<li><a href="/mails/{mail.id}/attachments/{number}">{escape(one.name)}</a> '
        f"({escape(one.type)}, {len(one.content):,} bytes)</li>"
        for number, one in enumerate(mail.attachments)
    ]


def _when(mail: Mail) -> str:
    return f"{mail.received:%Y-%m-%d %H:%M:%S}"


def _named(mail: Mail) -> str:
    return escape(mail.header("Subject") or "(no subject)")


def _page(title: str, body: str, more: str = "") -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{more}<title>{title}</title>'
        f"<style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    )
