"""The page and its JSON over HTTP, read only, on loopback.

``GET /`` and ``/show/{id}`` are for people; ``/mails``, ``/mails/{id}`` answer JSON; ``/mails/{id}/raw`` is
the file, ``/mails/{id}/html`` the HTML part, ``/mails/{id}/attachments/{n}`` a part as a download. A request
for another host's name is refused: a web page that was visited cannot read mails by way of its own name.
"""

from functools import lru_cache

from aiohttp import web
from aiohttp.typedefs import Handler

from devstack.mail import page
from devstack.mail.mailbox import Mailbox
from devstack.mail.reading import Mail, read
from devstack.mail.smtp import HOST

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
NAMES = ("localhost", "127.0.0.1")
REMEMBERED = 1_000
"""Mails that are not parsed again for the list."""


class Pages:
    """Serves one mailbox."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._summary = lru_cache(REMEMBERED)(self._summarised)

    async def start(self, port: int) -> None:
        """Listen; 0 is any port. Raises OSError where it is taken."""
        app = web.Application(middlewares=[own_name])
        app.router.add_get("/", self.index)
        app.router.add_get("/show/{id}", self.show)
        app.router.add_get("/mails", self.index_json)
        app.router.add_get("/mails/{id}", self.show_json)
        app.router.add_get("/mails/{id}/raw", self.raw)
        app.router.add_get("/mails/{id}/html", self.html)
        app.router.add_get("/mails/{id}/attachments/{number:[0-9]{1,4}}", self.attachment)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, port).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def index(self, _: web.Request) -> web.Response:
        """The list for people."""
        return _html(page.listed(self._mails()), page.POLICY)

    async def index_json(self, _: web.Request) -> web.Response:
        """The list, newest first."""
        found = {"mails": [mail.summary() for mail in self._mails()]}
        return web.json_response(found, headers=HEADERS)

    async def show(self, request: web.Request) -> web.Response:
        """One mail for people."""
        return _html(page.shown(self._mail(request)), page.POLICY)

    async def show_json(self, request: web.Request) -> web.Response:
        """One mail."""
        return web.json_response(self._mail(request).whole(), headers=HEADERS)

    async def raw(self, request: web.Request) -> web.Response:
        """The file."""
        return _download(f"{request.match_info['id']}.eml", self._stored(request))

    async def html(self, request: web.Request) -> web.Response:
        """The HTML part, for the frame."""
        return _html(page.part(self._mail(request).html or ""), page.PART_POLICY)

    async def attachment(self, request: web.Request) -> web.Response:
        """One part that is no body."""
        number, found = int(request.match_info["number"]), self._mail(request).attachments
        if number >= len(found):
            raise web.HTTPNotFound
        return _download(found[number].name, found[number].content)

    def _stored(self, request: web.Request) -> bytes:
        stored = self.mailbox.read(request.match_info["id"])
        if stored is None:
            raise web.HTTPNotFound
        return stored

    def _mail(self, request: web.Request) -> Mail:
        return read(request.match_info["id"], self._stored(request))

    def _mails(self) -> list[Mail]:
        found = map(self._summary, self.mailbox.ids())
        return [mail for mail in found if mail is not None]

    def _summarised(self, name: str) -> Mail | None:
        stored = self.mailbox.read(name)
        return read(name, stored).without_parts() if stored is not None else None


@web.middleware
async def own_name(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only for who asks this machine by its own name."""
    if request.url.host not in NAMES:
        raise web.HTTPForbidden(text="devstack mail answers on localhost only")
    return await handler(request)


def _html(text: str, policy: str) -> web.Response:
    headers = HEADERS | {"Content-Security-Policy": policy}
    return web.Response(text=text, content_type="text/html", headers=headers)


def _download(name: str, content: bytes) -> web.Response:
    safe = "".join(c for c in name if c.isascii() and (c.isalnum() or c in "._- "))
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{safe or "part"}"'}
    return web.Response(body=content, content_type="application/octet-stream", headers=headers)
