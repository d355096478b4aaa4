"""The one door of stored documents: :func:`load` on the way in, :meth:`Document.dump` on the way out.

Every document carries ``type`` and ``schema``. Old and new code run side by side during a deploy, so

- a schema newer than this version knows is Transient: whoever reads it waits for its own newer version;
- an older one is upcast step by step, by pure functions from a body of schema n to one of schema n + 1;
- fields that this version does not know are kept in ``rest`` and written again. That holds for the fields of
  the document itself; to add one inside a part of it (a credential, an edition) raises ``schema``.

Documents that are no Struct yet, and blobs that carry a schema, ask :func:`current` and :func:`check`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from msgspec import Struct, structs

from vending.errors import Transient

Body = dict[str, Any]
"""A document as it is stored: what JSON has, and nothing else."""
Upcast = Callable[[Mapping[str, Any]], Mapping[str, Any]]

if TYPE_CHECKING:
    type AsStored[Shape] = Shape
else:

    class AsStored:
        """Marks a field that is kept as it is stored, ``AsStored[list[Line]]``: for parts that are large, or
        read on every event. The shape is believed; neither way is the part converted or copied, so whoever
        changes it copies it first."""

        def __class_getitem__(cls, shape: object) -> object:
            return Any


class Malformed(ValueError):
    """A document that is not what its type says; the message names it and the path.

    It is no :class:`~vending.errors.VendstreamError`: to wait would not help. Like any other defect it costs
    the work that needs this document, and its neighbours are served.
    """


class Document(Struct, kw_only=True, rename="camel"):
    """Base of all documents. A field whose default is None is absent from the store where it has no value."""

    type: ClassVar[str]
    schema: ClassVar[int]
    key: ClassVar[str]
    """The name of the field that is the container's partition key."""
    upcasts: ClassVar[Mapping[int, Upcast]] = MappingProxyType({})
    """Schema n → a pure function that makes a body of schema n + 1 of one of schema n."""

    id: str
    rest: Body = {}
    """Fields that this version does not know."""

    def __init_subclass__(cls, **config: Any) -> None:
        super().__init_subclass__(**config)
        if "type" in cls.__dict__:
            TYPES[cls.type] = cls

    def dump(self) -> Body:
        """The document as it is stored. Maps are shared with it, not copied: they may be megabytes."""
        body: Body = {"id": self.id, self.key: None, "type": self.type, "schema": self.schema}
        for name, stored_as, optional, as_stored in _fields(type(self)):
            value = getattr(self, name)
            if not (optional and value is None):
                kept = as_stored or type(value) in AS_IS
                body[stored_as] = value if kept else msgspec.to_builtins(value)
        body.update(self.rest)
        return body


AS_IS = {dict, str, int, bool}
"""Types of values that are stored as they are; all others are made of them, and lists."""
TYPES: dict[str, type[Document]] = {}
"""Every type of document, by its name."""


def load[Kind: Document](stored: Mapping[str, Any], kind: type[Kind]) -> Kind:
    """The stored document; with a base class for ``kind``, the one of its types that it is.

    Raises Transient where newer code wrote it, Malformed where it is another type or not of its type's shape.
    """
    own = TYPES.get(str(stored.get("type")))
    if own is None or not issubclass(own, kind):
        what = f"{stored.get('type')} {stored.get('id')}"
        raise Malformed(f"{what} was read where a {kind.__name__} belongs - at `$.type`")
    body, names = _upcast(stored, own), _names(own)
    rest: Body = {}
    if not body.keys() <= names:
        # What begins with an underscore is the store's own: _etag, _ts, in a feed also _lsn.
        rest = {name: value for name, value in body.items() if name not in names and name[:1] != "_"}
    try:
        # Where a stored field is called "rest", it is none of ours.
        document = msgspec.convert(body if "rest" not in rest else {**body, "rest": {}}, own)
    except msgspec.ValidationError as fault:
        raise Malformed(f"{own.type} {stored.get(own.key)}/{stored.get('id')}: {fault}") from fault
    document.rest = rest
    return document


def current[Stored: Mapping[str, Any]](body: Stored, known: int) -> Stored:
    """The body, unless newer code wrote it: Transient, this version waits until it is replaced."""
    owner = f"{body['machineId']}/" if "machineId" in body else ""
    check(f"{body['type']} {owner}{body['id']}", body["schema"], known)
    return body


def check(what: str, schema: int, known: int) -> None:
    """Raise Transient for a schema that is newer than the one which is known."""
    if schema > known:
        raise Transient(
            f"{what} has schema {schema}, this version knows {known}: deploy the newer version everywhere"
        )


def unchanged(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The upcast to a schema that only adds what has a default."""
    return body


def _upcast(stored: Mapping[str, Any], kind: type[Document]) -> Mapping[str, Any]:
    schema = stored.get("schema")
    if type(schema) is int and schema == kind.schema:
        return stored
    what = f"{kind.type} {stored.get(kind.key)}/{stored.get('id')}"
    if not isinstance(schema, int):
        raise Malformed(f"{what}: Expected `int`, got {schema!r} - at `$.schema`")
    current(stored, kind.schema)
    for older in range(schema, kind.schema):
        if older not in kind.upcasts:
            raise Malformed(f"{what} has schema {older}, which no version that is still read ever wrote")
        stored = kind.upcasts[older](stored)
    return stored


@cache
def _fields(kind: type[Document]) -> tuple[tuple[str, str, bool, bool], ...]:
    """Of each field its name, the name that it is stored under, whether it may be absent, and whether it is
    :class:`AsStored`."""
    return tuple(
        (one.name, one.encode_name, one.default is None, one.type is Any)
        for one in structs.fields(kind)
        if one.name != "rest"
    )


@cache
def _names(kind: type[Document]) -> frozenset[str]:
    """What a body of this type may hold and ``rest`` does not."""
    return frozenset({"type", "schema"}.union(stored_as for _, stored_as, _, _ in _fields(kind)))
