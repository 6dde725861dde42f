"""A catalogue as one signed file: bytes in, content out. Believes a key that was pinned, or what that key handed on to.

`MAGIC | public key of the signer (32) | Ed25519 signature (64) | zlib of JSON`; signed is MAGIC and what is packed.
Keys change by rotations, which every later file carries: each names the keys that hold from then on, bound to all
rotations before it, and is signed by one that held until then.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from monitor.decoding import Undecodable, from_json, inflated

MAGIC, _KEYS = b"didban-catalogue-1\n", b"didban-catalogue-keys-1\n"
MOST_BYTES = 512 * 1024
_MOST_UNPACKED_BYTES = 2 * 1024 * 1024
_MOST_ROTATIONS = 64  # each is bound to all before it: as many as a file can hold would keep a board busy for an hour
_KEY_BYTES, _SIGNATURE_BYTES = 32, 64


class NotOurs(ValueError):
    """It is no catalogue, was changed, or is signed by a key that holds for nobody here; the message says which."""


class Rotation(msgspec.Struct, frozen=True):
    """From here on these keys hold, and no other. `by`: one that held before. Keys and signature in base64."""

    keys: tuple[str, ...]
    by: str
    signature: str


class Content(msgspec.Struct, frozen=True):
    """What a file says. A later program may say more in it: what is not known here is not read.

    Attributes:
        made, expires: days in UTC, such as 2026-11-22; it may be installed until the end of the last.
        files: `services/NAME.yml` and `fingerprints/NAME.yml`, with their text.
    """

    version: int
    made: str
    expires: str
    files: dict[str, str]
    rotations: tuple[Rotation, ...] = ()


def new_key() -> str:
    """A private key in base64, for a file only its owner reads."""
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def public_of(private: str) -> str:
    """Its public half in base64, which boxes are told. Raises ValueError for what is no key."""
    return base64.b64encode(_private(private).public_key().public_bytes_raw()).decode()


def check_public(given: str) -> str:
    """The same again, if it may be a public key in base64; else raises ValueError."""
    _raw(given, _KEY_BYTES, "a key of 32 bytes in base64, as `didban catalogue key` prints it")
    return given


def pack(content: Content, private: str) -> bytes:
    """Signed. The same content and key give the same bytes."""
    key = _private(private)
    body = zlib.compress(json.dumps(msgspec.to_builtins(content), sort_keys=True, ensure_ascii=False).encode(), 9)
    return MAGIC + key.public_key().public_bytes_raw() + key.sign(MAGIC + body) + body


def rotation(before: Sequence[Rotation], keys: Iterable[str], private: str) -> Rotation:
    """One more, after these: signed with a key that holds until then."""
    held = tuple(sorted(map(check_public, keys)))
    signature = base64.b64encode(_private(private).sign(_said(before, held))).decode()
    return Rotation(held, public_of(private), signature)


def marks(rotations: Sequence[Rotation]) -> tuple[str, ...]:
    """What to remember of them: who comes with others, or with fewer, speaks for a key that no longer holds."""
    said = (_said(rotations[:count], each.keys) for count, each in enumerate(rotations))
    return tuple(hashlib.sha256(each).hexdigest() for each in said)


def unpack(data: bytes, pinned: Iterable[str]) -> Content:
    """What the file says, if it is signed by a key that holds. Raises NotOurs; nothing of it is read before that.

    Its rotations alone are read from what is not believed yet: they are believed each for itself.
    """
    start = len(MAGIC) + _KEY_BYTES + _SIGNATURE_BYTES
    if not data.startswith(MAGIC) or len(data) < start:
        raise NotOurs("is no catalogue of this form")
    if len(data) > MOST_BYTES:
        raise NotOurs(f"is larger than {MOST_BYTES // 1024} KB")
    signer, signature, body = data[len(MAGIC) :][:_KEY_BYTES], data[start - _SIGNATURE_BYTES : start], data[start:]
    if not _verifies(signer, signature, MAGIC + body):
        raise NotOurs("was changed, or is not whole: its signature does not fit")
    try:
        content = from_json(inflated(body, _MOST_UNPACKED_BYTES), Content)
    except Undecodable as error:
        raise NotOurs(f"cannot be read: {error}") from None
    if len(content.rotations) > _MOST_ROTATIONS:
        raise NotOurs(f"says that its keys changed more than {_MOST_ROTATIONS} times")
    if base64.b64encode(signer).decode() not in held(pinned, content.rotations):
        raise NotOurs("is signed by a key that is not in `catalogue: keys:`, nor was handed on by one")
    return content


def held(pinned: Iterable[str], rotations: Sequence[Rotation]) -> frozenset[str]:
    """The keys that hold after these rotations. One that no key of that time signed changes nothing."""
    keys = frozenset(pinned)
    for count, each in enumerate(rotations):
        if each.by in keys and _is_signed(each, rotations[:count]):
            keys = frozenset(each.keys)
    return keys


def _is_signed(each: Rotation, before: Sequence[Rotation]) -> bool:
    try:
        signature = base64.b64decode(each.signature, validate=True)
        return _verifies(base64.b64decode(each.by, validate=True), signature, _said(before, each.keys))
    except binascii.Error:
        return False


def _said(before: Sequence[Rotation], keys: Sequence[str]) -> bytes:
    """What a rotation signs: the keys, and all that went before."""
    digest = hashlib.sha256()
    for each in before:
        digest.update(json.dumps([each.keys, each.by]).encode())
    return _KEYS + digest.digest() + json.dumps(list(keys)).encode()


def _verifies(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(given: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_raw(given, _KEY_BYTES, "a private key of 32 bytes in base64"))


def _raw(given: str, length: int, what: str) -> bytes:
    try:
        found = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != length:
        raise ValueError(f"must be {what}")
    return found
