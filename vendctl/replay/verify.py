"""Whether the archive of a replay is complete, and the state rebuilt from it the same.

Just what ``vendctl archive audit`` and ``vendctl rebuild`` do; here, because the system ends with the replay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vendctl.archive import audit
from vendctl.operations.audit import Report
from vendctl.operations.audit_archive import Scope
from vendctl.operations.compare_rebuilt import Comparison
from vendctl.operations.rebuild import Wanted
from vendctl.progress import Progress
from vendctl.rebuild import Into, drop, rebuild
from vendctl.replay.errors import ReplayError
from vending.errors import VendstreamError

TARGET = "replay-verified"
"""The database of the rebuilt state; it is deleted where that is equal."""
PATIENCE = 60.0


@dataclass(frozen=True)
class Verified:
    """The audit's report, and the live state beside the rebuilt one."""

    archive: Report
    rebuilt: Comparison

    def figures(self) -> dict[str, Any]:
        """As JSON, a part for each command."""
        return {"archive": self.archive.figures(), "rebuild": self.rebuilt.figures()}

    def faults(self) -> list[str]:
        """What is not as it should be; empty where the archive is complete and the rebuilt state equal."""
        told = [f"archive: {x.kind} {x.where}: {x.detail}" for x in self.archive.findings]
        if not self.rebuilt.equal:
            told.append(f"{self.rebuilt.differences} differences after a rebuild from the archive")
        return told + [f"rebuild: {one}" for one in self.rebuilt.named]

    def __str__(self) -> str:
        report, found = self.archive, self.rebuilt
        return (
            f"archive {'complete' if report.complete else 'NOT COMPLETE'}: {report.events:,} events; "
            f"rebuilt from it {'equal' if found.equal else 'DIFFERENT'}: {found.machines:,} machines, "
            f"{found.lines:,} ledger lines, {found.days:,} machine days, {found.summaries:,} summary entries"
        )


async def verify(environment: Mapping[str, str], progress: Progress) -> Verified:
    """Audit and rebuild the system that the settings name. Raises :class:`ReplayError`."""
    try:
        progress.say("auditing the archive")
        report = await audit(environment, Scope(), PATIENCE, offline=False, progress=progress)
        progress.say("rebuilding stock, conditions, ledger and rollups from the archive")
        await drop(environment, TARGET)
        _, found = await rebuild(environment, Into(TARGET), Wanted(), progress)
        if found is None:
            raise RuntimeError("a whole rebuild is always compared")
        if found.equal:
            await drop(environment, TARGET)
    except VendstreamError as fault:
        raise ReplayError(f"the archive could not be verified: {fault}") from fault
    return Verified(report, found)
