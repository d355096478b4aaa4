"""Is what was deployed alive? A new event goes through every kind of function.

Every function is indexed; the stores answer; a test vend (no money, in no product's figures) of a machine
called ``smoke-test`` reaches the API (ingest_telemetry) and the machine's day (roll_up, roll_up_shard); a
selection is empty for a moment, so that an alert opens (watch_machines), its notification is taken (notify),
and it closes again. The receiver of notifications gets these two, with that machine's name.

Timers fire by their schedules: the vend is in a day ROLL_UP_SCHEDULE later at the earliest. Each run is a new
device epoch; its events are marked as imported, so that nobody is told when the machine then falls silent.
The hub comes from the app settings (EVENTHUB…, TELEMETRY_HUB). A host that checks keys wants one as
FUNCTIONS_KEY among them: with ``--app`` any key that opens the functions, because Azure then lists them by
your own identity; without it the master key, because the host lists them itself. Where people sign in, it
takes SIGN_IN_CLIENT_ID, the id of the app's registration, and your own identity needs its role Fleet.Read.
"""

import asyncio
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import DefaultAzureCredential

from vendctl.deployed import MACHINE, SELECTION, App, NotAlive
from vendctl.managed import APP, ManagedApp
from vending.adapters.clients import hub_producer
from vending.adapters.hub_sender import EventHubSender
from vending.errors import Transient

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

ANSWER_SECONDS = 30
"""How long one request may take; a cold start is among them."""
OFFSETS = (-12, 0, 14)
"""Hours by which local time is behind or ahead of UTC at most, and UTC's own."""


class Events:
    """What the test machine sends in one run."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.epoch = int(now.timestamp())
        self.sequence = 0

    @property
    def days(self) -> list[str]:
        """The dates of which one is the run's business day, wherever the machine stands."""
        return sorted({(self.now + timedelta(hours=offset)).date().isoformat() for offset in OFFSETS})

    def vend(self) -> bytes:
        """The test vend."""
        data = {
            "vendId": f"smoke-{self.epoch}", "selection": "A1", "priceMinor": 0, "currency": "XTS",
            "quantity": 1, "paymentMethod": "test", "paidMinor": 0,
        }  # fmt: skip
        return self._event("vend.completed", data, ledgersequence=1)

    def level(self, units: int) -> bytes:
        """A count of the test selection."""
        return self._event("inventory.level", {"selections": [{"selection": SELECTION, "level": units}]})

    def _event(self, name: str, data: dict[str, Any], **more: int) -> bytes:
        self.sequence += 1
        body = {
            "specversion": "1.0",
            "id": f"{self.epoch}-{self.sequence:012d}",
            "source": f"/devices/{MACHINE}",
            "subject": f"machines/{MACHINE}",
            "type": f"io.vendstream.{name}.v1",
            "time": self.now.isoformat(),
            "clocksync": "import",
            "deviceepoch": self.epoch,
            "sequence": self.sequence,
            "data": data,
        }
        return msgspec.json.encode(body | more)


class Smoke:
    """One run against one app."""

    def __init__(self, app: App, sender: EventHubSender, say: Callable[[str], None]) -> None:
        self.app, self.sender, self.say = app, sender, say
        self.events = Events(datetime.now(UTC))
        self.before = 0

    async def run(self, expected: Set[str]) -> None:
        """The checks in order. Raises NotAlive."""
        app, events = self.app, self.events
        await app.until(lambda: app.indexed(expected))
        self.say(f"{len(expected)} functions are indexed")
        await app.until(app.healthy)
        self.say("the app reaches its stores")
        await app.until(self._counted)
        await self._send(events.vend(), events.level(1))
        self.say("sent a test vend")
        await app.until(lambda: app.arrived(events.epoch))
        self.say("the API shows it")
        # An alert that an earlier run left open closes by the level above.
        await app.until(app.calm)
        await self._send(events.level(0))
        await app.until(app.told)
        self.say("an alert opened, and its notification was taken")
        await self._send(events.level(1))
        await app.until(app.calm)
        self.say("it closed")
        await app.until(lambda: app.rolled_up(events.days, self.before))
        self.say("the vend is rolled up")

    async def _counted(self) -> str | None:
        count = await self.app.counted(self.events.days)
        if isinstance(count, str):
            return count
        self.before = count
        return None

    async def _send(self, *bodies: bytes) -> None:
        try:
            for body in bodies:
                await self.sender.send(body, MACHINE, {})
        except Transient as fault:
            raise NotAlive(str(fault)) from fault


async def smoke(
    app: App, expected: Set[str], environment: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """The checks, with events sent to the hub that the environment names. Raises NotAlive."""
    sender = EventHubSender(hub_producer(environment, "EVENTHUB", environment["TELEMETRY_HUB"]))
    try:
        await Smoke(app, sender, say).run(expected)
    finally:
        await sender.close()


def functions() -> set[str]:
    """The functions of this checkout, as the indexer sees them."""
    import function_app

    return {str(function.get_function_name()) for function in function_app.app.get_functions()}


async def judge(
    url: str,
    resource: str | None,
    wait: float,
    environment: Mapping[str, str],
    say: Callable[[str], None],
) -> None:
    """The checks on the app at an address, for so many seconds at most. Raises NotAlive, ValueError.

    ``resource``: its resource id, by which Azure lists its functions; None: the host does.
    """
    refuse(url, resource, environment)
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session, DefaultAzureCredential() as credential:
        deadline = asyncio.get_running_loop().time() + wait
        managed = ManagedApp(session, credential, resource) if resource else None
        key, client = environment.get("FUNCTIONS_KEY") or None, environment.get("SIGN_IN_CLIENT_ID")
        token = partial(token_for, credential, client) if client else None
        app = App(session, url.rstrip("/"), key, deadline, managed, token)
        try:
            await smoke(app, functions(), environment, say)
        except ClientAuthenticationError as fault:
            raise NotAlive(str(fault)) from fault


async def token_for(credential: "AsyncTokenCredential", client: str) -> str:
    """A token for the app of that registration. Raises ClientAuthenticationError."""
    return (await credential.get_token(f"api://{client}/.default")).token


def refuse(url: str, resource: str | None, environment: Mapping[str, str]) -> None:
    """Raises ValueError for what could name no app, and where no hub is named."""
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname or address.path.strip("/"):
        raise ValueError(f"--url {url!r} is no address of an app: write http(s)://HOST, without a path")
    if resource and not APP.fullmatch(resource):
        raise ValueError("--app is /subscriptions/…/resourceGroups/…/providers/Microsoft.Web/sites/NAME")
    if not environment.get("TELEMETRY_HUB"):
        raise ValueError(
            "set TELEMETRY_HUB (the hub's name) in the environment, or name a file with --settings"
        )
