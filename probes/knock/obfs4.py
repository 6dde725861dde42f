"""obfs4's handshake with a bridge of one's own, up to the server's proof; carries nothing, and says no word more.

Layout (obfs4-spec.txt of Yawning Angel's obfs4, section 4; ntor is Tor's proposal 216, written as obfs4proxy does,
with the public key B said twice): representative, padding, mark, MAC out; representative, AUTH, padding, mark, MAC
back. Marks and MACs are made with what stands in the bridge's `cert=`: no wire has it, but every user of the bridge
does. AUTH takes the bridge's own private key and is bound to our key, so nothing that was recorded passes. That is the
proof.

The MAC holds the hour; a server hears one that is an hour off. To whom it does not understand, or has heard before,
it is silent: a clock that is wrong looks like a bridge that is blocked. The padding is as long as obfs4proxy's, up to
8 KB: a shorter one would be known by it.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from probes.knock.elligator import KEY_BYTES, Pair, pair_of, public_of
from probes.knock.talk import Ask, Reply

MOST_BYTES = 8192  # of either side's handshake
LEAST_PADDING, MOST_PADDING = 77, MOST_BYTES - 64  # transports/obfs4/handshake_ntor.go of obfs4proxy 0.0.14

_PROTOCOL = b"ntor-curve25519-sha256-1"
_NODE_ID_BYTES, _AUTH_BYTES, _MARK_BYTES, _MAC_BYTES = 20, 32, 16, 16
_HEAD_BYTES = KEY_BYTES + _AUTH_BYTES
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Bridge:
    """What its `cert=` says."""

    node_id: bytes = field(repr=False)
    public: bytes = field(repr=False)

    def mac(self, data: bytes) -> bytes:
        return hmac.digest(self.public + self.node_id, data, "sha256")[:_MAC_BYTES]


@dataclass(frozen=True, slots=True)
class Handshake:
    """`hour`: of our clock, since 1970."""

    bridge: Bridge
    pair: Pair = field(repr=False)
    padding: bytes = field(repr=False)
    hour: int

    def opening(self) -> bytes:
        shown = self.pair.representative
        said = shown + self.padding + self.bridge.mac(shown)
        return said + self.bridge.mac(said + _written(self.hour))

    def read(self, data: bytes) -> Reply:
        data, mark = data[:MOST_BYTES], self.bridge.mac(data[:KEY_BYTES])
        start = data.find(mark, _HEAD_BYTES)
        if start < 0 or len(data) < start + _MARK_BYTES + _MAC_BYTES:
            return Reply.MORE if len(data) < MOST_BYTES else Reply.OTHER
        end = start + _MARK_BYTES
        signed, mac = data[:end], data[end : end + _MAC_BYTES]
        hours = (self.hour - 1, self.hour, self.hour + 1)
        if not any(hmac.compare_digest(self.bridge.mac(signed + _written(hour)), mac) for hour in hours):
            return Reply.OTHER
        proven = hmac.compare_digest(self._auth(public_of(data[:KEY_BYTES])), data[KEY_BYTES:_HEAD_BYTES])
        return Reply.PROVEN if proven else Reply.OTHER

    def _auth(self, public: bytes) -> bytes:
        """What only the holder of the bridge's private key can say to ours; nothing where a key is of low order."""
        try:
            keys = [X25519PublicKey.from_public_bytes(key) for key in (public, self.bridge.public)]
            shared = [self.pair.private.exchange(key) for key in keys]
        except ValueError:
            return b""
        names = self.bridge.public * 2 + self.pair.public + public + _PROTOCOL + self.bridge.node_id
        verify = _tagged(b":key_verify", b"".join(shared) + names)
        return _tagged(b":mac", verify + names + b"Server")


def of(ask: Ask) -> Handshake:
    size = LEAST_PADDING + int.from_bytes(ask.token(8), "big") % (MOST_PADDING - LEAST_PADDING + 1)
    bridge = bridge_of(ask.secrets["cert_file"])
    return Handshake(bridge, pair_of(ask.token(KEY_BYTES)), ask.token(size), ask.now_ms // _HOUR_MS)


def bridge_of(cert: str) -> Bridge:
    """`cert`: as in a bridge line, base64 without its padding, with or without the word before it."""
    raw = base64.b64decode(cert.removeprefix("cert=") + "==")
    return Bridge(raw[:_NODE_ID_BYTES], raw[_NODE_ID_BYTES:])


def _written(hour: int) -> bytes:
    return b"%d" % hour


def _tagged(what: bytes, data: bytes) -> bytes:
    return hmac.digest(_PROTOCOL + what, data, "sha256")
