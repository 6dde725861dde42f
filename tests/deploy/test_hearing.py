"""The responder is asked by the product itself: what each end saw of a walk, over each way, soon or late, true or false."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from msgspec import structs

from deploy.responder import init
from monitor import config
from monitor.beat.hearings import Hearings
from monitor.engine import Crew, Engine
from monitor.home.asking import Asker, Far
from monitor.pace import Pace
from monitor.settings import Config
from monitor.spool import Spool
from monitor.telling.status import target_as_json
from probes import account
from probes.doors.clock import SystemClock
from probes.doors.names import Resolvers
from probes.facts import Endpoint, Round, Target, Walk
from probes.words import Hearing, Kind, Lost, Reason, Transport
from tests.deploy.responders import NAME, Standing, standing
from tests.probes import liars
from tests.probes.liars import closed_port, tools, walked

PEER = X25519PrivateKey.from_private_bytes(b"a vantage's own key of 32 bytes!")
_WIREGUARD = "wireguard: {{{{key_file: wireguard.key, peers: [{}], port: {{wireguard}}}}}}\n"


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Standing]:
    async with standing(tmp_path, _WIREGUARD.format(text(PEER.public_key().public_bytes_raw()))) as responder:
        yield responder


def configured(there: Standing, **more: object) -> Config:
    responder = {
        "name": NAME,
        "address": "127.0.0.1",
        "port": there.ports["tls"],
        "key": init.public_text((there.folder / "log.pub").read_bytes()),
        "token_file": "token",
        **more,
    }
    return Config.model_validate(
        {
            "vantage": {"id": "v1", "secret_file": "s", "country": "IR", "access": "mobile", "role": "inside"},
            "responder": responder,
            "tls": {"ca_file": "ca.pem"},
        },
        strict=False,
    )


def asker(there: Standing, **more: object) -> Asker:
    far = Far.of(configured(there, **more), there.folder)
    assert far is not None
    return Asker(far, clock=SystemClock(), patience_s=2, spend=lambda sent, received: None)


class _Relay(asyncio.DatagramProtocol):
    """Hands on what comes, to the responder's port; nothing that comes back, and perhaps nothing at all."""

    def __init__(self, port: int, *, on: bool) -> None:
        self._port, self._on = port, on
        self._away = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._on:
            self._away.sendto(data, ("127.0.0.1", self._port))

    def connection_lost(self, error: Exception | None) -> None:
        self._away.close()


@contextlib.asynccontextmanager
async def one_way(port: int, *, on: bool) -> AsyncIterator[int]:
    """The port of somebody on the way who swallows answers, or everything."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Relay(port, on=on), local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def to(there: Standing, kind: Kind, port: int) -> Target:
    """A target of that kind, spoken over UDP."""
    plain = liars.target(kind, port, transport=Transport.UDP)
    at = plain.endpoints[0]
    match kind:
        case Kind.WIREGUARD:
            server = X25519PrivateKey.from_private_bytes(base64.b64decode((there.folder / "wireguard.key").read_text()))
            options = {"public_key": text(server.public_key().public_bytes_raw())}
            return dataclasses.replace(
                plain, options=options, secrets={"private_key_file": text(PEER.private_bytes_raw())}
            )
        case Kind.DNS:
            at, options = dataclasses.replace(at, host=f"w.{NAME}"), {"label": "fresh"}
            return dataclasses.replace(plain, endpoints=(at,), options=options)
        case Kind.QUIC:
            return dataclasses.replace(plain, endpoints=(dataclasses.replace(at, host=NAME),))
    return plain


PORTS = {
    Kind.OPENVPN: "openvpn",
    Kind.WIREGUARD: "wireguard",
    Kind.DNS: "dns",
    Kind.QUIC: "quic",
    Kind.DOQ: "quic",  # the responder speaks none, and greets whoever says so
}
WORDS = {
    Kind.OPENVPN: ("Hard reset", "its answer"),
    Kind.WIREGUARD: ("Initiation", "response"),
    Kind.DNS: ("Question", "answer"),
    Kind.QUIC: ("Initial", "Version Negotiation"),
    Kind.DOQ: ("Initial", "Handshake"),
}


async def walk_to(there: Standing, kind: Kind, port: int) -> Walk:
    hands = tools(there.ca_file, timeout_s=0.4)
    hands = dataclasses.replace(hands, names=Resolvers(["127.0.0.1"], patience_s=0.2))
    return await walked(to(there, kind, port), hands)


async def heard(there: Standing, walk: Walk) -> account.Joined:
    found = account.joined(structs.replace(walk, told=await asker(there).account(walk)), clock_wrong_ms=0)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", PORTS)
async def test_an_answer_that_is_swallowed_is_named(there: Standing, kind: Kind) -> None:
    async with one_way(there.ports[PORTS[kind]], on=True) as port:
        walk = await walk_to(there, kind, port)
    there_, back = WORDS[kind]
    assert await heard(there, walk) == account.Joined(f"{there_} arrived, {back} left, {back} never came.", Lost.INWARD)


@pytest.mark.parametrize("kind", PORTS)
async def test_a_first_packet_that_is_swallowed_is_named(there: Standing, kind: Kind) -> None:
    async with one_way(there.ports[PORTS[kind]], on=False) as port:
        walk = await walk_to(there, kind, port)
    found = await heard(there, walk)
    assert found.says.endswith(" left, and never arrived.")
    assert found.lost is Lost.OUTWARD


@pytest.mark.parametrize("kind", [Kind.OPENVPN, Kind.WIREGUARD, Kind.DNS, Kind.QUIC])
async def test_what_came_is_said_to_have_come(there: Standing, kind: Kind) -> None:
    walk = await walk_to(there, kind, there.ports[PORTS[kind]])
    assert walk.failure is None, walk
    found = await heard(there, walk)
    assert "and came" in found.says
    assert found.lost is None


async def test_openvpn_by_tcp_is_known_by_the_same_session(there: Standing) -> None:
    walk = await walked(liars.target(Kind.OPENVPN, there.ports["openvpn"]), tools(there.ca_file))
    assert (await heard(there, walk)).says == "Hard reset arrived, its answer left and came."


async def test_without_a_fresh_label_a_question_of_dns_is_nobodys(there: Standing) -> None:
    """A name and sixteen bits: some other question of some other day would be taken for it."""
    target = dataclasses.replace(to(there, Kind.DNS, there.ports["dns"]), options={})
    hands = dataclasses.replace(tools(there.ca_file), names=Resolvers(["127.0.0.1"], patience_s=0.2))
    assert (await walked(target, hands)).marks == ()


# ---------------------------------------------------------------- asking


async def broken(there: Standing) -> Walk:
    """A walk by TLS to the responder of which nothing arrived."""
    async with liars.listening(liars.silent) as port:
        target = liars.target(Kind.TLS, port)
        at = Endpoint(NAME, port, Transport.TCP, "127.0.0.1")
        return await walked(dataclasses.replace(target, endpoints=(at,)), tools(there.ca_file, timeout_s=0.2))


async def test_a_responder_is_asked_by_each_way_until_one_gets_there(there: Standing) -> None:
    walk = await broken(there)
    dead = f"127.0.0.1:{closed_port()}"
    one = asker(there, ways=[f"socks5h://{dead}", f"http://{dead}", "direct"])
    assert (await one.account(walk)).hearing is Hearing.TOLD
    assert one._ways[0].said == "direct", "and that way stands first from now on"


async def test_no_way_at_all_is_a_silence_and_no_error(there: Standing) -> None:
    walk = await broken(there)
    assert (await asker(there, port=closed_port()).account(walk)).hearing is Hearing.SILENT


async def test_a_wrong_token_is_a_refusal(there: Standing) -> None:
    walk = await broken(there)
    (there.folder / "token").write_text("another")
    assert (await asker(there).account(walk)).hearing is Hearing.REFUSED


async def test_a_log_signed_by_another_key_is_not_believed(there: Standing) -> None:
    walk = await broken(there)
    other = text(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    told = await asker(there, key=other).account(walk)
    assert told.hearing is Hearing.FALSE
    assert told.lines, "what was shown is kept"


async def test_a_server_with_another_certificate_is_not_shown_the_token(there: Standing) -> None:
    walk = await broken(there)
    far = Far.of(configured(there, name="other.example.org"), there.folder)
    assert far is not None
    one = Asker(far, clock=SystemClock(), patience_s=2, spend=lambda sent, received: None)
    assert (await one.account(walk)).hearing is Hearing.SILENT
    assert not any('"what":"body_left"' in line for line in there.lines())


# ---------------------------------------------------------------- soon, and late


PACE = dataclasses.replace(
    Pace(interval_s=0.1, timeout_s=0.1, keep_s=1, heartbeat_s=1), witness_s=0.05, witness_again_s=0.05
)


@contextlib.asynccontextmanager
async def listening(
    one: Asker, folder: Path, *, affordable: Callable[[], bool] = lambda: True
) -> AsyncIterator[tuple[Hearings, Spool, asyncio.Queue[Walk]]]:
    """Hearings at work, and what they tell."""
    spool, told = Spool(folder / "state"), asyncio.Queue[Walk]()
    await spool.open()
    hearings = Hearings(
        one,
        spool=spool,
        pace=PACE,
        secret=bytes(32),
        clock=SystemClock(),
        affordable=affordable,
        told=told.put_nowait,
    )
    await hearings.recall()
    running = asyncio.ensure_future(hearings.run())
    try:
        yield hearings, spool, told
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await spool.close()


def rounds(walk: Walk) -> Round:
    return Round(walk.target, 1, Reason.DUE, walk.started_ms, (walk,))


async def test_what_was_told_is_kept_beside_the_walk_and_then_told(there: Standing) -> None:
    walk = await broken(there)
    async with listening(asker(there), there.folder) as (hearings, spool, told):
        await spool.add(rounds(walk))
        hearings.note(rounds(walk))
        seen = await asyncio.wait_for(told.get(), 5)
        assert seen.told is not None
        assert seen.told.hearing is Hearing.TOLD
        (kept,) = await spool.walks()
        assert kept == seen


async def test_a_responder_that_was_silent_is_asked_again_also_after_a_restart(there: Standing) -> None:
    walk = await broken(there)
    deaf = asker(there, ways=[f"socks5h://127.0.0.1:{closed_port()}"])
    async with listening(deaf, there.folder) as (hearings, spool, told):
        await spool.add(rounds(walk))
        hearings.note(rounds(walk))
        seen = await asyncio.wait_for(told.get(), 5)
        assert seen.told is not None
        assert seen.told.hearing is Hearing.SILENT
    async with listening(asker(there), there.folder) as (_, spool, told):
        seen = await asyncio.wait_for(told.get(), 5)
        assert seen.told is not None
        assert seen.told.hearing is Hearing.TOLD
        assert [each.told for each in await spool.walks()] == [seen.told]


async def test_what_was_reached_and_what_went_elsewhere_is_not_asked_about(there: Standing) -> None:
    good = await walk_to(there, Kind.OPENVPN, there.ports["openvpn"])
    stranger = structs.replace(await broken(there), address="192.0.2.1")
    stranger = structs.replace(stranger, endpoint=dataclasses.replace(stranger.endpoint, host="other.example"))
    async with listening(asker(there), there.folder) as (hearings, _, told):
        for each in (good, stranger):
            hearings.note(rounds(each))
        assert hearings._waiting == {}
        assert told.empty()


async def test_of_one_target_only_the_newest_wait(there: Standing) -> None:
    walk = await broken(there)
    async with listening(asker(there), there.folder, affordable=lambda: False) as (hearings, _, _told):
        for number in range(20):
            steps = (structs.replace(walk.last, hello_sha256=f"{number:064x}"),)
            hearings.note(rounds(structs.replace(walk, steps=steps)))
        assert list(hearings._waiting) == [f"{number:064x}" for number in range(12, 20)]


async def test_while_the_bytes_of_the_day_are_spent_nobody_is_asked(there: Standing) -> None:
    walk, rich, asked = await broken(there), asyncio.Event(), asyncio.Event()

    def affordable() -> bool:
        asked.set()
        return rich.is_set()

    async with listening(asker(there), there.folder, affordable=affordable) as (hearings, _, told):
        hearings.note(rounds(walk))
        await asyncio.wait_for(asked.wait(), 5)
        assert told.empty()
        assert not any("minute" in json.loads(line)["what"] for line in there.lines())
        rich.set()
        assert (await asyncio.wait_for(told.get(), 5)).told is not None


async def test_a_log_that_was_cut_back_over_a_restart_is_not_believed(there: Standing) -> None:
    walk = await broken(there)
    async with listening(asker(there), there.folder) as (hearings, spool, told):
        await spool.add(rounds(walk))
        hearings.note(rounds(walk))
        await asyncio.wait_for(told.get(), 5)
        number, digest = await spool.recall("responder")
    async with listening(asker(there), there.folder) as (hearings, spool, told):
        assert hearings._asker.newest == account.Newest(number, digest)
        hearings._asker.newest = account.Newest(number + 1_000, digest)  # as if that much had been shown before
        hearings.note(rounds(walk))
        seen = await asyncio.wait_for(told.get(), 5)
        assert seen.told is not None
        assert seen.told.hearing is Hearing.FALSE


_OWN = """
service: own
title: {{en: Own}}
category: test
targets:
  - {{id: tls, kind: tls, depth: endpoint, hosts: [responder], ports: [{port}], source: test}}
"""
_VANTAGE = """
vantage: {{id: v1, secret_file: secret, country: IR, access: mobile, role: inside}}
services: [./own.yml]
responder: {{name: {name}, address: 127.0.0.1, port: {port}, key: {key}, token_file: token}}
dns: {{system: [127.0.0.1]}}
tls: {{ca_file: ca.pem}}
timeout: 20s
"""


async def test_the_daemons_own_walk_is_asked_about_and_shown(there: Standing) -> None:
    """From didban.yml to the page: nobody joins files."""
    key = init.public_text((there.folder / "log.pub").read_bytes())
    (there.folder / "secret").write_bytes(bytes(32))
    text_ = _VANTAGE.format(name=NAME, port=there.ports["tls"], key=key)
    (there.folder / "didban.yml").write_text(text_)
    spool = Spool(there.folder / "state")
    await spool.open()
    async with liars.listening(liars.silent) as port, asyncio.TaskGroup() as tasks:
        (there.folder / "own.yml").write_text(_OWN.format(port=port))
        loaded, mistakes = config.load(there.folder / "didban.yml")
        assert loaded is not None, mistakes
        engine = Engine.build(loaded, 100, spool, Crew(tasks.create_task))
        assert engine.hearings is not None
        engine.crew.take_on(engine.hearings.run())
        (errand,) = engine.rounds.errands
        await engine.rounds.walk(errand, 1)
        standing_ = engine.view.standings["own/tls"]
        async with asyncio.timeout(5):
            while standing_.witnessed is None:  # noqa: ASYNC110 # the view has no bell
                await asyncio.sleep(0.01)
        engine.stop()
    shown = target_as_json(standing_)
    assert shown["witness"]["says"].startswith("ClientHello left")
    assert shown["last_walk"]["witness"]["hearing"] == "told"
    assert (there.folder / "token").read_text().strip() not in json.dumps(shown)
    assert engine.budget.total[("sent", "ship")] > 0
    await engine.close()
    await spool.close()
