"""The one door of stored documents: :func:`load` on the way in, :meth:`Document.dump` on the way out.

Every document carries ``type`` and ``schema``. Old and new code run side by side during a deploy, so

- a schema newer than this version knows is Transient: whoever reads it waits for its own newer version;
- an older one is upcast step by step, by pure functions from a body of schema n to one of schema n + 1;
- fields that this version does not know are kept in ``rest`` and written again. That holds for the document
  itself and for its parts that are :class:`Extensible` (a notification); to add one inside any other part (a
  credential, an edition) raises ``schema``.

Who needs to know no more than that ask :func:`current`; blobs that carry a schema have :mod:`blobs`.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, get_args

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


class Extensible(Struct, kw_only=True, rename="camel"):
    """Base of documents, of parts of them and of messages: what newer code added survives a rewrite.

    A field whose default is None is absent from the store where it has no value.
    """

    rest: Body = {}
    """Fields that this version does not know."""

    def dump(self) -> Body:
        """As it is stored. Maps are shared with it, not copied: they may be megabytes."""
        return _filled({}, self)


class Document(Extensible, kw_only=True):
    """Base of all documents."""

    type: ClassVar[str]
    schema: ClassVar[int]
    key: ClassVar[str]
    """The name of the field that is the container's partition key."""
    upcasts: ClassVar[Mapping[int, Upcast]] = MappingProxyType({})
    """Schema n → a pure function that makes a body of schema n + 1 of one of schema n."""

    id: str

    def __init_subclass__(cls, **config: Any) -> None:
        super().__init_subclass__(**config)
        if "type" in cls.__dict__ and TYPES.setdefault(cls.type, cls) is not cls:
            raise TypeError(f"{cls.type} is the type of {TYPES[cls.type].__name__} already")

    def dump(self) -> Body:
        """The document as it is stored: what it is called and is comes first."""
        return _filled({"id": self.id, self.key: None, "type": self.type, "schema": self.schema}, self)


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
    body = _upcast(stored, own)
    try:
        return msgspec.convert(_apart(body, own), own)
    except msgspec.ValidationError as fault:
        raise Malformed(f"{own.type} {stored.get(own.key)}/{stored.get('id')}: {fault}") from fault


def shaped[Shape: Extensible](body: Mapping[str, Any], kind: type[Shape], what: str) -> Shape:
    """A body of that shape, such as a message of a queue. Raises Malformed, which calls it ``what``."""
    try:
        return msgspec.convert(_apart(body, kind), kind)
    except msgspec.ValidationError as fault:
        raise Malformed(f"{what}: {fault}") from fault


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


def _apart(body: Any, kind: type[Extensible]) -> Any:
    """The body, or each of a list, with what its kind does not know under ``rest``; so too its parts."""
    if isinstance(body, list):
        return [_apart(one, kind) for one in body]
    if not isinstance(body, Mapping):
        return body  # None, or malformed: who converts it says so.
    names, parts = _names(kind), _parts(kind)
    if not parts and body.keys() <= names:
        return body
    # What begins with an underscore is the store's own: _etag, _ts, in a feed also _lsn.
    rest = {name: value for name, value in body.items() if name not in names and name[:1] != "_"}
    known = {name: value for name, value in body.items() if name in names}
    changed = {name: _apart(known[name], part) for name, part in parts.items() if name in known}
    return known | changed | {"rest": rest}


def _filled(body: Body, shape: Extensible) -> Body:
    for one in _fields(type(shape)):
        value = getattr(shape, one.name)
        if not (one.optional and value is None):
            kept = one.as_stored or type(value) in AS_IS
            body[one.stored_as] = value if kept else _stored(value, one.part)
    body.update(shape.rest)
    return body


def _stored(value: Any, part: type[Extensible] | None) -> Any:
    if part is None or value is None:
        return msgspec.to_builtins(value)
    return [one.dump() for one in value] if isinstance(value, list) else value.dump()


class _Field(NamedTuple):
    """A field of a shape."""

    name: str
    stored_as: str
    optional: bool
    """Whether it may be absent."""
    as_stored: bool
    """Whether it is :class:`AsStored`."""
    part: type[Extensible] | None
    """What it holds, itself or in a list, if that is extensible."""


@cache
def _fields(kind: type[Extensible]) -> tuple[_Field, ...]:
    return tuple(
        _Field(one.name, one.encode_name, one.default is None, one.type is Any, _part(one.type))
        for one in structs.fields(kind)
        if one.name != "rest"
    )


def _part(shape: Any) -> type[Extensible] | None:
    """The extensible part in ``Part``, ``list[Part]``, ``Part | None`` or ``list[Part] | None``."""
    if isinstance(shape, type) and issubclass(shape, Extensible):
        return shape
    return next(filter(None, map(_part, get_args(shape))), None)


@cache
def _parts(kind: type[Extensible]) -> dict[str, type[Extensible]]:
    """The fields that hold extensible parts, by the names that they are stored under."""
    return {one.stored_as: one.part for one in _fields(kind) if one.part is not None}


@cache
def _names(kind: type[Extensible]) -> frozenset[str]:
    """What a body of this kind may hold and ``rest`` does not."""
    own = {one.stored_as for one in _fields(kind)}
    return frozenset(own | {"type", "schema"} if issubclass(kind, Document) else own)
