"""WhatsApp's greeting, answered by a responder: our own probe takes it for proven, by the responder's root key alone."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from deploy.responder.whatsapp import Listener, Noise, public_of
from probes import catalogue
from probes.facts import Target
from probes.knock.talk import Reply
from probes.knock.whatsapp import ClientHello
from probes.words import Failure, Kind, Peer, Protocol
from tests.deploy.responders import NAME, standing
from tests.probes import liars
from tests.probes.liars import tools, walked

ROOT = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LISTENER = Listener(ROOT)
HELLO = ClientHello(bytes(range(32)), public_of(ROOT))


def test_the_second_message_is_cacophonys_byte_by_byte() -> None:
    """Noise_XX_25519_AESGCM_SHA256 of cacophony's vectors (rweather/noise-c, tests/vector/cacophony.txt): public test keys."""
    own, static = (
        X25519PrivateKey.from_private_bytes(bytes.fromhex(key))
        for key in (
            "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
            "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
        )
    )
    noise = Noise(bytes.fromhex("ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"))
    for said in (bytes.fromhex("4a6f686e2047616c74"), noise.theirs, bytes.fromhex("4c756477696720766f6e204d69736573")):
        noise.mix_hash(said)
    assert b"".join(noise.said(own, static, b"Murray Rothbard")).hex() == (
        "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843757117acceb05bd7a45733bc22015c97a9d0cbaf41b80446"
        "d5988ff5127235d76b79eade70f473d6a4ef521fdcbeda5340d01e028ba793fc059f2724a83af05f12dda0448a7621a926b379a92477fd"
    )


def test_it_proves_itself_under_its_own_root_and_no_other() -> None:
    said = LISTENER.answer(HELLO.opening())
    assert said is not None
    assert HELLO.read(said.reply) is Reply.PROVEN
    other = ClientHello(HELLO.secret, public_of(Ed25519PrivateKey.generate()))
    assert other.read(said.reply) is Reply.OTHER


def test_every_start_has_keys_of_its_own_below_the_same_root() -> None:
    replies = {said.reply[40:90] for said in (Listener(ROOT).answer(HELLO.opening()) for _ in range(3)) if said}
    assert len(replies) == 3


@given(st.integers(0, 42), st.integers(1, 255))
def test_no_other_bytes_make_it_raise(at: int, change: int) -> None:
    opening = HELLO.opening()
    said = LISTENER.answer(opening[:at] + bytes([opening[at] ^ change]) + opening[at + 1 :])
    assert said is None or at in (3, 4, 5, 6) or at >= 11, "the version may be another, the lengths are not looked at"


def test_a_key_that_makes_no_secret_is_met_with_silence() -> None:
    said = LISTENER.answer(HELLO.opening()[:-32] + bytes(32))
    assert said is not None
    assert (said.reply, said.why) == (b"", "no_key")


def row(folder: Path, port: int) -> Target:
    """The row that `init` wrote for the vantages, on loopback."""
    service, mistakes = catalogue.load_file(folder / "witness.yml")
    assert service is not None, mistakes
    found = next(each for each in service.targets if each.kind is Kind.WHATSAPP)
    assert found.spoken is not None
    assert (found.spoken.protocol, found.spoken.peer) == (Protocol.WHATSAPP, Peer.OWN)
    return replace(found, endpoints=(replace(found.endpoints[0], port=port, address="127.0.0.1"),))


async def test_the_rows_that_init_writes_reach_it_and_the_log_knows_the_walk(tmp_path: Path) -> None:
    async with standing(tmp_path) as there:
        done = await walked(row(tmp_path, there.ports["whatsapp"]), tools())
        assert (done.failure, done.authenticated) == (None, True)
        await there.responder.quiet.wait()
        whats = [json.loads(line)["what"] for line in there.lines() if '"protocol":"whatsapp"' in line]
        assert whats == ["asked", "answered"]


async def test_every_row_that_init_writes_is_reached(tmp_path: Path) -> None:
    async with standing(tmp_path) as there:
        service, mistakes = catalogue.load_file(tmp_path / "witness.yml")
        assert service is not None, mistakes
        names = {Kind.TLS: "tls", Kind.QUIC: "quic", Kind.OPENVPN: "openvpn", Kind.WHATSAPP: "whatsapp"}
        for each in service.targets:
            at = replace(each.endpoints[0], port=there.ports[names[each.kind]], address="127.0.0.1")
            assert at.host == NAME
            done = await walked(replace(each, endpoints=(at,)), tools(there.ca_file))
            assert (each.id, done.failure, done.authenticated) == (each.id, None, True)
        assert {each.kind for each in service.targets} == set(names)


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-x\r\n", bytes(43), b"WA\x06\x03\xff\xff\xff", b"WA\x06\x03\0\0\x24" + bytes(36)]
)
async def test_whoever_says_something_else_is_let_go(tmp_path: Path, said: bytes) -> None:
    async with standing(tmp_path) as there:
        reader, writer = await asyncio.open_connection("127.0.0.1", there.ports["whatsapp"])
        writer.write(said)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()


async def test_a_listener_of_another_kind_does_not_pass(tmp_path: Path) -> None:
    async with standing(tmp_path) as there, liars.listening(liars.silent) as port:
        done = await walked(row(tmp_path, port), tools(timeout_s=0.1))
        assert (done.failure, done.authenticated) == (Failure.TIMEOUT, False)
        assert not [line for line in there.lines() if "whatsapp" in line]
