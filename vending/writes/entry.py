"""What all entries of a catalog file have in common."""

from typing import Annotated

from msgspec import Meta, Struct

from vending.events import envelope
from vending.events.fields import END

Identifier = Annotated[str, Meta(pattern=rf"^{envelope.Identifier}{END}")]
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=120,
        pattern=rf"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+{END}",
    ),
]
"""What people call something: one line of text, without control characters or half of a surrogate pair."""


class Entry(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Base of all entries. An unknown field is refused: it is a typing error as a rule."""
