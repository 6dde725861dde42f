"""What leaves the box: consent, whose line, what is asked for, by which packets, how often. Named after the rules."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import itertools
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dashboards.status import frame
from monitor import config, parts
from monitor.beat.limits import Budget, Limits
from monitor.beat.spread import next_round
from monitor.begin import consent
from monitor.cli import probe as probe_
from monitor.cli import run as run_
from monitor.cli import up as up_
from monitor.judge import State
from monitor.pace import Pace
from monitor.settings import Config
from probes import catalogue
from probes.doors.clock import SystemClock
from probes.doors.request import BODY_BYTES, MOST_READ_BYTES
from probes.kinds import TRAITS, body_bytes
from probes.words import Access, Category, Kind, Role
from tests.safety.rules import INSIDE_KINDS, ROOT, Clock, errand_of, loaded, names_in, rests_of, shipped, sources

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


def test_consent_is_asked_for_by_every_command_that_sends() -> None:
    """A process of each is started without it in tests/monitor/test_daemon.py; here: nobody loads without `agreed`."""
    for command in (run_.run, up_.up_command, probe_.probe_command):
        assert "agreed(config_file)" in inspect.getsource(command)


def test_owner_only_a_visitors_browser_asks_nobody_but_us() -> None:
    assert "default-src 'none'" in frame.POLICY
    assert "connect-src 'self'" in frame.POLICY
    assert not re.search(r"https?:|\*|'unsafe", frame.POLICY)


def test_owner_only_no_walk_goes_through_somebody_else() -> None:
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
    default = Config.model_fields["services"].default
    assert set(default) == {"whatsapp", "instagram", "imo", "canaries"}


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


def test_no_spec_violations_have_a_way_onto_the_wire() -> None:
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


def test_rate_is_three_confirming_walks_and_no_more(tmp_path: Path) -> None:
    assert Pace.of(loaded(tmp_path).config).confirm_s == (15.0, 30.0, 45.0)


def test_rate_caps_what_is_read_of_a_body() -> None:
    assert BODY_BYTES == 65_536
    assert MOST_READ_BYTES <= 4 * BODY_BYTES
    form = TRAITS[Kind.TRANSFER].options["bytes"].form
    assert all(re.fullmatch(form, str(count)) for count in (10_000, 65_536, 131_072))
    assert not any(re.fullmatch(form, str(count)) for count in (131_073, 132_000, 999_999))
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
