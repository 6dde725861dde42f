"""WhatsApp's first exchange: a Noise handshake up to the server's certificate, verified to the root key. No account.

Layout (field notes, from public clients): "WA", magic 6, dictionary version 3, then frames of a big-endian length of
three bytes. HandshakeMessage{clientHello=2{ephemeral=1}} out; {serverHello=3{ephemeral=1, static=2, payload=3}} back,
whose payload is CertChain{leaf=1, intermediate=2}, each {details=1, signature=2}, details {serial=1, issuerSerial=2,
key=3}. We close before the message that would say who we are. Dates in the certificates are not looked at: a wrong
clock of ours must not look like a forger.
"""

from __future__ import annotations

from dataclasses import dataclass

from probes.knock import xeddsa
from probes.knock.noise import KEY_BYTES, Initiator, Unproven
from probes.knock.talk import Ask, Reply

WEB_PATH, WEB_ORIGIN = "/ws/chat", "https://web.whatsapp.com"  # where a browser says the same in a WebSocket
_HEADER = b"WA\x06\x03"
_MOST_FRAME_BYTES = 4096  # a true one has some 350; TLS, HTTP and SSH begin with a longer "length"
_MOST_FIELDS = 16

Fields = dict[int, bytes | int]


@dataclass(frozen=True, slots=True)
class ClientHello:
    """`secret`: 32 unpredictable bytes. `root_key`: the Curve25519 key everything must chain to."""

    secret: bytes
    root_key: bytes

    def opening(self) -> bytes:
        hello = _packed(2, _packed(1, Initiator(_HEADER, self.secret).public))
        return _HEADER + len(hello).to_bytes(3, "big") + hello

    def read(self, data: bytes) -> Reply:
        if len(data) < 3:
            return Reply.MORE
        length = int.from_bytes(data[:3], "big")
        if length > _MOST_FRAME_BYTES:
            return Reply.OTHER
        if len(data) < 3 + length:
            return Reply.MORE
        try:
            return Reply.PROVEN if self._is_proof(data[3 : 3 + length]) else Reply.OTHER
        except Unproven:
            return Reply.OTHER

    def _is_proof(self, message: bytes) -> bool:
        hello = _fields(_bytes(_fields(message), 3))
        noise = Initiator(_HEADER, self.secret)
        static, payload = noise.heard(_bytes(hello, 1), _bytes(hello, 2), _bytes(hello, 3))
        chain = _fields(payload)
        leaf, between = _fields(_bytes(chain, 1)), _fields(_bytes(chain, 2))
        own, issuer = _fields(_bytes(leaf, 1)), _fields(_bytes(between, 1))
        return (
            issuer.get(2, 0) == 0
            and own.get(2, 0) == issuer.get(1, 0)
            and _bytes(own, 3) == static
            and xeddsa.verified(self.root_key, _bytes(between, 1), _bytes(between, 2))
            and xeddsa.verified(_bytes(issuer, 3), _bytes(leaf, 1), _bytes(leaf, 2))
        )


def of(ask: Ask) -> ClientHello:
    return ClientHello(ask.token(KEY_BYTES), bytes.fromhex(ask.options["root_key"]))


# ---------------------------------------------------------------- as much of protobuf as that takes


def _packed(number: int, data: bytes) -> bytes:
    """A field of bytes, shorter than 128."""
    return bytes([number << 3 | 2, len(data)]) + data


def _bytes(fields: Fields, number: int) -> bytes:
    found = fields.get(number, b"")
    if not isinstance(found, bytes):
        raise Unproven
    return found


def _fields(data: bytes) -> Fields:
    """Number -> content. Raises Unproven for what is no message of numbers and bytes, or of too many."""
    found: Fields = {}
    at = 0
    for _ in range(_MOST_FIELDS):
        if at >= len(data):
            return found
        tag, at = _number(data, at)
        value, at = _number(data, at)
        match tag & 7:
            case 0:
                found[tag >> 3] = value
            case 2 if value <= len(data) - at:
                found[tag >> 3] = data[at : at + value]
                at += value
            case _:
                raise Unproven
    raise Unproven


def _number(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for step, byte in enumerate(data[at : at + 10]):
        number |= (byte & 127) << 7 * step
        if byte < 128:
            return number, at + step + 1
    raise Unproven
