"""Each lie of the middlebox, met by `didban probe` from a box inside: what broke, where, and what was proven."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import enter, network, world
from tests.lab.lab import Lab, scratch
from tests.lab.world import MOBILE_NET, Box

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

INSIDE, OTHER, CONTROL = (next(box for box in world.VANTAGES if box.name == name) for name in ("m1", "f1", "c1"))
ON = {"on": [MOBILE_NET]}
INSTAGRAM = {"names": ["instagram.com"]}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with scratch() as folder, Lab(folder) as running:
        for box in (INSIDE, OTHER, CONTROL):
            own = folder / f"{box.name}-plain.yml"
            own.write_text(_PLAIN)
            running.config(
                box, services=["./whatsapp.yml", "instagram", "imo", "vpn", "canaries", str(own)], extra="timeout: 1s\n"
            )
        yield running


# a page in clear: the only kind a censor can put its own page into
_PLAIN = """
service: plain
title: {en: Plain}
category: test
targets:
  - {id: web, kind: http, depth: web, hosts: [www.instagram.com], source: the laboratory}
"""


def probe(lab: Lab, box: Box, target: str) -> dict[str, Any]:
    config = str(lab.folder / box.name / "didban.yml")
    done = lab.run(box.name, sys.executable, "-m", "monitor", "probe", target, "--json", f"--config.file={config}")
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[0])
    return found


def broke(found: dict[str, Any]) -> tuple[str, str, list[str]]:
    return "".join(found["broke_at"]), found["failure"] or "", found["findings"]


CASES = [
    ("nothing", [], "instagram/web", ("", "", [])),
    ("nothing to WhatsApp", [], "whatsapp/chat", ("", "", [])),
    ("noise_signature", [{"lie": "noise_signature", **ON}], "whatsapp/chat", ("knock", "generic_timeout_error", [])),
    ("dns_forgery", [{"lie": "dns_forgery", **ON, **INSTAGRAM}], "instagram/web",
     ("resolve", "dns_bogon_error", ["forged_dns_answer"])),
    ("dns_forgery in public space", [{"lie": "dns_forgery", **ON, **INSTAGRAM, "address": "195.175.254.2"}],
     "instagram/web", ("connect", "generic_timeout_error", ["forged_dns_answer"])),
    ("dns_silence", [{"lie": "dns_silence", **ON, **INSTAGRAM}], "instagram/web",
     ("resolve", "generic_timeout_error", [])),
    ("reset_by_name", [{"lie": "reset_by_name", **ON, **INSTAGRAM}], "instagram/web",
     ("handshake", "connection_reset", [])),
    ("silence_by_name", [{"lie": "silence_by_name", **ON, **INSTAGRAM}], "instagram/web",
     ("handshake", "generic_timeout_error", [])),
    ("drop_address", [{"lie": "drop_address", **ON, "to": [f"{a}/32" for a in world.addresses_of("instagram")]}],
     "instagram/web", ("connect", "generic_timeout_error", [])),
    ("reset_address", [{"lie": "reset_address", **ON, "to": [f"{a}/32" for a in world.addresses_of("instagram")]}],
     "instagram/web", ("connect", "connection_refused", [])),
    ("block_page", [{"lie": "block_page", **ON, **INSTAGRAM}], "plain/web", ("", "", ["block_page"])),
    ("udp_drop", [{"lie": "udp_drop", **ON}], "vpn/openvpn-udp", ("knock", "generic_timeout_error", [])),
    ("udp_drop leaves tcp", [{"lie": "udp_drop", **ON}], "vpn/openvpn-tcp", ("", "", [])),
    ("openvpn_signature over udp", [{"lie": "openvpn_signature", **ON}], "vpn/openvpn-udp",
     ("knock", "generic_timeout_error", [])),
    ("openvpn_signature over tcp", [{"lie": "openvpn_signature", **ON}], "vpn/openvpn-tcp",
     ("knock", "generic_timeout_error", [])),
    ("openvpn_signature leaves tls", [{"lie": "openvpn_signature", **ON}], "instagram/web", ("", "", [])),
    ("cut", [{"lie": "cut", **ON}], "instagram/web", ("resolve", "generic_timeout_error", [])),
    ("cut_foreign", [{"lie": "cut_foreign", **ON, "domestic": list(world.DOMESTIC)}], "instagram/web",
     ("resolve", "generic_timeout_error", [])),
]  # fmt: skip


@pytest.mark.parametrize(("name", "lies", "target", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_lie_is_seen_where_it_was_told(
    lab: Lab, name: str, lies: list[dict[str, Any]], target: str, expected: tuple[str, str, list[str]]
) -> None:
    lab.lies(*lies)
    found = probe(lab, INSIDE, target)
    assert broke(found) == expected
    if lies and name not in ("openvpn_signature leaves tls", "udp_drop leaves tcp"):
        assert lab.stats()["lied"].get(lies[0]["lie"], 0) > 0, "the packets did cross the middlebox"
        assert found["state"] != "ok"
    else:
        assert found["state"] == "ok"


_EVERY = [pytest.param(code, marks=() if code in (0, 1, 3, 13) else pytest.mark.long) for code in range(16)]


@pytest.mark.parametrize("code", _EVERY)
def test_a_single_icmp_packet_is_an_answer_and_never_the_end_of_us(lab: Lab, code: int) -> None:
    """Anybody on the way may send one, of any code; `probe` fails here if the command ends in any other way."""
    to = [f"{each}/32" for each in (*world.addresses_of("instagram"), world.WITNESS)]
    lab.lies({"lie": "icmp_address", **ON, "to": to, "code": code})
    known = {"connection_refused", "host_unreachable", "network_unreachable", "generic_timeout_error"}
    for target, step in (("instagram/web", "connect"), ("vpn/openvpn-udp", "knock")):
        found = probe(lab, INSIDE, target)
        assert broke(found)[0] == step
        assert broke(found)[1] in known
        assert broke(found)[2] == [], "a bare No proves nothing"
    assert lab.stats()["lied"]["icmp_address"] > 0


def test_one_network_is_lied_to_and_the_others_are_not(lab: Lab) -> None:
    lab.lies({"lie": "dns_forgery", **ON, **INSTAGRAM}, {"lie": "silence_by_name", **ON, **INSTAGRAM})
    assert [probe(lab, box, "instagram/web")["state"] for box in (INSIDE, OTHER, CONTROL)] == [
        "insufficient",
        "ok",
        "ok",
    ]


@pytest.mark.parametrize("lie", ["cut", "cut_foreign"])
def test_where_nothing_abroad_answers_it_is_not_about_the_service(lab: Lab, lie: str) -> None:
    lab.lies({"lie": lie, **ON, **({"domestic": list(world.DOMESTIC)} if lie == "cut_foreign" else {})})
    assert probe(lab, INSIDE, "instagram/web")["state"] == "cut_off"
    alive = probe(lab, INSIDE, "canaries/ir-aparat")["state"] == "ok"
    assert alive is (lie == "cut_foreign"), "the country talks to itself, or it does not"


@pytest.mark.parametrize("share", [0.05, pytest.param(0.2, marks=pytest.mark.long)])
def test_a_bad_line_proves_nothing(lab: Lab, share: float) -> None:
    """Bursts of loss may break a walk; none of them may look like a lie, and most get through."""
    lab.lies({"lie": "bursty_loss", **ON, "share": share, "burst_packets": 3})
    seen = [probe(lab, INSIDE, "imo/web") for _ in range(4)]
    assert not [each for each in seen if each["findings"]]
    assert {each["state"] for each in seen} <= {"ok", "insufficient", "cut_off"}


def test_a_service_that_is_down_is_silent_for_everybody(lab: Lab) -> None:
    lab.lies()
    network.take_down(world.addresses_of("imo"))
    try:
        for box in (INSIDE, CONTROL):
            assert broke(probe(lab, box, "imo/web")) == ("connect", "generic_timeout_error", [])
    finally:
        network.take_down(world.addresses_of("imo"), up=True)


def test_nothing_in_here_leads_out() -> None:
    """No route, from the router or from any host, to an address that is not on the map."""
    for where in ([], ["ip", "netns", "exec", "m1"], ["ip", "netns", "exec", "hub"]):
        tried = subprocess.run(
            [*where, sys.executable, "-c", "import socket; socket.create_connection(('9.9.9.9', 53), 1)"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert tried.returncode != 0
        assert any(word in tried.stderr for word in ("unreachable", "timed out", "Invalid argument"))
    devices = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    kinds = {line.split(": ")[1].partition("@")[0].partition("-")[0] for line in devices.splitlines()}
    assert kinds == {"lo", "tun", "v"}, "loopback, the liar's two devices, and one cable a host"


def test_anybody_may_have_a_laboratory_without_being_root() -> None:
    """Through a user namespace: the router is built, and a packet crosses the liar."""
    code = (
        "from pathlib import Path; from tests.lab.lab import Lab, scratch\n"
        "with scratch() as folder, Lab(folder) as lab:\n"
        "    done = lab.run("
        "'m1', 'python3', '-c', 'import socket; socket.create_connection((\"157.240.2.1\", 443), 5)')\n"
        "    assert done.returncode == 0, done.stderr\n"
        "    print(lab.stats()['crossed']['5.112.1.11'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab.enter", sys.executable, "-c", code],
        capture_output=True, text=True, check=False, env={**os.environ, "DIDBAN_LAB_AS_ANYBODY": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) >= 3
