"""The one door of blobs that hold one JSON object: manifests, what a program remembers between its runs."""

from functools import cache
from typing import Any, ClassVar, Self

import msgspec
from msgspec import Struct, structs

from vending.documents.base import check


class Blob(Struct, frozen=True):
    """Base of all of them. Each has a field ``schema``, whose default is the newest schema that is known."""

    what: ClassVar[str]
    """As messages name it."""
    indented: ClassVar[bool] = False
    """Whether people read it too: then it is indented and ends with a newline, and its maps are sorted."""

    def encode(self) -> bytes:
        """As JSON."""
        if not self.indented:
            return msgspec.json.encode(self)
        data = msgspec.json.encode(self.shown(), order="deterministic")
        return msgspec.json.format(data, indent=1) + b"\n"

    def shown(self) -> Any:
        """What is written of one that is indented."""
        return self

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """From JSON. Raises Transient where newer code wrote it, MsgspecError where it is none.

        The schema is checked first: what newer code wrote may be of another shape.
        """
        check(cls.what, _HEAD.decode(data).schema, _known(cls))
        blob: Self = _decoder(cls).decode(data)
        return blob


class _Head(Struct):
    schema: int = 0


_HEAD = msgspec.json.Decoder(_Head)


@cache
def _decoder(kind: type[Blob]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@cache
def _known(kind: type[Blob]) -> int:
    """The newest schema of the kind."""
    return next(int(one.default) for one in structs.fields(kind) if one.name == "schema")
