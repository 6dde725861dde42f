"""Debian's obfs4proxy, on loopback as Tor would run it: it answers whoever knows its cert, once, and nobody else."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from probes.facts import Endpoint
from probes.knock import obfs4
from probes.knock.talk import Ask, Reply
from probes.words import Failure, Kind, Step, Transport
from tests.lab.peers import running
from tests.probes.liars import closed_port, target, tools, walked
from tests.probes.obfs4_server import Server

PROGRAM = "obfs4proxy"
pytestmark = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason=f"{PROGRAM} is not here (apt: {PROGRAM})")

HOUR_MS = 3_600_000
SILENCE_S = 0.3  # what counts as one
PATIENCE_S = 10.0  # with an answer that will come


@dataclass(frozen=True)
class Peer:
    port: int
    cert: str


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Behind it, where Tor would be, nobody listens."""
    folder = tmp_path_factory.mktemp(PROGRAM)
    log = folder / "said"
    managed = {
        "TOR_PT_MANAGED_TRANSPORT_VER": "1",
        "TOR_PT_STATE_LOCATION": str(folder),
        "TOR_PT_SERVER_TRANSPORTS": "obfs4",
        "TOR_PT_SERVER_BINDADDR": "obfs4-127.0.0.1:0",
        "TOR_PT_ORPORT": f"127.0.0.1:{closed_port()}",
    }
    with running([PROGRAM], log, lambda: "SMETHODS DONE" in log.read_text(), managed):
        yield Peer(
            port=int(_found(r"SMETHOD obfs4 127\.0\.0\.1:(\d+)", log)),
            cert=_found(r"cert=(\S+)", folder / "obfs4_bridgeline.txt"),
        )


def _found(pattern: str, path: Path) -> str:
    found = re.search(pattern, path.read_text())
    assert found is not None, path
    return found[1]


def asked(cert: str, hours: int = 0) -> obfs4.Handshake:
    """By a clock that is so many hours fast."""
    at_ms = tools().clock.now_ms() + hours * HOUR_MS
    return obfs4.of(Ask(Endpoint("", 1, Transport.TCP), "127.0.0.1", {}, os.urandom, at_ms, {"cert_file": cert}))


async def heard(talk: obfs4.Handshake, port: int, patience_s: float = PATIENCE_S) -> Reply:
    """What its answer proves; MORE is silence."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(talk.opening())
    data, reply = b"", Reply.MORE
    try:
        async with asyncio.timeout(patience_s):
            while reply is Reply.MORE and (more := await reader.read(8192)):
                data += more
                reply = talk.read(data)
    except TimeoutError:
        assert data == b""
    finally:
        writer.close()
    return reply


async def test_it_proves_that_it_holds_the_key(peer: Peer) -> None:
    to = replace(target(Kind.OBFS4, peer.port), secrets={"cert_file": peer.cert})
    walk = await walked(to, replace(tools(timeout_s=PATIENCE_S), token=os.urandom))
    assert [seen.step for seen in walk.steps] == [Step.CONNECT, Step.KNOCK]
    assert (walk.failure, walk.authenticated) == (None, True)
    assert peer.cert[:12] not in repr(walk)


async def test_a_walk_with_another_bridges_cert_ends_in_silence(peer: Peer) -> None:
    to = replace(target(Kind.OBFS4, peer.port), secrets={"cert_file": Server(0).cert})
    walk = await walked(to, replace(tools(timeout_s=SILENCE_S), token=os.urandom))
    assert (walk.last.step, walk.failure, walk.authenticated) == (Step.KNOCK, Failure.TIMEOUT, False)


async def test_every_length_of_padding_and_every_key_of_ours_is_understood(peer: Peer) -> None:
    """Sixteen handshakes: each has another padding, another low point, another of the two representatives."""
    assert {await heard(asked(peer.cert), peer.port) for _ in range(16)} == {Reply.PROVEN}


async def test_a_clock_an_hour_fast_is_forgiven_and_one_three_hours_fast_is_not(peer: Peer) -> None:
    assert await heard(asked(peer.cert, hours=1), peer.port) is Reply.PROVEN
    assert await heard(asked(peer.cert, hours=3), peer.port, SILENCE_S) is Reply.MORE


async def test_what_was_said_to_it_before_it_does_not_answer(peer: Peer) -> None:
    """So a censor who repeats our words learns nothing, and each walk says new ones."""
    talk = asked(peer.cert)
    assert await heard(talk, peer.port) is Reply.PROVEN
    assert await heard(talk, peer.port, SILENCE_S) is Reply.MORE
