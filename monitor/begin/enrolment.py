"""The one line that enrols a box: everything its didban.yml needs to come home, as one word. It is a secret.

`didban1:` and, in base64url, a MessagePack array of the fields below in their order, zlib round it, and before it the
first four bytes of the SHA-256 of what follows: a line that was mistyped is said to be.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import ssl
import zlib

import msgspec
from pydantic import TypeAdapter, ValidationError

from monitor.decoding import Undecodable, from_msgpack, inflated
from monitor.home.addresses import Home
from monitor.keeping import seal
from probes.doors import schema
from probes.words import Access, Role

_MARK = "didban1:"
_SUM_BYTES = 4
_MOST_BYTES = 64 * 1024
_MISTYPED = "is mistyped, or not whole: compare it with what `didban hub add` printed"


class Enrolment(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`authorities`: roots for the hub's own certificate, DER, beside those of the system."""

    vantage: str
    country: str
    role: Role
    access: Access
    network: str
    cohort: str
    url: str
    password: str
    seal_to: str
    authorities: tuple[bytes, ...] = ()

    @property
    def pem(self) -> str:
        return "".join(ssl.DER_cert_to_PEM_cert(each) for each in self.authorities)


def line(enrolment: Enrolment) -> str:
    packed = zlib.compress(msgspec.msgpack.encode(enrolment), 9)
    return _MARK + base64.urlsafe_b64encode(_sum(packed) + packed).decode().rstrip("=")


def read(given: str) -> Enrolment:
    """Raises ValueError in words that say nothing of what is in it."""
    word = "".join(given.split())  # a terminal breaks a long line
    if not word.startswith(_MARK):
        newer = re.match(r"didban\d+:", word)
        raise ValueError("is of another version of Didban" if newer else f"does not begin with {_MARK}")
    packed = _bytes(word.removeprefix(_MARK))
    if _sum(packed[_SUM_BYTES:]) != packed[:_SUM_BYTES]:
        raise ValueError(_MISTYPED)
    try:
        found = from_msgpack(inflated(packed[_SUM_BYTES:], _MOST_BYTES), type=Enrolment)
    except Undecodable:
        raise ValueError("is no enrolment of this version") from None
    _check(found)
    return found


def _bytes(text: str) -> bytes:
    """base64url in its one spelling: else a line with a wrong last letter would pass."""
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(_MISTYPED) from None
    if base64.urlsafe_b64encode(found).decode().rstrip("=") != text:
        raise ValueError(_MISTYPED)
    return found


def _sum(packed: bytes) -> bytes:
    return hashlib.sha256(packed).digest()[:_SUM_BYTES]


def _check(found: Enrolment) -> None:
    """Whoever made the line, nothing of it goes into a file unless it fits there."""
    schema.word(found.vantage)
    schema.country(found.country)
    for rule, text in ((schema.network, found.network), (schema.word, found.cohort)):
        if text:
            rule(text)
    try:
        TypeAdapter(Home).validate_python(found.url)
    except ValidationError:
        raise ValueError("names no address of a hub") from None
    if not re.fullmatch(r"[!-~]{16,128}", found.password) or not re.fullmatch(r"[!#-\[\]-~]+", found.url):
        raise ValueError("holds no password, or no address")
    seal.check_public(found.seal_to)
