"""The answer about the app's own health."""

from typing import Annotated, Literal

from msgspec import Meta

from vending.answer import Answer


class Health(Answer, frozen=True):
    """Whether every store answers, and what is wrong."""

    status: Annotated[
        Literal["ok", "degraded", "unavailable"],
        Meta(
            description="unavailable: a store or a setting; degraded: an alert about the app itself is open."
        ),
    ]
    version: str
    decoder: Annotated[str, Meta(description="`quick`, or why batches are decoded slowly.")]
    settings: Annotated[str, Meta(description="`ok`, or what is wrong.")]
    stores: Annotated[dict[str, str], Meta(description="Store → `ok`, or what is wrong.")]
    troubles: Annotated[list[str], Meta(description="The app's own open alerts, in sentences.")]
