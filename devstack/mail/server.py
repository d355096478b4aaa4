"""The mailbox with both its doors: SMTP, and the page."""

from pathlib import Path
from typing import Self

from devstack.mail.mailbox import Bounds, Mailbox
from devstack.mail.reading import Mail, read
from devstack.mail.smtp import HOST, Manners, SmtpListener
from devstack.mail.web import Pages


class MailServer:
    """Serves one folder while it is open; tests may hold it in their own process, and change its manners."""

    def __init__(
        self, data: Path, port: int = 0, page_port: int = 0, manners: Manners | None = None,
        bounds: Bounds | None = None,
    ) -> None:  # fmt: skip
        self.manners = manners or Manners()
        self.mailbox = Mailbox(data, bounds or Bounds())
        self._smtp, self._pages = SmtpListener(self.mailbox, self.manners), Pages(self.mailbox)
        self._asked = port, page_port

    async def __aenter__(self) -> Self:
        try:
            await self._smtp.start(self._asked[0])
            await self._pages.start(self._asked[1])
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._smtp.stop()
        await self._pages.stop()

    @property
    def port(self) -> int:
        """Of SMTP."""
        return self._smtp.port

    @property
    def page(self) -> str:
        """Where mails can be read, without a slash at the end."""
        return f"http://{HOST}:{self._pages.port}"

    def mails(self) -> list[Mail]:
        """What is kept, newest first."""
        stored = {name: self.mailbox.read(name) for name in self.mailbox.ids()}
        return [read(name, content) for name, content in stored.items() if content is not None]
