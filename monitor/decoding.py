"""Reads JSON, MessagePack and zlib that others wrote. Whatever is wrong with it is one exception, and it has a bound.

msgspec raises UnicodeDecodeError for what is no text and RecursionError for ten thousand brackets; who catches its own
error alone, as one would, is ended by either.
"""

from __future__ import annotations

import zlib
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

Undecodable = msgspec.DecodeError
_NOT_TEXT, _TOO_DEEP = "is not UTF-8 text", "is nested too deeply"


@overload
def from_json(data: bytes | str) -> Any: ...
@overload
def from_json(data: bytes | str, type: type[T]) -> T: ...
def from_json(data: bytes | str, type: Any = Any) -> Any:
    """Raises Undecodable, and nothing else."""
    try:
        return msgspec.json.decode(data, type=type)
    except UnicodeError:
        raise Undecodable(_NOT_TEXT) from None
    except RecursionError:
        raise Undecodable(_TOO_DEEP) from None


def from_msgpack(data: bytes, type: type[T]) -> T:
    """Raises Undecodable, and nothing else."""
    try:
        return msgspec.msgpack.decode(data, type=type)
    except UnicodeError:
        raise Undecodable(_NOT_TEXT) from None
    except RecursionError:
        raise Undecodable(_TOO_DEEP) from None


def inflated(data: bytes, most_bytes: int) -> bytes:
    """What zlib packed, whole; a kilobyte may unfold to a megabyte. Raises Undecodable."""
    unfolding = zlib.decompressobj()
    try:
        found = unfolding.decompress(data, most_bytes)
    except zlib.error:
        raise Undecodable("is not what zlib packs") from None
    if not unfolding.eof:
        raise Undecodable("unfolds to more than is taken, or breaks off")
    return found
