"""WireGuard's handshake, answered for known peers and nobody else. The initiator here is written anew from the paper."""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.responder.wireguard import INITIATION_BYTES, RESPONSE_BYTES, Ignored, Listener

SERVER, CLIENT, STRANGER = (X25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))


def public(key: X25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def b2s(*parts: bytes) -> bytes:
    return hashlib.blake2s(b"".join(parts)).digest()


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.blake2s).digest()


def dh(own: X25519PrivateKey, other: bytes) -> bytes:
    return own.exchange(X25519PublicKey.from_public_bytes(other))


def seal(key: bytes, plain: bytes, extra: bytes) -> bytes:
    return ChaCha20Poly1305(key).encrypt(bytes(12), plain, extra)


@dataclass
class Initiator:
    """Section 5.4.2 and 5.4.3 of the paper, line by line, with its letters."""

    static: X25519PrivateKey
    responder: bytes = public(SERVER)
    at: int = 0x4000000066000000

    def initiation(self) -> bytes:
        self.ephemeral = X25519PrivateKey.generate()
        e = public(self.ephemeral)
        c = b2s(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
        h = b2s(b2s(c, b"WireGuard v1 zx2c4 Jason@zx2c4.com"), self.responder)
        c = mac(mac(c, e), b"\1")
        h = b2s(h, e)
        t0 = mac(c, dh(self.ephemeral, self.responder))
        c, k = mac(t0, b"\1"), mac(t0, mac(t0, b"\1") + b"\2")
        static = seal(k, public(self.static), h)
        h = b2s(h, static)
        t0 = mac(c, dh(self.static, self.responder))
        c, k = mac(t0, b"\1"), mac(t0, mac(t0, b"\1") + b"\2")
        stamp = seal(k, struct.pack(">QI", self.at, 0), h)
        self.c, self.h = c, b2s(h, stamp)
        head = b"\1\0\0\0" + b"\x11\x22\x33\x44" + e + static + stamp
        self.packet = (
            head + hashlib.blake2s(head, digest_size=16, key=b2s(b"mac1----", self.responder)).digest() + bytes(16)
        )
        return self.packet

    def proven(self, reply: bytes) -> bool:
        """Raises InvalidTag when it was not made by who we spoke to."""
        if len(reply) != 92 or reply[:4] != b"\2\0\0\0" or reply[8:12] != b"\x11\x22\x33\x44":
            return False
        e = reply[12:44]
        c, h = mac(mac(self.c, e), b"\1"), b2s(self.h, e)
        c = mac(mac(c, dh(self.ephemeral, e)), b"\1")
        c = mac(mac(c, dh(self.static, e)), b"\1")
        t0 = mac(c, bytes(32))
        t1 = mac(t0, b"\1")
        t2 = mac(t0, t1 + b"\2")
        k = mac(t0, t2 + b"\3")
        h = b2s(h, t2)
        assert ChaCha20Poly1305(k).decrypt(bytes(12), reply[44:60], h) == b""
        wanted = hashlib.blake2s(reply[:60], digest_size=16, key=b2s(b"mac1----", public(self.static))).digest()
        return reply[60:76] == wanted


def listener() -> Listener:
    return Listener(SERVER, [public(CLIENT)])


def test_a_known_peer_is_answered_and_can_prove_by_whom() -> None:
    initiator = Initiator(CLIENT)
    answered = listener().answer(initiator.initiation())
    assert answered is not None
    assert (len(initiator.packet), len(answered.reply)) == (INITIATION_BYTES, RESPONSE_BYTES)
    assert initiator.proven(answered.reply)
    assert answered.walk == hashlib.sha256(initiator.packet[8:40]).hexdigest()


def test_what_was_said_once_is_not_answered_twice() -> None:
    here, initiator = listener(), Initiator(CLIENT)
    packet = initiator.initiation()
    replies = [here.answer(packet), here.answer(packet)]
    initiator.at += 1
    replies.append(here.answer(initiator.initiation()))
    assert [bool(each and each.reply) for each in replies] == [True, False, True]
    assert replies[1] is not None
    assert replies[1].why == Ignored.REPLAYED


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda _: Initiator(STRANGER).initiation(), Ignored.UNKNOWN_PEER),
        (lambda _: Initiator(CLIENT, public(STRANGER)).initiation(), Ignored.BAD_MAC1),
        (lambda packet: packet[:116] + bytes(16) + packet[132:], Ignored.BAD_MAC1),
        (lambda packet: resealed(packet[:8] + bytes(32) + packet[40:]), Ignored.FORGED),
        (lambda packet: resealed(packet[:60] + bytes(1) + packet[61:]), Ignored.FORGED),
        (lambda packet: resealed(packet[:100] + bytes(1) + packet[101:]), Ignored.FORGED),
    ],
    ids=["stranger", "another key", "no mac1", "a point of low order", "key altered", "time altered"],
)
def test_everybody_else_is_met_with_silence(spoil: Callable[[bytes], bytes], why: Ignored) -> None:
    answered = listener().answer(spoil(Initiator(CLIENT).initiation()))
    assert answered is not None
    assert (answered.reply, answered.why) == (b"", why)


def resealed(packet: bytes) -> bytes:
    """With the mac1 that belongs to it: anybody who knows our public key can make one."""
    head = packet[:116]
    return head + hashlib.blake2s(head, digest_size=16, key=b2s(b"mac1----", public(SERVER))).digest() + packet[132:]


@settings(deadline=None)
@given(st.binary(max_size=200) | st.binary(min_size=144, max_size=144).map(lambda rest: b"\1\0\0\0" + rest))
def test_noise_is_met_with_silence(noise: bytes) -> None:
    answered = listener().answer(noise)
    assert answered is None or answered.reply == b""


@settings(deadline=None, max_examples=60)
@given(st.integers(0, INITIATION_BYTES - 17), st.integers(1, 255))
def test_no_changed_byte_is_answered(at: int, flip: int) -> None:
    """But in the index, which only says where the answer goes, and in mac2, which nobody here asks for."""
    packet = bytearray(Initiator(CLIENT).initiation())
    packet[at] ^= flip
    sealed = resealed(bytes(packet)) if at < 116 else bytes(packet)
    answered = listener().answer(sealed)
    assert (answered is not None and bool(answered.reply)) == (4 <= at < 8)
