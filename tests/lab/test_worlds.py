"""A hundred worlds at once, each lived in by one box: what a single walk shows there, and that the next box sees none of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from probes.words import Failure, Finding, Step
from tests.lab import enter, world
from tests.lab.censors import FEW, MORE
from tests.lab.lab import Lab, scratch
from tests.lab.living import Resident, probe, probe_all, settle
from tests.lab.one_world import Seen, World
from tests.lab.worlds import NOTHING
from tests.lab.worlds import WORLDS as KNOWN

WORLDS = (*KNOWN, *FEW)

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]


@dataclass
class Lived:
    lab: Lab
    residents: Mapping[str, Resident]
    seen: Mapping[str, dict[str, Any]]
    stats: Mapping[str, Mapping[str, int]]


@pytest.fixture(scope="module")
def lived() -> Iterator[Lived]:
    """Everybody has moved in before anybody looks: all worlds are told at the same time."""
    with scratch() as folder, Lab(folder) as lab:
        residents = settle(lab, WORLDS)
        by_itself = {name for name, each in residents.items() if each.clock}
        together = [each for name, each in residents.items() if name not in by_itself]
        together.sort(key=lambda each: -each.world.timeout_s)  # the slowest first: they only wait
        found = dict(zip((r.world.name for r in together), probe_all(lab, ((r, "") for r in together)), strict=True))
        found |= {name: probe(lab, residents[name]) for name in by_itself}
        yield Lived(lab, residents, found, lab.stats())


def seen(found: Mapping[str, Any]) -> Seen:
    step, failure = "".join(found["broke_at"]), found["failure"]
    findings = frozenset(map(Finding, found["findings"]))
    return Seen(Step(step) if step else None, Failure(failure) if failure else None, findings)


@pytest.mark.parametrize("there", WORLDS, ids=[each.name for each in WORLDS])
def test_one_walk_breaks_where_it_was_broken(lived: Lived, there: World) -> None:
    assert seen(lived.seen[there.name]) in there.sees


@pytest.mark.long
def test_so_it_does_in_the_rest_of_the_censors_worlds() -> None:
    with scratch() as folder, Lab(folder) as lab:
        residents = settle(lab, MORE)
        found = probe_all(lab, ((each, "") for each in residents.values()))
        assert [each.name for each, said in zip(MORE, found, strict=True) if seen(said) not in each.sees] == []


# lies that the walk of the world's own target does not meet
_NOT_MET = {"hub_blocked", "ipv6_only_leaves_ipv4", "tunnelled_egress", "openvpn_leaves_tls",
            "unknown_protocol_leaves_tls", "udp_drop_leaves_tcp", "one_of_two_paths", "one_address_of_three",
            "vpn_dead_after_ten"}  # fmt: skip
_MET_ELSEWHERE = {"walled_garden": {"cut_foreign"}}  # by what is no web page: see below
LYING = [each for each in WORLDS if each.lies and each.name not in _NOT_MET]


@pytest.mark.parametrize("there", LYING, ids=[each.name for each in LYING])
def test_its_packets_met_the_lie(lived: Lived, there: World) -> None:
    """Or else something other than the lie broke the walk."""
    box = lived.residents[there.name].box
    met = {lie.partition(" ")[2] for lie, _ in lived.stats["told"].items() if lie.startswith(f"{box.name} ")}
    assert met >= {row["lie"] for row in there.lies} - _MET_ELSEWHERE.get(there.name, set())


def test_whoever_lives_in_no_world_sees_nothing_of_the_others(lived: Lived) -> None:
    """The box on a good line was asked among all the others, and reaches all they do not."""
    good = lived.residents[NOTHING.name]
    assert not [lie for lie in lived.stats["told"] if lie.startswith(f"{good.box.name} ")]
    targets = ["plain/web", "vpn/openvpn-udp", "vpn/openvpn-tcp", "whatsapp/chat", "canaries/ethz"]
    targets += [f"witness/{id}" for id in ("tls", "quic", "openvpn-udp", "openvpn-tcp", "whatsapp", "wireguard")]
    targets += [f"own/{id}" for id in ("tls", "quic", "openvpn-udp", "openvpn-tcp")]
    found = probe_all(lived.lab, ((good, target) for target in targets))
    assert {each["target"]: seen(each) for each in found} == dict.fromkeys(targets, Seen())


def test_a_slow_line_keeps_every_packet_and_its_time(lived: Lived) -> None:
    took_s = {step["step"]: step["took_s"] for step in lived.seen["latency_800"]["walks"][0]["steps"]}
    assert list(took_s) == ["resolve", "connect", "handshake", "fetch"]
    assert all(took_s[step] >= 0.8 for step in took_s), "each step is a round trip of 400 ms each way, or two"


def test_canaries_tell_a_cut_from_a_block(lived: Lived) -> None:
    """One that is answered at home hides the cut, which is why it must be set aside."""
    state = {name: found["state"] for name, found in lived.seen.items()}
    assert {state[name] for name in ("cut", "cut_foreign", "server_hello_of_everything")} == {"cut_off"}
    assert state["canaries_dead"] == "ok", "a reached target outranks dead canaries"
    assert state["canary_near"] != "cut_off"


def test_a_tunnel_at_home_enters_the_world_elsewhere(lived: Lived) -> None:
    own = lived.residents["tunnelled_egress"].box
    assert lived.stats["crossed"][own.address] > 0, "the tunnel itself crosses the liar"
    assert {lie for lie in lived.stats["told"] if lie.startswith(f"{own.name} ")} == {f"{own.name} latency"}
    assert lived.stats["crossed"][world.EXIT] > 0


@pytest.mark.parametrize("name", ["captive_portal", "walled_garden"])
def test_a_portal_answers_in_clear_for_everybody_it_does_not_let_pass(lived: Lived, name: str) -> None:
    """Its redirect looks like an answer of the service, and is believed by nobody where nothing abroad proves itself."""
    resident = lived.residents[name]
    asked = [(resident, target) for target in ("plain/web", "canaries/ir-aparat", "vpn/openvpn-udp")]
    plain, at_home, tunnel = probe_all(lived.lab, asked)
    assert (seen(plain), plain["state"], plain["rule_id"]) == (Seen(), "insufficient", "unproven")
    at_home, tunnel = (each["state"] == "ok" for each in (at_home, tunnel))
    assert at_home is (name == "walled_garden")
    assert tunnel is (name == "captive_portal"), "without a bundle nothing else leaves the country"
