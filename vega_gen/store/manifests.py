"""Versioned manifests: write a frozen dataclass to a JSON file and read it back, with strict checks. No pickles.

Stages pass their results in this form. The envelope holds a hash of the record's layout, so a manifest of an older layout is rejected
and never misread.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import tempfile
import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from pathlib import Path
from sys import intern
from typing import Any, TypeVar, cast

import orjson

from llvm_integration.failure import Failure
from vega_gen.errors import InputError

T = TypeVar("T")
Codec = tuple[Callable[[Any], Any], Callable[[Any], Any]]
VERSION = 1  # of the envelope; the layout of the record itself is covered by ``shape``


class _MalformedError(Exception):
    """A decoded value does not have the expected type."""


# ------------------------------------------------------------------------- codecs


@cache
def codec(hint: Any) -> Codec:
    """Return (encode, decode) between values of a type and plain JSON values.

    Supported are dataclasses, enums, tuples, dicts with string keys, frozensets, unions with None, and scalars. A dataclass becomes the
    list of its field values in order. Decoding is strict: a wrong type or length raises. Raises TypeError for an unsupported type.
    """
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in (str, int, float, bool):
        return _scalar(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(cast(Any, hint)):
        return _record(cast(type[Any], hint))
    if origin is tuple:
        return _tuple(args)
    if origin is frozenset:
        inner = codec(args[0])
        return lambda v: sorted(map(inner[0], v)), lambda v: frozenset(map(inner[1], _list(v)))
    if origin is dict:
        inner = codec(args[1])
        return lambda v: {k: inner[0](x) for k, x in v.items()}, lambda v: {k: inner[1](x) for k, x in _dict(v).items()}
    if origin in (typing.Union, types.UnionType) and len(args) == 2 and type(None) in args:
        inner = codec(next(arg for arg in args if arg is not type(None)))
        return lambda v: None if v is None else inner[0](v), lambda v: None if v is None else inner[1](v)
    raise TypeError(f"no codec for {hint!r}")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise _MalformedError(f"expected a list, found {type(value).__name__}")
    return cast(list[Any], value)


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _MalformedError(f"expected an object, found {type(value).__name__}")
    return cast(dict[str, Any], value)


def _scalar(hint: type) -> Codec:
    def decode(value: Any) -> Any:
        if type(value) is hint:
            return value
        if hint is float and type(value) is int:
            return float(value)
        raise _MalformedError(f"expected {hint.__name__}, found {type(value).__name__}")

    return (lambda value: value), decode


def _enum(hint: type[Enum]) -> Codec:
    members = {member.value: member for member in hint}

    def decode(value: Any) -> Any:
        try:
            return members[value]
        except (KeyError, TypeError):
            raise _MalformedError(f"{value!r} is not a {hint.__name__}") from None

    return (lambda value: value.value), decode


def _tuple(args: tuple[Any, ...]) -> Codec:
    if len(args) == 2 and args[1] is Ellipsis:
        if args[0] is str:
            return list, _strings
        # The item's codec is looked up on use, because a type may contain itself (Statement holds tuples of Statement).
        item = args[0]
        return (
            lambda v: [codec(item)[0](x) for x in v] if v else [],
            lambda v: tuple([codec(item)[1](x) for x in _list(v)]) if v else _empty(v),
        )
    inner = [codec(arg) for arg in args]

    def decode(value: Any) -> Any:
        if len(_list(value)) != len(inner):
            raise _MalformedError(f"expected {len(inner)} values, found {len(value)}")
        return tuple([part[1](x) for part, x in zip(inner, value, strict=True)])

    return (lambda v: [part[0](x) for part, x in zip(inner, v, strict=True)]), decode


def _empty(value: Any) -> tuple[()]:
    _list(value)
    return ()


def _strings(value: Any) -> tuple[str, ...]:
    try:
        return tuple(map(intern, _list(value)))
    except TypeError:
        raise _MalformedError("expected a list of strings") from None


def _record(hint: type[Any]) -> Codec:
    hints = typing.get_type_hints(hint)
    names = [field.name for field in dataclasses.fields(hint)]
    parts = [codec(hints[name]) for name in names]
    encoders = [(name, part[0]) for name, part in zip(names, parts, strict=True)]
    decoders = [part[1] for part in parts]
    count = len(names)

    def encode(value: Any) -> Any:
        return [encoder(getattr(value, name)) for name, encoder in encoders]

    def decode(value: Any) -> Any:
        if len(_list(value)) != count:
            raise _MalformedError(f"{hint.__name__} has {count} fields, found {len(value)}")
        try:
            return hint(*[decoder(x) for decoder, x in zip(decoders, value, strict=True)])
        except _MalformedError as error:
            raise _MalformedError(f"{hint.__name__}: {error}") from None

    return encode, decode


@cache
def shape(hint: Any) -> str:
    """Return a hash of a type's layout: names, order and types of all fields, recursively."""
    seen: dict[str, str] = {}

    def describe(part: Any) -> None:
        for arg in typing.get_args(part):
            describe(arg)
        if isinstance(part, type) and part.__name__ not in seen:
            if dataclasses.is_dataclass(part):
                hints = typing.get_type_hints(part)
                seen[part.__name__] = repr([(f.name, str(hints[f.name])) for f in dataclasses.fields(part)])
                for inner in hints.values():
                    describe(inner)
            elif issubclass(part, Enum):
                seen[part.__name__] = repr([member.value for member in part])

    describe(hint)
    return digest(repr(sorted(seen.items())))[:16]


# ----------------------------------------------------------------------- manifests


def manifest(record: Any) -> bytes:
    """Serialize a frozen dataclass as a versioned manifest."""
    hint = cast(type[Any], type(record))
    envelope = {"schema": hint.__name__, "version": VERSION, "shape": shape(hint), "record": codec(hint)[0](record)}
    return orjson.dumps(envelope) + b"\n"


def dump(record: Any, path: Path) -> None:
    """Write the manifest of a record atomically. Raises Failure if the file cannot be written."""
    write_atomic(path, manifest(record))


def load(hint: type[T], path: Path) -> T:
    """Read a record of type ``hint`` from a manifest.

    Raises InputError if the file is missing or damaged, holds a record of another type, or was written by another version.
    """
    again = "run again the stage that writes it"
    try:
        envelope = orjson.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read manifest: {error.strerror}", str(path), again) from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"damaged manifest: {error.msg}", f"{path}:{error.lineno}:{error.colno}", again) from None
    if not isinstance(envelope, dict) or "schema" not in envelope or "record" not in envelope:
        raise InputError("not a manifest of vega-gen", str(path), again)
    fields = cast(dict[str, Any], envelope)
    if fields["schema"] != hint.__name__:
        raise InputError(f"holds a {fields['schema']}, not a {hint.__name__}", str(path), "give a manifest of that kind")
    if (fields.get("version"), fields.get("shape")) != (VERSION, shape(hint)):
        raise InputError(f"{hint.__name__} manifest of another version of vega-gen", str(path), again)
    try:
        return cast(T, codec(hint)[1](fields["record"]))
    except _MalformedError as error:
        raise InputError(f"damaged manifest: {error}", str(path), again) from None


def write_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` to a temporary file beside ``path`` and rename it, so that any failure (such as a full disk) leaves the old file.

    Raises Failure with the system's message.
    """
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        if name:
            with contextlib.suppress(OSError):
                Path(name).unlink()
        raise Failure(f"cannot write: {error.strerror}", str(path), "free some disk or choose another folder") from None


def digest(*parts: bytes | str) -> str:
    """Return the BLAKE2b hash of the parts as 40 hexadecimal digits. Each part is prefixed with its length, so boundaries count."""
    state = hashlib.blake2b(digest_size=20)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()
