"""WhatsApp's server proves itself by its keys; whoever only answers, or answers with other keys, does not pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from probes.knock import xeddsa
from probes.knock.noise import Initiator, Unproven
from probes.knock.talk import Reply
from probes.knock.whatsapp import ClientHello
from probes.words import Failure, Kind, Step
from tests.probes import liars
from tests.probes.liars import listening, target, tools, walked
from tests.probes.whatsapp_server import Server

SECRET = bytes(range(32))

# ---------------------------------------------------------------- published vectors


def test_noise_speaks_as_cacophony_wrote_it_down() -> None:
    """Noise_XX_25519_AESGCM_SHA256 of cacophony's vectors (rweather/noise-c, tests/vector/cacophony.txt): public test keys."""
    prologue = bytes.fromhex("4a6f686e2047616c74")
    secret = bytes.fromhex("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a")
    hello = bytes.fromhex("4c756477696720766f6e204d69736573")
    answer = bytes.fromhex(
        "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843757117acceb05bd7a45733bc22015c97a9d0cbaf41b80446"
        "d5988ff5127235d76b79eade70f473d6a4ef521fdcbeda5340d01e028ba793fc059f2724a83af05f12dda0448a7621a926b379a92477fd"
    )
    noise = Initiator(prologue, secret)
    assert noise.public.hex() == "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
    noise.said(hello)
    static, payload = noise.heard(answer[:32], answer[32:80], answer[80:])
    theirs = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893")
    )
    assert static == theirs.public_key().public_bytes_raw()
    assert payload == bytes.fromhex("4d757272617920526f746862617264")


def test_a_key_of_low_order_proves_nothing() -> None:
    with pytest.raises(Unproven):
        Initiator(b"", SECRET).heard(bytes(32), bytes(48), bytes(16))


@pytest.mark.parametrize("length", [48, 15], ids=["sealed by another key", "shorter than its seal"])
def test_a_part_that_does_not_open_proves_nothing(length: int) -> None:
    theirs = X25519PrivateKey.from_private_bytes(SECRET).public_key().public_bytes_raw()
    with pytest.raises(Unproven):
        Initiator(b"", SECRET).heard(theirs, bytes(length), bytes(16))


def test_xeddsa_verifies_what_libsignal_signed_and_nothing_else() -> None:
    """libsignal, rust/core/src/curve/curve25519.rs, test_signature: public test keys."""
    public = bytes.fromhex("ab7e717d4a163b7d9a1d8071dfe9dcf8cdcd1cea3339b6356be84d887e322c64")
    message = bytes.fromhex("05edce9d9c415ca78cb7252e72c2c4a554d3eb29485a0e1d503118d1a82d99fb4a")
    signature = bytes.fromhex(
        "5de88ca9a89b4a115da79109c67c9c7464a3e4180274f1cb8c63c2984e286dfb"
        "ede82deb9dcd9fae0bfbb821569b3d9001bd8130cd11d486cef047bd60b86e88"
    )
    assert xeddsa.verified(public, message, signature)
    for at in range(64):
        assert not xeddsa.verified(public, message, signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :])
    assert not xeddsa.verified(public, message[:-1], signature)
    assert not xeddsa.verified(public, message, signature[:-1])
    assert not xeddsa.verified((2**255 - 20).to_bytes(32, "little"), message, signature)
    assert not xeddsa.verified(b"\xff" * 32, message, signature)


# ---------------------------------------------------------------- the knock


def test_the_opening_is_a_header_and_one_frame() -> None:
    opening = ClientHello(SECRET, bytes(32)).opening()
    assert opening[:11] == bytes.fromhex("57410603" + "000024" + "1222" + "0a20")
    assert len(opening) == 43


def test_the_real_server_is_known_by_its_keys_however_its_bytes_arrive() -> None:
    server = Server()
    talk = ClientHello(SECRET, server.root.public)
    answer = server.answer(talk.opening())
    assert [talk.read(answer[:count]) for count in range(len(answer))] == [Reply.MORE] * len(answer)
    assert talk.read(answer) is Reply.PROVEN
    assert talk.read(answer + b"more") is Reply.PROVEN


@pytest.mark.parametrize(
    "flaw", ["another root", "another issuer", "a key it does not hold", "a key of its own making"]
)
def test_whoever_answers_with_other_keys_does_not_pass(flaw: str) -> None:
    server, root = Server(), Server().root.public if flaw == "another root" else b""
    root = root or server.root.public
    match flaw:
        case "another issuer":
            server.issuer_serial = 1
        case "a key it does not hold":
            server.claims = X25519PrivateKey.generate().public_key().public_bytes_raw()
        case "a key of its own making":
            server.root = Server().root
    talk = ClientHello(SECRET, root)
    assert talk.read(server.answer(talk.opening())) is Reply.OTHER


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_not_one_byte_of_the_answer_may_be_another(at: int, change: int) -> None:
    talk = ClientHello(SECRET, SERVER.root.public)
    answer = SERVER.answer(talk.opening())
    at = 3 + at % (len(answer) - 3)
    assert talk.read(answer[:at] + bytes([answer[at] ^ change]) + answer[at + 1 :]) is not Reply.PROVEN


SERVER = Server()


@given(st.binary(max_size=600))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    talk = ClientHello(SECRET, bytes(32))
    assert talk.read(data) in Reply
    assert talk.read(len(data).to_bytes(3, "big") + data) is Reply.OTHER


@pytest.mark.parametrize(
    "message", [b"\x18\x01", b"\x08\x01" * 40, b"\x1a\x7f", b"\x1d" + bytes(8), b"\xff" * 30],
    ids=["a number for bytes", "too many fields", "breaks off", "unknown wire type", "endless number"],
)  # fmt: skip
def test_a_message_of_another_shape_proves_nothing(message: bytes) -> None:
    frame = len(message).to_bytes(3, "big") + message
    assert ClientHello(SECRET, bytes(32)).read(frame) is Reply.OTHER


@pytest.mark.parametrize("said", [b"HTTP/1.1 400", b"\x15\x03\x03\x00\x02\x02\x28", b"SSH-2.0-"])
def test_another_protocol_is_another_at_once(said: bytes) -> None:
    assert ClientHello(SECRET, bytes(32)).read(said) is Reply.OTHER


# ---------------------------------------------------------------- the walk


@pytest.mark.parametrize("who", ["WhatsApp", "an impostor", "an open port", "a web server"])
async def test_only_the_real_server_is_reached(who: str) -> None:
    server = Server()
    root = Server().root.public if who == "an impostor" else server.root.public
    behaviour = {
        "an open port": liars.silent,
        "a web server": liars.says(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    }.get(who, server.serve)
    async with listening(behaviour) as port:
        to = replace(target(Kind.WHATSAPP, port), options={"root_key": root.hex()})
        walk = await walked(to, tools())
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.KNOCK]
    assert walk.authenticated is walk.reached is (who == "WhatsApp")
    expected = {"WhatsApp": None, "an open port": Failure.TIMEOUT}
    assert walk.failure == expected.get(who, Failure.KNOCK_UNEXPECTED_REPLY)
