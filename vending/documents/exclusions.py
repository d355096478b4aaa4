"""Which events operators shut out: the partition ``exclusion`` of the container ``catalog``."""

from typing import Literal

from vending.documents.catalog import CatalogDocument

KIND = "exclusion"
LIST_ID = "exclusions"
What = Literal["quarantine", "forget"]


class StoredExclusion(CatalogDocument, kw_only=True):
    """One exclusion; what the fields mean is said at :mod:`vending.ingest.exclusions`."""

    type = KIND

    kind: str = KIND
    version: int
    what: What
    machines: list[str]
    device: str
    epoch_from: int
    since: int
    until: int | None
    reason: str
    by: str
    at: int
    recorded: int
    finished: bool


class ListVersion(CatalogDocument, kw_only=True):
    """The version of the newest exclusion."""

    type = LIST_ID

    id: str = LIST_ID
    kind: str = KIND
    number: int
