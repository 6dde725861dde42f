"""What leaves the box: consent, whose line, what is asked for, by which packets, how often. Named after the rules."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import itertools
import re
import socket
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from monitor import __main__, config, parts
from monitor.beat.limits import Budget, Limits
from monitor.beat.spread import next_round
from monitor.begin import consent
from monitor.config import Loaded
from monitor.judge import State
from monitor.pace import Pace
from monitor.settings import Config
from monitor.spool import Spool
from monitor.tools import tools
from probes import catalogue
from probes.doors.clock import SystemClock
from probes.kinds import TRAITS, body_bytes
from probes.words import Access, Category, Kind, Reason, Role
from tests.monitor.test_rounds import CANARIES, SERVICE, Bench, Here
from tests.probes.liars import Authority, listening, never_ends, walked
from tests.probes.liars import target as at_port
from tests.safety.at_work import AtWork
from tests.safety.rules import INSIDE_KINDS, ROOT, Clock, errand_of, loaded, names_in, rests_of, shipped, sources

FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)
_TRANSFER = """
service: own
title: {{en: Own}}
category: test
targets:
  - id: pages
    kind: transfer
    depth: web
    hosts: [page.example]
    options: {{path: /a, neutral: other.example/a, bytes: "{count}"}}
    source: mine
"""

# ---------------------------------------------------------------- consent, owner_only


@pytest.mark.parametrize(("role", "access"), INSIDE_KINDS)
def test_consent_is_to_one_text_for_one_country_and_kind_of_line(tmp_path: Path, role: Role, access: Access) -> None:
    agreed = loaded(tmp_path, role, access).config
    assert consent.lacking(agreed) is None
    assert consent.lacking(agreed.model_copy(update={"consent": None})) is not None
    other = next(each for each in Access if each is not access)
    for moved in ({"country": "RU"}, {"access": other}, {"role": Role.CONTROL}):
        row = agreed.vantage.model_copy(update=moved)
        assert consent.lacking(agreed.model_copy(update={"vantage": row})) is not None, moved


def test_consent_is_kept_dated_and_word_for_word(tmp_path: Path) -> None:
    agreed = loaded(tmp_path).config.consent
    assert agreed is not None
    (kept,) = tmp_path.glob("didban.yml.consent-2026-11-22.txt")
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == agreed.text_sha256
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("command", [("run",), ("up",), ("probe", "whatsapp")])
def test_consent_is_asked_for_by_every_command_that_sends(tmp_path: Path, command: tuple[str, ...]) -> None:
    """And without it nothing was begun: no page listens, no folder is made, nobody is asked."""
    loaded(tmp_path)
    path = tmp_path / "didban.yml"
    agreed = path.read_text()
    for text in (re.sub("(?m)^consent:.*$", "", agreed), re.sub("text_sha256: .{6}", "text_sha256: 000000", agreed)):
        assert text != agreed
        path.write_text(text)
        done = CliRunner().invoke(__main__.app, [*command, f"--config.file={path}"])
        assert (done.exit_code, len(done.output.splitlines())) == (1, 1), done.output
        assert "consent" in done.output
        assert not (tmp_path / "state").exists()


def test_owner_only_a_visitors_browser_asks_nobody_but_us(at_work: AtWork) -> None:
    headers, page = at_work.pages["/"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert not re.search(r"https?:|\*|'unsafe", policy)
    assert not re.search(r"""(?i)<(?:img|script|iframe|link|form)[^>]+(?:src|href|action)=["']?(?:https?:)?//""", page)


def test_owner_only_no_walk_goes_through_somebody_else(at_work: AtWork) -> None:
    """Every variable by which programs are told of a proxy named one."""
    assert at_work.asked
    assert at_work.proxied == []


def test_owner_only_no_code_of_a_walk_knows_a_proxy() -> None:
    """Walks of other kinds than that box's."""
    for path, tree in sources("probes"):
        assert names_in(tree).isdisjoint({"aiohttp_socks", "python_socks", "proxy", "proxies", "ProxyConnector"}), path


def test_owner_only_resolvers_that_are_asked_are_offered_to_everybody() -> None:
    """A service with a name and a door for the public; never an open resolver that somebody forgot."""
    kinds = (Kind.DNS, Kind.DOH, Kind.DOT, Kind.DOQ)
    for each in shipped():
        if each.kind in kinds:
            assert all(at.host for at in each.endpoints), each.name


# ---------------------------------------------------------------- benign_targets, tiers, no_spec_violations


@pytest.mark.parametrize(("role", "access"), INSIDE_KINDS)
def test_benign_targets_are_all_that_is_walked_by_default(tmp_path: Path, role: Role, access: Access) -> None:
    used_by_millions = {Category.MESSAGING, Category.SOCIAL_MEDIA, Category.APP_STORES, "canary", "infrastructure"}
    video = {"youtube"}
    for service in loaded(tmp_path, role, access).services:
        assert service.category in used_by_millions or service.id in video, service.id


def test_benign_targets_are_all_that_is_walked_where_nothing_was_said(tmp_path: Path) -> None:
    loaded(tmp_path)
    path = tmp_path / "didban.yml"
    path.write_text(re.sub(r"(?ms)^services:.*?\]\n", "", path.read_text()))
    begun, _ = config.load(path)
    assert begun is not None
    assert {service.id for service in begun.services} == {"whatsapp", "instagram", "imo", "canaries"}


@pytest.mark.parametrize(("role", "access"), INSIDE_KINDS)
def test_tiers_above_one_are_chosen_and_never_default_inside(tmp_path: Path, role: Role, access: Access) -> None:
    begun = loaded(tmp_path, role, access)
    walked, _ = parts.walked(begun, 0, Pace.of(begun.config))
    assert walked
    assert [each.name for service in walked for each in service.targets if each.tier > 1] == []


def test_tiers_of_what_gets_round_a_block_are_two() -> None:
    circumvents = {Kind.OPENVPN, Kind.WIREGUARD, Kind.IKEV2, Kind.TOR, Kind.SHADOWSOCKS, Kind.VMESS, Kind.OBFS4}
    assert {kind for kind, traits in TRAITS.items() if traits.tier == 2} == circumvents


def test_tiers_cannot_come_by_an_update_into_a_service_nobody_chose_for_it() -> None:
    (whatsapp,), _ = catalogue.load(["whatsapp"], beside=ROOT)
    (vpn,), _ = catalogue.load(["vpn"], beside=ROOT, responder="r.example")
    tor = next(each for each in shipped() if each.kind is Kind.TOR)
    slipped_in = replace(whatsapp, targets=(*whatsapp.targets, tor))
    assert [each.key for each in catalogue.unchosen(slipped_in, ROOT)] == [tor.id]
    assert list(catalogue.unchosen(vpn, ROOT)) == []


def test_no_spec_violations_a_box_at_work_has_ordinary_sockets_alone(at_work: AtWork) -> None:
    """And leaves its own address to the kernel: but where it listens, none is bound."""
    made = {(int(given[0]), int(given[1])) for event, given in at_work.did if event == "socket.__new__"}
    ordinary = {(int(family), int(kind)) for family in FAMILIES for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)}
    assert made
    assert made <= ordinary
    assert len([event for event, _ in at_work.did if event == "socket.bind"]) == 1


def test_no_spec_violations_have_a_way_onto_the_wire() -> None:
    """What is set on a socket leaves no trace that could be seen here: so nobody may know the words."""
    raw = {"SOCK_RAW", "AF_PACKET", "IP_HDRINCL", "IP_TTL", "IPV6_UNICAST_HOPS", "IP_TRANSPARENT", "IP_FREEBIND"}
    for path, tree in sources("probes", "monitor"):
        assert names_in(tree).isdisjoint(raw | {"scapy"}), path


def test_no_spec_violations_no_host_is_asked_port_by_port() -> None:
    for each in shipped():
        for host in {at.address or at.host for at in each.endpoints}:
            assert len({at.port for at in each.endpoints if host in (at.address, at.host)}) <= 3, each.name


# ---------------------------------------------------------------- rate


@pytest.mark.parametrize(("interval", "taken"), [("60s", True), ("59s", False), ("1s", False)])
def test_rate_is_a_round_a_minute_at_most(tmp_path: Path, interval: str, taken: bool) -> None:
    loaded(tmp_path)
    path = tmp_path / "didban.yml"
    path.write_text(path.read_text().replace("interval: 60s", f"interval: {interval}"))
    assert (config.load(path)[0] is not None) is taken


def test_rate_is_moved_by_up_to_a_quarter_and_no_two_boxes_are_alike() -> None:
    def starts(secret: bytes) -> list[float]:
        found, at = [], 0.0
        for _ in range(50):
            at = next_round(secret, "whatsapp/chat", at, 60.0)[1]
            found.append(at)
        return found

    mine, other = starts(b"a" * 32), starts(b"b" * 32)
    apart = [later - earlier for earlier, later in itertools.pairwise(mine)]
    assert all(30 <= each <= 90 for each in apart)
    assert max(apart) - min(apart) > 20, "a fixed beat lists the fleet"
    assert mine != other


async def test_rate_is_five_starts_a_second_over_everything(tmp_path: Path) -> None:
    limits = parts.limits(loaded(tmp_path).config, cast(Any, SimpleNamespace(clock=SystemClock())), 1)
    began_s = asyncio.get_running_loop().time()
    for _ in range(3):
        async with limits.one_walk():
            pass
    assert asyncio.get_running_loop().time() - began_s >= 0.39
    assert isinstance(limits, Limits)


class _OfSix(Here):
    """The service has six addresses, so that a box could go on and on."""

    async def listen(self, *addresses: str) -> None:
        await super().listen(*addresses)
        self._ports |= dict.fromkeys(_SIX, self._ports.get(_SIX[0], 0))

    def load(self) -> Loaded:
        super().load()
        path = self.folder / "app.yml"
        path.write_text(path.read_text().replace(f"[{', '.join(_SIX[:2])}]", f"[{', '.join(_SIX)}]"))
        found, mistakes = config.load(self.folder / "didban.yml")
        assert found is not None, mistakes
        return found


_SIX = (*SERVICE[:2], *(f"127.0.0.{number}" for number in range(41, 45)))


async def test_rate_is_three_confirming_walks_and_no_more(tmp_path: Path) -> None:
    """Of a target that changed, after 15, 30 and 45 s; here two hundred times as fast."""
    here = _OfSix(tmp_path, Authority.make(tmp_path))
    for address in (*CANARIES, *_SIX[:1], *SERVICE[2:], *_SIX[1:]):
        await here.listen(address)
    spool = Spool(tmp_path / "state")
    await spool.open()
    async with asyncio.TaskGroup() as tasks:
        bench = Bench(here, spool, tasks)
        await bench.round("app/chat")
        await here.vanish(*_SIX)
        await bench.round("app/chat")
        await asyncio.sleep(0.6)
        again = [each for each in await spool.walks(target="app/chat") if each.reason is Reason.CONFIRM]
        bench.engine.crew.send_home()
    assert len(again) == len({each.address for each in again}) == 3
    await here.vanish(*list(here._servers))
    await spool.close()


async def test_rate_caps_what_is_read_of_a_body(tmp_path: Path) -> None:
    """Of ten gigabytes, as fast as they are taken."""
    begun = loaded(tmp_path)
    hands = dataclasses.replace(tools(begun, Pace.of(begun.config)), timeout_s=2.0)
    async with listening(never_ends) as port:
        seen = await walked(at_port(Kind.HTTP, port), hands)
    assert 65_536 <= seen.bytes_received <= 4 * 65_536 + 8192


@pytest.mark.parametrize(("count", "taken"), [(10_000, True), (131_072, True), (131_073, False), (999_999, False)])
def test_rate_caps_what_a_transfer_may_ask_for(tmp_path: Path, count: int, taken: bool) -> None:
    (tmp_path / "own.yml").write_text(_TRANSFER.format(count=count))
    found, mistakes = catalogue.load(["./own.yml"], beside=tmp_path)
    assert (found != () and mistakes == ()) is taken
    assert taken or any("bytes" in str(each) for each in mistakes)
    assert max(body_bytes(each.kind, each.options) for each in shipped()) <= 131_072


@pytest.mark.parametrize(("access", "cap"), [(Access.MOBILE, 120e6), (Access.FIXED, 500e6), (Access.DATACENTER, 500e6)])
def test_rate_has_a_cap_of_bytes_a_day(tmp_path: Path, access: Access, cap: float) -> None:
    bare = Config.model_fields["limits"].default
    assert bare.bytes_per_day is None
    found = loaded(tmp_path, Role.INSIDE, access)
    assert found.config.bytes_per_day == cap
    budget: Budget = parts.budget(found, Pace.of(found.config))
    assert budget.share(0) == 1.0
    budget.spend(purpose="walk", sent=0, received=int(cap), now_ms=0)
    assert budget.share(0) == 0.0


@pytest.mark.parametrize(
    ("state", "hours", "essential", "left_out"),
    [
        (State.BROKEN, 25, False, True),
        (State.INTERFERED, 25, False, True),
        (State.BROKEN, 23, False, False),
        (State.OK, 25, False, False),
        (State.BROKEN, 25, True, False),
    ],
)
def test_rate_is_halved_for_what_fails_for_a_day(state: State, hours: float, essential: bool, left_out: bool) -> None:
    rests, errand = rests_of(state), errand_of(essential=essential)
    assert [rests.leaves_out(errand, number, Clock(hours)) for number in (2, 3, 4, 5)] == [False, left_out] * 2
