"""The app's settings: read once, from a mapping that looks like the environment, and never at import."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from vending import business_day
from vending.access.policy_keys import PolicyKey, policy_keys
from vending.ingest.dead_letter_address import GENERATION
from vending.notifications import addresses
from vending.notifications.addresses import MailServer, Receiver

VERSION = "VERSION"
"""The file of the deployed package that names its version."""
CONNECTIONS = ("EVENTHUB", "COSMOS", "DATA")
"""A connection string under the name itself, or in Azure an identity and addresses under ``NAME__…``."""

UNBOUND = {"accept": None, "refuse": datetime.min.replace(tzinfo=UTC)}
"""Words for the two ends of time."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is the app setting of the same name in capitals; a field without default must be set."""

    telemetry_hub: str
    cosmos_database: str
    hub_generation: str = "1"
    """Changes when the hub is recreated, because its sequence numbers then start again."""
    unbound_devices: str = "accept"
    """``accept`` or ``refuse`` publishers whose name says no machine, or from which moment on they are
    refused (ISO 8601 with a zone; by the hub's time, so that a rebuild refuses the same events)."""
    devices: str = field(default="", repr=False)
    """The connection string of the hub's policy that signs the devices' tokens, or two with a space between
    them; empty: routes of devices answer 503."""
    hub_retention_hours: str = "24"
    """How long the hub keeps events: what has waited for half of it raises an alert."""
    standing_after_seconds: str = "300"
    """A function whose checkpoint stands for longer before waiting events stands still: its ordinary batches
    take seconds, one that waits for a throttled store seldom minutes."""
    rollups_behind_after_seconds: str = "900"
    """A change of a machine that no rollup has read for longer raises an alert: several ROLL_UP_SCHEDULEs."""
    default_time_zone: str = "Etc/UTC"
    """The business day of machines that the catalog does not know (IANA name)."""
    notify_webhook_url: str = field(default="", repr=False)
    """Where notifications are posted; empty: they are logged only."""
    notify_webhook_secret: str = field(default="", repr=False)
    """What they are signed with (``whsec_…``); empty: they are not."""
    notify_webhook_shape: str = "standard"
    """As what they are posted: ``standard``, ``slack`` or ``teams``."""
    notify_posts_per_minute: str = "20"
    """More notifications than that are one digest."""
    notify_mail_to: str = ""
    """Who gets mails while the catalog has no recipients: addresses with commas; empty: nobody."""
    smtp_host: str = ""
    """The server that mails are handed to; empty: none is sent."""
    smtp_port: str = "587"
    smtp_tls: str = "starttls"
    """``implicit`` (from the first byte on), ``starttls`` (required), ``none`` (to this computer alone)."""
    smtp_username: str = ""
    """Empty: without authentication."""
    smtp_password: str = field(default="", repr=False)
    mail_from: str = ""
    """The address that mails come from."""
    daily_report_hour: str = "6"
    """From which hour of the clock in DEFAULT_TIME_ZONE on yesterday is mailed; empty: never."""
    photo_location: str = "drop"
    """``keep``: the record of a photo says where it was taken, if the camera did; ``drop``: it does not."""
    silent_after_minutes: str = "60"
    """A machine that nothing was heard of for longer is silent."""
    new_machines_per_hour: str = "20"
    """How many machines that are new to its hub partition, and not in the catalog, a device may name in an
    hour whose credential says no machine; 0: none."""
    cors_origins: str = ""
    """Origins whose pages may use the API, with commas: ``https://HOST``, or ``*`` for any; empty: none."""
    command_poll_seconds: str = "300"
    """How often a device asks for commands while it is at none, within a fifth."""
    command_waits: str = "4"
    """How many of these requests may wait on one instance at a time; the others are answered at once."""
    quick_decoding: str = "true"
    """false: the library's own converter decodes the trigger's batches, slowly."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """What every function needs. Raises ValueError that names what is missing or wrong.

        Where notifications go is judged when they do: a mistake there costs notifications alone.
        """
        given = {x.name: environment[x.name.upper()] for x in fields(cls) if x.name.upper() in environment}
        for required in ("telemetry_hub", "cosmos_database"):
            if not given.get(required):
                raise ValueError(f"app setting {required.upper()} is missing; see local.settings.json")
        settings = cls(**given)
        try:
            business_day.named(settings.default_time_zone)
        except ValueError as fault:
            raise ValueError(f"app setting DEFAULT_TIME_ZONE: {fault}") from fault
        if not re.fullmatch(GENERATION, settings.hub_generation):
            raise ValueError(
                f"app setting HUB_GENERATION is {settings.hub_generation!r}; give a short name without "
                "spaces and none of / ~ ? #, such as 2: it stands in the archive's names and in addresses"
            )
        _ = settings.bound_from
        for name, unit in (
            ("silent_after_minutes", "minutes"),
            ("hub_retention_hours", "hours"),
            ("standing_after_seconds", "seconds"),
            ("notify_posts_per_minute", "posts"),
            ("rollups_behind_after_seconds", "seconds"),
            ("command_poll_seconds", "seconds"),
        ):
            said = getattr(settings, name)
            if not said.isdigit() or int(said) < 1:
                raise ValueError(f"app setting {name.upper()} is {said!r}; give whole {unit} from 1 on")
        for name, unit in (("new_machines_per_hour", "machines"), ("command_waits", "requests")):
            said = getattr(settings, name)
            if not said.isdigit():
                raise ValueError(f"app setting {name.upper()} is {said!r}; give whole {unit} from 0 on")
        if settings.photo_location not in ("keep", "drop"):
            raise ValueError(f"app setting PHOTO_LOCATION is {settings.photo_location!r}; give keep or drop")
        if settings.quick_decoding not in ("true", "false"):
            raise ValueError(f"app setting QUICK_DECODING is {settings.quick_decoding!r}; give true or false")
        return settings

    @classmethod
    def checked(cls, environment: Mapping[str, str]) -> Self:
        """The settings, all of them judged. Raises ValueError."""
        settings = cls.read(environment)
        settings.receiver()
        settings.mail_server()
        settings.mail_to()
        settings.device_keys()
        _ = settings.report_hour, settings.origins
        return settings

    def device_keys(self) -> tuple[PolicyKey, ...]:
        """See ``devices``. Raises ValueError, without the key."""
        try:
            return policy_keys(self.devices, self.telemetry_hub)
        except ValueError as fault:
            raise ValueError(f"app setting {fault}") from fault

    def receiver(self) -> Receiver | None:
        """Who gets posts; None where no address is set. Raises ValueError, without the address."""
        secret, shape = self.notify_webhook_secret, self.notify_webhook_shape
        return addresses.receiver(self.notify_webhook_url, secret, shape)

    def mail_server(self) -> MailServer | None:
        """Who takes mails; None where no host is set. Raises ValueError, without the password."""
        where = self.smtp_host, self.smtp_port, self.smtp_tls
        return addresses.mail_server(where, self.mail_from, (self.smtp_username, self.smtp_password))

    def mail_to(self) -> tuple[str, ...]:
        """See ``notify_mail_to``. Raises ValueError."""
        return addresses.addresses(self.notify_mail_to)

    @property
    def report_hour(self) -> int | None:
        """See ``daily_report_hour``. Raises ValueError."""
        said = self.daily_report_hour
        if said and (not said.isdigit() or int(said) > 23):
            raise ValueError(
                f"app setting DAILY_REPORT_HOUR is {said!r}; give an hour from 0 to 23, or nothing"
            )
        return int(said) if said else None

    @property
    def decodes_quickly(self) -> bool:
        """See ``quick_decoding``."""
        return self.quick_decoding == "true"

    @property
    def origins(self) -> frozenset[str]:
        """See ``cors_origins``. Raises ValueError for what no browser calls an origin."""
        found = frozenset(one.strip() for one in self.cors_origins.split(",") if one.strip())
        for one in found - {"*"}:
            if not re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+", one):
                raise ValueError(f"app setting CORS_ORIGINS has {one!r}; give origins such as https://HOST")
        return found

    @property
    def posts_per_minute(self) -> int:
        """See ``notify_posts_per_minute``."""
        return int(self.notify_posts_per_minute)

    @property
    def silent_after(self) -> timedelta:
        """See ``silent_after_minutes``."""
        return timedelta(minutes=int(self.silent_after_minutes))

    @property
    def bound_from(self) -> datetime | None:
        """From when on publishers must say their machine; None: they need not. See ``unbound_devices``.

        Raises ValueError."""
        if self.unbound_devices in UNBOUND:
            return UNBOUND[self.unbound_devices]
        try:
            moment = datetime.fromisoformat(self.unbound_devices)
            if moment.tzinfo is None:
                raise ValueError("a moment needs a zone")
        except ValueError as fault:
            raise ValueError(
                f"app setting UNBOUND_DEVICES is {self.unbound_devices!r}; give accept, refuse, or from "
                "which moment on they are refused, such as 2026-12-01T00:00:00Z"
            ) from fault
        return moment

    @property
    def hub_retention(self) -> timedelta:
        """See ``hub_retention_hours``."""
        return timedelta(hours=int(self.hub_retention_hours))

    @property
    def standing_after(self) -> timedelta:
        """See ``standing_after_seconds``."""
        return timedelta(seconds=int(self.standing_after_seconds))

    @property
    def rollups_behind_after(self) -> timedelta:
        """See ``rollups_behind_after_seconds``."""
        return timedelta(seconds=int(self.rollups_behind_after_seconds))


def version() -> str:
    """This code's version, as dead letters name it: what ``vendctl package --version`` was given."""
    file = Path(__file__).parents[1] / VERSION
    return file.read_text().strip() if file.exists() else "unreleased"
