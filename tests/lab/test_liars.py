"""The lies alone, packet by packet and second by second, without a laboratory: what they drop, delay, keep and forget."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab import packets, six
from tests.lab.lies import LIES, faster, lie
from tests.lab.lies.lie import Fate, Lie
from tests.lab.lies.lines import Congestion
from tests.lab.packets import ACK, PSH, RST, TCP, UDP, Packet

BOX, FAR, FAR6 = "5.112.101.11", "157.240.2.1", six.twin("157.240.2.1")
ON = {"on": ["5.112.101.0/24"]}
GET = b"GET / HTTP/1.1\r\nHost: www.instagram.com\r\n\r\n"


def out(
    data: bytes = b"", *, at_s: float = 0.0, port: int = 5000, to: str = FAR, dport: int = 443, sequence: int = 1
) -> Packet:
    """By TCP, from the box."""
    source = six.twin(BOX) if ":" in to else BOX
    raw = packets.tcp(source, port, to, dport, flags=PSH | ACK, sequence=sequence, acknowledgement=7, payload=data)
    return _read(raw, at_s)


def back(data: bytes = b"", *, at_s: float = 0.0, port: int = 5000, sequence: int = 1, source: str = FAR) -> Packet:
    raw = packets.tcp(source, 443, BOX, port, flags=PSH | ACK, sequence=sequence, acknowledgement=7, payload=data)
    return _read(raw, at_s)


def _read(raw: bytes, at_s: float = 0.0) -> Packet:
    packet = packets.read(raw, at_s)
    assert packet is not None
    return packet


def dropped(fate: Fate | None) -> bool:
    return fate is not None and not fate.passes


def told(name: str, **row: Any) -> Lie:
    return lie({"lie": name, **ON, **row})


def test_residue_is_renewed_by_use_and_forgotten_in_peace() -> None:
    liar = told("silence_by_name", names=["instagram.com"], residue_s=60)
    assert dropped(liar.meet(out(GET)))
    assert dropped(liar.meet(out(at_s=50, port=5001))), "an innocent connection to the same address and port"
    assert dropped(liar.meet(out(at_s=100, port=5002))), "which kept it alive"
    assert not dropped(liar.meet(out(at_s=100, port=5003, dport=80)))
    assert not dropped(liar.meet(out(at_s=161, port=5004)))


def test_what_is_unknown_spoils_its_address_for_sixty_seconds() -> None:
    liar = told("unknown_protocol")
    assert dropped(liar.meet(out(b"WA\x06\x03")))
    assert dropped(liar.meet(out(at_s=59, port=5001)))
    assert not dropped(liar.meet(out(at_s=120, port=5002)))


@pytest.mark.parametrize(
    ("data", "port"), [(GET, 80), (b"\x16\x03\x01\x02\0\x01", 443), (b"WA\x06\x03", 5222), (b"", 443)]
)
def test_what_is_known_or_elsewhere_passes_the_filter_of_protocols(data: bytes, port: int) -> None:
    liar = told("unknown_protocol")
    assert not dropped(liar.meet(out(data, dport=port)))
    assert not dropped(liar.meet(out(b"anything", dport=port, sequence=1 + len(data)))) or not data


def test_a_reset_that_races_leaves_the_request_alone_and_may_reset_both() -> None:
    fate = told("reset_by_name", names=["instagram.com"], passes=True, both=True).meet(out(GET))
    assert fate is not None
    assert fate.passes
    to_client, to_server = _read(fate.back[0]), _read(fate.ahead[0])
    assert to_client.flags & to_server.flags & RST
    assert (to_client.destination, to_client.sequence) == (BOX, 7), "in the window the client expects"
    assert (to_server.destination, to_server.sequence) == (FAR, 1)


@pytest.mark.parametrize("cut", [1, 4, 20, 30, len(GET) - 1])
def test_a_name_in_two_segments_is_heard_by_who_puts_them_together(cut: int) -> None:
    first, second = out(GET[:cut]), out(GET[cut:], sequence=1 + cut)
    puts_together = told("reset_by_name", names=["instagram.com"], reassembles=True)
    heard = [dropped(puts_together.meet(each)) for each in (first, first, second)]
    assert True in heard


def test_no_packet_overtakes_another_on_a_slow_line() -> None:
    liar = told("latency", delay_s=0.4, jitter_s=0.2)
    dues = []
    for number in range(200):
        fate = liar.meet(out(at_s=number / 1000))
        assert fate is not None
        dues.append(number / 1000 + fate.after_s)
    assert dues == sorted(dues)
    assert 0.4 <= dues[0] <= 0.6


def test_an_evening_is_a_second_late_and_loses_a_few_in_a_hundred() -> None:
    liar = told("congestion")
    fates = [liar.meet(back(at_s=number / 50)) for number in range(5000)]
    lost = sum(map(dropped, fates)) / len(fates)
    waits = [fate.after_s for fate in fates if fate is not None and fate.passes]
    assert 0.01 < lost < 0.1
    assert 0.6 < statistics.median(waits) <= 1.0


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4])
def test_loss_comes_in_bursts_and_in_the_share_it_says(share: float) -> None:
    liar = told("bursty_loss", share=share, burst_packets=8)
    lost = [dropped(liar.meet(out())) for _ in range(40_000)]
    bursts = sum(now and not before for before, now in zip([False, *lost], lost, strict=False))
    assert sum(lost) / len(lost) == pytest.approx(share, rel=0.15)
    assert sum(lost) / bursts == pytest.approx(8, rel=0.15)


def test_a_policer_lets_through_what_it_says() -> None:
    liar = told("throttle", names=["instagram.com"], bytes_per_s=16_000, burst=8_000)
    liar.meet(out(GET))
    passed = sum(not dropped(liar.meet(back(bytes(1000), at_s=number / 100))) for number in range(1000))
    assert passed == pytest.approx(8 + 160, abs=2), "1000 bytes each, for ten seconds"
    assert not dropped(liar.meet(back(bytes(1000), at_s=10, port=6000))), "a connection that said another name"


def test_a_stall_drops_the_rest_and_lets_what_came_before_be_sent_again() -> None:
    liar = told("stall", to=[f"{FAR}/32"])
    assert not dropped(liar.meet(back(bytes(1000), sequence=1)))
    assert dropped(liar.meet(back(bytes(1000), sequence=1 + 16_384)))
    assert not dropped(liar.meet(back(bytes(1000), sequence=1001)))


@pytest.mark.parametrize("times", [1, 10, 30])
def test_in_fast_motion_64_kb_take_the_same_share_of_a_timeout(times: float) -> None:
    """So long a fetch is policed, whatever the motion: counted in timeouts of ten seconds of that world."""
    liar = lie({**ON, **faster({"lie": "throttle", "names": ["instagram.com"]}, times)})
    liar.meet(out(GET))
    timeout_s = 10 / times
    passed = sum(not dropped(liar.meet(back(bytes(1000), at_s=number * timeout_s / 1000))) for number in range(1000))
    assert passed == pytest.approx(8 + 160, abs=2)


def test_in_fast_motion_queues_hold_as_much_and_empty_sooner() -> None:
    usual, fast = (lie(faster({"lie": "congestion"}, times)) for times in (1, 30))
    assert isinstance(usual, Congestion)
    assert isinstance(fast, Congestion)
    assert fast.bytes_per_s * fast.most_s == pytest.approx(usual.bytes_per_s * usual.most_s)
    assert fast.most_s == pytest.approx(usual.most_s / 30)


@pytest.mark.parametrize("row", [{"lie": "bursty_loss", "share": 0.2}, {"lie": "stall", "after_bytes": 16_384}])
def test_what_is_no_length_and_no_rate_is_the_same_in_any_motion(row: dict[str, Any]) -> None:
    assert faster(row, 30) == row


def test_what_a_row_leaves_out_is_faster_too() -> None:
    assert faster({"lie": "latency", "jitter_s": 0.06}, 30)["delay_s"] == pytest.approx(0.4 / 30)
    assert faster({"lie": "silence_by_name", "residue_s": 60}, 30)["residue_s"] == 2


@given(ports=st.lists(st.integers(1024, 65535), min_size=40, max_size=60, unique=True))
def test_both_directions_of_a_flow_take_the_same_of_two_paths(ports: list[int]) -> None:
    liar = told("cut", paths=2)
    ways = [(dropped(liar.meet(out(port=port))), dropped(liar.meet(back(port=port)))) for port in ports]
    assert all(there == again for there, again in ways)
    assert {there for there, _ in ways} == {True, False}


def test_a_diversion_answers_in_the_name_of_who_was_meant() -> None:
    liar = told("diversion", to=[f"{FAR}/32"], toward="185.143.4.1")
    there = liar.meet(out(b"hello"))
    assert there is not None
    assert there.instead is not None
    assert _read(there.instead).destination == "185.143.4.1"
    again = liar.meet(back(b"hello", source="185.143.4.1"))
    assert again is not None
    assert again.instead is not None
    assert again.instead == back(b"hello").raw, "byte for byte, checksums too"
    assert liar.meet(back(source="185.143.4.1", port=6000)) is None


def test_one_direction_is_all_that_some_see() -> None:
    outward, inward = (told("cut", sees=way) for way in ("outward", "inward"))
    assert [dropped(outward.meet(each)) for each in (out(), back())] == [True, False]
    assert [dropped(inward.meet(each)) for each in (out(), back())] == [False, True]


@pytest.mark.parametrize("name", sorted(LIES))
def test_no_lie_concerns_whom_it_is_not_told_to(name: str) -> None:
    row = {"diversion": {"toward": "185.143.4.1"}}.get(name, {})
    liar = told(name, **row)
    assert liar.concerns(BOX, FAR)
    assert liar.concerns(FAR6, six.twin(BOX)), "its twin in IPv6 is the same box"
    assert not liar.concerns("5.112.102.11", FAR)
    assert not liar.concerns(FAR6, six.twin("5.112.102.11"))


@given(data=st.binary(max_size=1400), to=st.sampled_from([FAR, FAR6]))
def test_what_is_forged_reads_back_and_survives_another_address(data: bytes, to: str) -> None:
    packet = out(data, to=to)
    assert (packet.protocol, packet.destination, packet.payload) == (TCP, to, data)
    assert packets.readdressed(packet, destination=to) == packet.raw
    datagram = _read(packets.udp(packet.source, 1, to, 2, data))
    assert (datagram.protocol, datagram.payload) == (UDP, data)


@given(data=st.binary(max_size=200))
def test_noise_on_the_line_ends_nobody(data: bytes) -> None:
    """Whatever bytes come: they are no packet, or a packet every lie survives."""
    for raw in (data, b"\x45" + data, b"\x60" + data, out(data).raw, packets.udp(BOX, 1, FAR, 53, data)):
        packet = packets.read(raw)
        if packet is not None:
            for name in sorted(LIES):
                row = {"diversion": {"toward": "185.143.4.1"}}.get(name, {})
                told(name, **row).meet(packet)
