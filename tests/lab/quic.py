"""Reads the name in a QUIC version 1 Initial, whose keys anybody on the way can derive: RFC 9001 section 5, RFC 9000."""

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
_PADDING, _PING, _CRYPTO = 0, 1, 6


def server_name(datagram: bytes) -> str:
    """The name in the first packet of a client; empty for everything else."""
    if datagram[0] & 0xF0 != 0xC0 or datagram[1:5] != _VERSION_1:
        return ""
    try:
        return name_in_hello(b"".join(data for _, data in sorted(_crypto(_opened(datagram)))))
    except (IndexError, InvalidTag, ValueError):
        return ""


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


def _keys(connection: bytes) -> tuple[bytes, bytes, bytes]:
    secret = _expand(_mac(_SALT, connection), b"client in", 32)
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
