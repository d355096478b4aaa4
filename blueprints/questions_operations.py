"""Query parameters of what operators look at."""

from typing import Annotated

from msgspec import Meta, Struct

from blueprints.questions import Name
from blueprints.questions_alerts import Cursor
from vending.events.fields import END
from vending.ingest.dead_letter_address import GENERATION
from vending.views import cursors
from vending.views.dead_letters import LetterQuery, Place

Generation = Annotated[
    str,
    Meta(pattern=rf"^{GENERATION}{END}", description="A life of the hub; without it, the present one."),
]


class DeadLettersAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the list of dead letters."""

    generation: Generation | None = None
    partition: Annotated[str, Meta(pattern=rf"^[0-9]{{1,6}}{END}")] | None = None
    reason: Name | None = None
    machine: Name | None = None
    device: Name | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    after: Cursor = ""

    def __post_init__(self) -> None:
        self.place()

    def place(self) -> Place | None:
        """Where the page before ended. Raises ValueError."""
        return cursors.placed(self.after, Place) if self.after else None

    def query(self, generation: str) -> LetterQuery:
        """As the view takes it; ``generation`` is the present one."""
        which = self.partition, self.reason, self.machine, self.device
        return LetterQuery(self.generation or generation, *which, self.limit, self.place())
