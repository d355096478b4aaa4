"""The app's settings: read once, from a mapping that looks like the environment, and never at import."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

VERSION = "VERSION"
"""The file of the deployed package that names its version."""
CONNECTIONS = ("EVENTHUB", "COSMOS", "DATA")
"""A connection string under the name itself, or in Azure an identity and addresses under ``NAME__…``."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is the app setting of the same name in capitals; a field without default must be set."""

    telemetry_hub: str
    cosmos_database: str
    hub_generation: str = "1"
    """Changes when the hub is recreated, because its sequence numbers then start again."""
    hub_retention_hours: str = "24"
    """How long the hub keeps events: what has waited for half of it raises an alert."""
    standing_after_seconds: str = "300"
    """A function whose checkpoint stands for longer before waiting events stands still: its ordinary batches
    take seconds, one that waits for a throttled store seldom minutes."""
    rollups_behind_after_seconds: str = "900"
    """A change of a machine that no rollup has read for longer raises an alert: several ROLL_UP_SCHEDULEs."""
    default_time_zone: str = "Etc/UTC"
    """The business day of machines that the catalog does not know (IANA name)."""
    notify_webhook_url: str = ""
    """Where notifications are posted; empty: they are logged only."""
    silent_after_minutes: str = "60"
    """A machine that nothing was heard of for longer is silent."""
    quick_decoding: str = "true"
    """false: the library's own converter decodes the trigger's batches, slowly."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings of this process. Raises ValueError that names what is missing or wrong."""
        given = {x.name: environment[x.name.upper()] for x in fields(cls) if x.name.upper() in environment}
        for required in ("telemetry_hub", "cosmos_database"):
            if not given.get(required):
                raise ValueError(f"app setting {required.upper()} is missing; see local.settings.json")
        settings = cls(**given)
        try:
            ZoneInfo(settings.default_time_zone)
        except (KeyError, ValueError, OSError) as fault:
            raise ValueError(
                f"app setting DEFAULT_TIME_ZONE is {settings.default_time_zone!r}, which is no IANA time zone"
            ) from fault
        for name, unit in (
            ("silent_after_minutes", "minutes"),
            ("hub_retention_hours", "hours"),
            ("standing_after_seconds", "seconds"),
            ("rollups_behind_after_seconds", "seconds"),
        ):
            said = getattr(settings, name)
            if not said.isdigit() or int(said) < 1:
                raise ValueError(f"app setting {name.upper()} is {said!r}; give whole {unit} from 1 on")
        if settings.quick_decoding not in ("true", "false"):
            raise ValueError(f"app setting QUICK_DECODING is {settings.quick_decoding!r}; give true or false")
        return settings

    @property
    def silent_after(self) -> timedelta:
        """See ``silent_after_minutes``."""
        return timedelta(minutes=int(self.silent_after_minutes))

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
