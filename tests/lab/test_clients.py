"""Lies that no walk of the product meets yet: a small client on a box, real packets through the middlebox."""

from __future__ import annotations

import itertools
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from tests.lab import contents, enter, six, world
from tests.lab.lab import Lab, scratch
from tests.lab.world import Box

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not enter.inside(), reason="stands in the laboratory: make test-lab"),
]

NAME, OTHER = "www.instagram.com", "imo.im"
ADDRESS, SECOND, ELSEWHERE = *world.names()[NAME][:2], world.names()[OTHER][0]
ECHO = world.names()[OTHER][1]
NAMES = {"names": ["instagram.com"]}
WIREGUARD, QUIC = 51820, 443
Live = Callable[..., Box]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with scratch() as folder, Lab(folder) as running:
        ports = [str(port) for port in (WIREGUARD, QUIC, 4433)]
        running.spawn("echo", "world", [sys.executable, "-m", "tests.lab.echo", ECHO, *ports])
        running.wait_for("the echo", lambda: ":4433 " in running.run("world", "ss", "-uln").stdout)
        yield running


@pytest.fixture(scope="module")
def live(lab: Lab) -> Live:
    """A new box in a world of these lies."""
    numbers = itertools.count(1)
    return lambda *rows: lab.add(world.box(next(numbers)), *rows)


@pytest.fixture(scope="module")
def free(live: Live) -> Box:
    """A box nobody lies to."""
    return live()


def do(lab: Lab, box: Box, *command: str) -> str:
    done = lab.run(box.name, sys.executable, "-m", "tests.lab.client", str(lab.pki.ca_file), *command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def query(kind: int, name: str = NAME) -> str:
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split("."))
    return (b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + labels + b"\0" + struct.pack("!HH", kind, 1)).hex()


def initial(name: str) -> str:
    """The first datagram of a real QUIC client."""
    client = QuicConnection(configuration=QuicConfiguration(is_client=True, server_name=name, alpn_protocols=["h3"]))
    client.connect((ECHO, QUIC), now=0.0)
    return client.datagrams_to_send(now=0.0)[0][0].hex()


# ---------------------------------------------------------------- the sixth version


def test_ipv6_is_routed_through_the_liar_and_named(lab: Lab, free: Box) -> None:
    assert do(lab, free, "tls", six.twin(ADDRESS), NAME) == "ok"
    (answer,) = do(lab, free, "ask", six.twin(world.MOBILE_DNS), query(contents.AAAA)).splitlines()
    assert b"\x2a\x03\x28\x80" in bytes.fromhex(answer)
    assert lab.stats()["crossed"][six.twin(free.address)] >= 3


@pytest.mark.parametrize(
    ("row", "four", "sixth"),
    [
        ({"lie": "cut", "family": 6}, "ok", "silence"),
        ({"lie": "silence_by_name", **NAMES}, "silence", "silence"),
        ({"lie": "silence_by_name", **NAMES, "family": 4}, "silence", "ok"),
        ({"lie": "reset_by_name", **NAMES, "family": 6}, "ok", "reset"),
        ({"lie": "drop_address", "to": [f"{ADDRESS}/32"]}, "silence", "silence"),
        ({"lie": "drop_address", "to": [f"{six.twin(ADDRESS)}/128"]}, "ok", "silence"),
    ],
    ids=["ipv6 only", "name", "name by ipv4", "reset by ipv6", "address", "ipv6 address"],
)
def test_a_lie_holds_for_both_families_or_for_one(
    lab: Lab, live: Live, row: dict[str, Any], four: str, sixth: str
) -> None:
    box = live(row)
    assert do(lab, box, "tls", ADDRESS, NAME) == four
    assert do(lab, box, "tls", six.twin(ADDRESS), NAME) == sixth


def test_a_question_for_ipv6_is_forged_in_kind(lab: Lab, live: Live) -> None:
    box = live({"lie": "dns_forgery", **NAMES})
    for resolver in (world.MOBILE_DNS, six.twin(world.MOBILE_DNS)):
        (answer,) = do(lab, box, "ask", resolver, query(contents.AAAA)).splitlines()
        assert bytes.fromhex(answer).endswith(bytes.fromhex("00d00000000000000000000000000011"))


# ---------------------------------------------------------------- names


def test_a_late_duplicate_makes_two_answers_of_one_question(lab: Lab, live: Live, free: Box) -> None:
    box = live({"lie": "dns_forgery", **NAMES, "passes": True})
    forged, genuine = do(lab, box, "ask", world.MOBILE_DNS, query(contents.A)).splitlines()
    assert forged.endswith(bytes([10, 10, 34, 36]).hex())
    assert bytes(map(int, ADDRESS.split("."))).hex() in genuine
    assert len(do(lab, free, "ask", world.MOBILE_DNS, query(contents.A)).splitlines()) == 1


def test_a_greeting_in_two_segments_passes_who_reads_only_one(lab: Lab, live: Live) -> None:
    box = live({"lie": "silence_by_name", **NAMES})
    assert [do(lab, box, "tls", ADDRESS, NAME, how) for how in ("", "split")] == ["silence", "ok"]


def test_a_greeting_in_two_segments_does_not_pass_who_puts_them_together(lab: Lab, live: Live) -> None:
    box = live({"lie": "silence_by_name", **NAMES, "reassembles": True})
    assert [do(lab, box, "tls", ADDRESS, NAME, how) for how in ("", "split")] == ["silence", "silence"]
    assert do(lab, box, "tls", ELSEWHERE, OTHER, "split") == "ok"


def test_residue_falls_on_whoever_comes_to_that_address_next(lab: Lab, live: Live, free: Box) -> None:
    box = live({"lie": "silence_by_name", **NAMES, "residue_s": 60})
    assert do(lab, box, "tls", ADDRESS, "i.instagram.com") == "silence"
    assert do(lab, box, "tls", ADDRESS, OTHER) == "silence", "an innocent name there"
    assert do(lab, box, "tls", ELSEWHERE, OTHER) == "ok", "the same name elsewhere"
    assert do(lab, box, "say", ADDRESS, "80", b"GET / HTTP/1.0\r\n\r\n".hex()) == "answered", "another port"
    assert do(lab, free, "tls", ADDRESS, NAME) == "ok", "another household"


def test_one_of_two_equal_paths_filters_some_connections_and_not_the_others(lab: Lab, live: Live) -> None:
    box, seen = live({"lie": "silence_by_name", **NAMES, "paths": 2}), set()
    for _ in range(30):  # all on one path once in a thousand million times
        seen.add(do(lab, box, "tls", ADDRESS, NAME))
        if len(seen) == 2:
            break
    assert seen == {"ok", "silence"}


# ---------------------------------------------------------------- protocols


def test_wireguard_is_known_by_its_first_packet(lab: Lab, live: Live, free: Box) -> None:
    box = live({"lie": "wireguard_signature"})
    greeting, longer = (b"\x01\0\0\0" + bytes(144)).hex(), (b"\x01\0\0\0" + bytes(145)).hex()
    assert do(lab, box, "send", ECHO, str(WIREGUARD), greeting) == "0"
    assert do(lab, box, "send", ECHO, str(WIREGUARD), longer) == "1"
    assert do(lab, free, "send", ECHO, str(WIREGUARD), greeting) == "1"


def test_quic_is_filtered_by_the_name_in_its_initial(lab: Lab, live: Live, free: Box) -> None:
    box = live({"lie": "quic_by_name", **NAMES})
    assert do(lab, box, "send", ECHO, str(QUIC), initial(NAME)) == "0"
    assert do(lab, box, "send", ECHO, str(QUIC), initial(OTHER)) == "1"
    assert do(lab, free, "send", ECHO, str(QUIC), initial(NAME)) == "1"


def test_quic_alone_dies_with_its_port(lab: Lab, live: Live) -> None:
    box = live({"lie": "drop_address", "protocol": "udp", "ports": [QUIC]})
    assert do(lab, box, "send", ECHO, str(QUIC), initial(OTHER)) == "0"
    assert do(lab, box, "send", ECHO, "4433", initial(OTHER)) == "1"
    assert do(lab, box, "tls", ADDRESS, NAME) == "ok"


def test_what_is_neither_dns_nor_http_nor_tls_spoils_that_address(lab: Lab, live: Live, free: Box) -> None:
    box = live({"lie": "unknown_protocol"})
    greeting = b"WA\x06\x03".hex()
    assert do(lab, box, "tls", ADDRESS, NAME) == "ok"
    assert do(lab, box, "say", ADDRESS, "443", greeting) == "silence"
    assert do(lab, box, "tls", ADDRESS, NAME) == "silence", "what is known is dropped there as well"
    assert do(lab, box, "tls", SECOND, NAME) == "ok"
    assert do(lab, free, "say", ADDRESS, "443", greeting) in ("answered", "closed", "reset")


# ---------------------------------------------------------------- transfers


def test_a_throttle_by_name_lets_the_neutral_name_through(lab: Lab, live: Live) -> None:
    box = live({"lie": "throttle", **NAMES, "bytes_per_s": 16_000})
    at = world.names()["www.openstreetmap.org"][0]  # where any name is answered to
    throttled, neutral = (int(do(lab, box, "fetch", at, name, "/bytes/256k")) for name in (NAME, OTHER))
    assert neutral > 256 * 1024
    assert 4_000 < throttled < neutral / 3


def test_a_stall_comes_after_sixteen_kilobytes(lab: Lab, live: Live) -> None:
    box = live({"lie": "stall", "to": [f"{ADDRESS}/32"]})
    assert 8_000 < int(do(lab, box, "fetch", ADDRESS, NAME, "/bytes/64k")) <= 16_384 + 1_460
    assert int(do(lab, box, "fetch", SECOND, NAME, "/bytes/64k")) > 64 * 1024


def test_a_black_hole_eats_what_is_big_and_nothing_else(lab: Lab, live: Live) -> None:
    box = live({"lie": "big_packets_lost", "most_bytes": 1000})
    assert do(lab, box, "tls", ADDRESS, NAME) == "silence"
    assert do(lab, box, "say", ADDRESS, "80", b"GET / HTTP/1.0\r\n\r\n".hex()) == "answered"
