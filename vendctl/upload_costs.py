"""What a fleet's uploads cost a month, after a year of keeping everything (infra/costs.toml, ``uploads``)."""

from collections.abc import Mapping
from typing import Any

KINDS = ("photo", "audit")
MONTHS = 12


class UploadCosts:
    """Dollars a month. Nothing that is free is taken off: the functions that read the hub have used it up."""

    def __init__(self, figures: Mapping[str, Any], machines: int, days: float) -> None:
        self.price: dict[str, float] = {name: one["dollars"] for name, one in figures["prices"].items()}
        uploads: dict[str, Any] = figures["uploads"]
        self.uploads: dict[str, float] = {name: one for name, one in uploads.items() if name not in KINDS}
        self.takes: dict[str, dict[str, float]] = {kind: uploads[kind] for kind in KINDS}
        self.instance_gb: float = figures["assumed"]["instance_gb"]
        self.days = days
        visits = machines * days * self.uploads["visits_per_machine_day"]
        self.count: dict[str, float] = {
            "photo": visits * self.uploads["photos_per_visit"],
            "audit": machines * days * self.uploads["audits_per_machine_day"],
        }
        """Uploads a month, by kind."""

    def parts(self) -> dict[str, float]:
        """What is paid for → dollars."""
        price = self.price
        return {
            "blob operations": self._sum("writes") / 1e4 * price["blob_10000_writes"]
            + self._sum("reads") / 1e4 * price["blob_10000_reads"]
            + self.count["photo"] / 1e4 * price["blob_10000_cool_writes"],
            "queues": self._sum("queue_operations") / 1e4 * price["queue_10000_operations"]
            + sum(self.count.values()) / 1e6 * price["event_grid_million_operations"],
            "functions": self._sum("executions") / 1e6 * price["functions_million_executions"]
            + self._sum("seconds") * self.instance_gb * price["functions_gb_second"],
            "requests": self._sum("units") / 1e6 * price["cosmos_serverless_million_units"],
            "hot": self._hot() / 1e9 * price["blob_gb_month"],
            "cool": self._cool() / 1e9 * price["blob_cool_gb_month"],
        }

    def _sum(self, figure: str) -> float:
        return sum(self.count[kind] * self.takes[kind][figure] for kind in KINDS)

    def _hot(self) -> float:
        """Bytes of a year's pictures and audits, and of the photos that are young."""
        kept = self.count["photo"] * self.uploads["pictures_bytes"]
        kept += self.count["audit"] * self.uploads["audit_bytes"]
        return kept * MONTHS + self._originals() * self.uploads["hot_days"]

    def _cool(self) -> float:
        """Bytes of the photos of the rest of the year."""
        return self._originals() * (self.days * MONTHS - self.uploads["hot_days"])

    def _originals(self) -> float:
        """Bytes of photos a day."""
        return self.count["photo"] / self.days * self.uploads["photo_bytes"]
