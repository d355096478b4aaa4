"""Who gets mails, as the catalog says it: one query for each version of the catalog."""

from vending.catalog.cache import published
from vending.documents.catalog import CatalogRecipient
from vending.ports import Documents
from vending.readable import readable


class CatalogRecipients:
    """The recipients, read again when the catalog has a new version."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._version = -1
        self._held: tuple[CatalogRecipient, ...] = ()

    async def named(self) -> tuple[CatalogRecipient, ...]:
        """Those as of now: a point read, and the query where the catalog moved. One that is malformed is
        passed over."""
        version = await published(self._documents)
        if version > self._version:
            kind = CatalogRecipient.type
            rows = self._documents.select(kind, ("type", "=", kind))
            found = [readable(one.body, CatalogRecipient) async for one in rows]
            self._held, self._version = tuple(one for one in found if one is not None), version
        return self._held
