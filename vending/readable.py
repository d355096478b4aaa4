"""Stored documents of many machines, each for itself: one that cannot be read costs its own work.

For the loops that everybody waits for. Whoever deletes, or decides for good, by what he read uses
:func:`vending.documents.base.load`: a document that was passed over looks like one that is not there.
"""

import logging
from collections.abc import Mapping
from typing import Any

from vending.documents.base import Document, Malformed, load

log = logging.getLogger(__name__)


def readable[Kind: Document](stored: Mapping[str, Any], kind: type[Kind]) -> Kind | None:
    """The stored document, or None for a malformed one, which is logged: type, machine, id, and the path.

    Raises Transient where newer code wrote it.
    """
    try:
        return load(stored, kind)
    except Malformed as fault:
        pass_over(fault)
        return None


def pass_over(fault: Exception) -> None:
    """Log that a malformed document was left out, and why."""
    log.error("malformed document passed over until somebody mends it (docs/operations.md): %s", fault)
