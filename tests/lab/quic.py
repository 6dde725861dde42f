"""QUIC's first packets, whose keys anybody on the way can derive: the name in them, and answers to them by nobody.

RFC 9001 section 5, RFC 9000 section 17.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from tests.lab.contents import name_in_hello

_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_VERSION_1 = b"\0\0\0\1"
_PADDING, _PING, _CRYPTO, _CLOSE = 0, 1, 6, 0x1C
_TWO_BYTES, _TAG_BYTES = 0x4000, 16


def server_name(datagram: bytes) -> str:
    """The name in the first packet of a client; empty for everything else."""
    if datagram[0] & 0xF0 != 0xC0 or datagram[1:5] != _VERSION_1:
        return ""
    try:
        return name_in_hello(b"".join(data for _, data in sorted(_crypto(_opened(datagram)))))
    except (IndexError, InvalidTag, ValueError):
        return ""


def is_initial(datagram: bytes) -> bool:
    """A client's, of version 1, in a datagram as long as those are."""
    return len(datagram) >= 1200 and datagram[0] & 0xF0 == 0xC0 and datagram[1:5] == _VERSION_1


def negotiation(datagram: bytes) -> bytes:
    """Version Negotiation in answer to it, which nobody signs: one version that is not asked for."""
    theirs, mine = _ids(datagram)
    return b"\xc0" + bytes(4) + _sized(mine) + _sized(theirs) + b"\x0a\x1a\x2a\x3a"


def closing(datagram: bytes, code: int) -> bytes:
    """CONNECTION_CLOSE of that code (RFC 9000 section 19.19) in answer to it, under the keys of the greeting."""
    theirs, mine = _ids(datagram)
    frames = bytes([_CLOSE, code, 0, 0]).ljust(32, b"\0")
    key, iv, header_key = _keys(theirs, b"server in")
    no_token, number = b"\0", b"\0"
    length = (_TWO_BYTES | len(number) + len(frames) + _TAG_BYTES).to_bytes(2, "big")
    header = b"\xc0" + _VERSION_1 + _sized(mine) + _sized(theirs) + no_token + length + number
    sealed = AESGCM(key).encrypt(iv, frames, header)  # the packet's number is 0: the nonce is the iv itself
    mask = Cipher(algorithms.AES(header_key), modes.ECB()).encryptor().update(sealed[3:19])
    return bytes([header[0] ^ mask[0] & 0x0F]) + header[1:-1] + bytes([mask[1]]) + sealed


def _ids(datagram: bytes) -> tuple[bytes, bytes]:
    """The connection ids of a long header: where to, and where from."""
    there = datagram[6 : 6 + datagram[5]]
    at = 6 + len(there)
    return there, datagram[at + 1 : at + 1 + datagram[at]]


def _sized(connection: bytes) -> bytes:
    return bytes([len(connection)]) + connection


def _opened(datagram: bytes) -> bytes:
    """The frames of the first packet."""
    connection = datagram[6 : 6 + datagram[5]]
    at = 6 + len(connection)
    at += 1 + datagram[at]  # the source's connection id
    token, at = _number(datagram, at)
    length, at = _number(datagram, at + token)
    key, iv, header_key = _keys(connection)
    sample = datagram[at + 4 : at + 20]
    mask = Cipher(algorithms.AES(header_key), modes.ECB()).encryptor().update(sample)  # header protection is that
    first = datagram[0] ^ (mask[0] & 0x0F)
    size = (first & 3) + 1
    number = bytes(a ^ b for a, b in zip(datagram[at : at + size], mask[1:], strict=False))
    header = bytes([first]) + datagram[1:at] + number
    nonce = bytes(a ^ b for a, b in zip(iv, number.rjust(12, b"\0"), strict=True))
    return AESGCM(key).decrypt(nonce, datagram[at + size : at + length], header)


def _keys(connection: bytes, whose: bytes = b"client in") -> tuple[bytes, bytes, bytes]:
    secret = _expand(_mac(_SALT, connection), whose, 32)
    return _expand(secret, b"quic key", 16), _expand(secret, b"quic iv", 12), _expand(secret, b"quic hp", 16)


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label of RFC 8446 7.1, for one block at most."""
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0"
    return _mac(secret, info + b"\1")[:length]


def _mac(key: bytes, data: bytes) -> bytes:
    mac = HMAC(key, SHA256())
    mac.update(data)
    return mac.finalize()


def _crypto(frames: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(frames):
        kind, at = _number(frames, at)
        if kind == _CRYPTO:
            offset, at = _number(frames, at)
            length, at = _number(frames, at)
            yield offset, frames[at : at + length]
            at += length
        elif kind not in (_PADDING, _PING):
            return


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer, and where it ends."""
    size = 1 << (data[at] >> 6)
    return int.from_bytes(data[at : at + size], "big") & ((1 << (8 * size - 2)) - 1), at + size
