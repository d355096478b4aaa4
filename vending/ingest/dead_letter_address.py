"""A dead letter in an address: ``generation~partition~number`` for the place ``generation/partition@number``,
since no segment of an address holds a slash. Pure."""

import re

GENERATION = r"[^/~?#\s\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]{1,64}"
"""Blob Storage answers in XML, which holds no control characters: it cannot be asked for such a folder."""
ID = re.compile(rf"(?P<generation>{GENERATION})~(?P<partition>[0-9]{{1,6}})~(?P<number>[0-9]{{1,18}})")


def letter_id(place: str) -> str:
    """Of a letter at a place."""
    return place.replace("/", "~").replace("@", "~")


def place_of(letter: str) -> str | None:
    """The place; None for what is no letter's id."""
    found = ID.fullmatch(letter)
    return f"{found['generation']}/{found['partition']}@{int(found['number'])}" if found else None
