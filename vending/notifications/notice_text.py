"""A notice as a person reads it: one line for the subject, and the mail. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from vending.documents.alerts import Detail
from vending.documents.notices import About, Notice
from vending.uploads.refused_notice import NOWHERE


class Letter(NamedTuple):
    """Subject and text of a mail."""

    subject: str
    text: str


def letter(notice: Notice, app: str) -> Letter:
    """The mail; ``app`` is the app's own address, ``""`` where it is not known."""
    return _LETTERS[notice.about](notice.machine_id, notice.detail, app)


def _photo(machine: str, facts: Detail, app: str) -> Letter:
    said = [f"A photo of machine {machine} was uploaded at {facts['uploadedAt']}."]
    if "takenAt" in facts:
        said.append(f"Taken at {facts['takenAt']}, by the camera's clock.")
    links = [f"{app}{facts['thumbnail']}", *([f"{app}/dashboard"] if app else [])]
    return Letter(f"Photo of {machine}", _text([*said, *_visit(facts)], links))


def _rejected(machine: str, facts: Detail, app: str) -> Letter:  # noqa: ARG001 - one shape for all
    whose = "no machine" if machine == NOWHERE else f"machine {machine}"
    said = [
        f"A file was uploaded for {whose} at {facts['uploadedAt']} and refused: {facts['reason']}.",
        f"{facts['detail']}.",
    ]
    kept = f"It lies in the container rejected, as {facts['upload']}."
    subject = f"Refused upload of {whose.removeprefix('machine ')}: {facts['reason']}"
    return Letter(subject, _text([*said, *_visit(facts)], [kept]))


def _visit(facts: Detail) -> list[str]:
    return [f"Visit {facts['visit']}."] if "visit" in facts else []


def _text(said: list[str], below: list[str]) -> str:
    return "\n".join([*said, "", *below]) + "\n"


_LETTERS: dict[About, Callable[[str, Detail, str], Letter]] = {
    "photo": _photo,
    "rejected-upload": _rejected,
}
