"""Each signature knows the first packet we send by its protocol, whatever the port, and leaves the others alone."""

from __future__ import annotations

import pytest

from probes.knock.telegram import ReqPq, start_of
from tests.lab import packets
from tests.lab.packets import ACK, PSH, Packet
from tests.lab.signatures import KNOWN
from tests.probes.captured import AT_MS, exchange, token

HOME, ABROAD = "5.112.0.7", "192.0.2.1"
UDP = {
    "wireguard": ["wireguard plain", "wireguard preshared"],
    "ikev2": ["ikev2 agrees"],
    "stun": ["stun"],
    "openvpn_wrapped": ["openvpn tls-auth", "openvpn tls-auth, SHA512", "openvpn tls-crypt", "openvpn tls-crypt-v2"],
    "": ["openvpn nothing"],
}
TCP = {
    "stun": ["stun tcp"],
    "fully_random": ["shadowsocks aes-256-gcm", "shadowsocks chacha20-ietf-poly1305", "telegram", "vmess"],
    "": ["http", "tls"],
}
FIRST = {
    "telegram": ReqPq(token("telegram")(16), frozenset(), AT_MS, start_of(token("telegram")(64))).opening(),
    "http": b"GET / HTTP/1.1\r\nHost: www.example.org\r\nAccept: */*\r\nConnection: close\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + token("tls")(32) + bytes(400),
}


def sent(name: str, udp: bool) -> Packet:
    data = FIRST.get(name) or exchange(name)[0]
    raw = (
        packets.udp(HOME, 40_000, ABROAD, 53, data)
        if udp
        else packets.tcp(HOME, 40_000, ABROAD, 443, flags=PSH | ACK, sequence=1, payload=data)
    )
    packet = packets.read(raw)
    assert packet is not None
    return packet


ALL = [(of, name, True) for of in UDP for name in UDP[of]] + [(of, name, False) for of in TCP for name in TCP[of]]


@pytest.mark.parametrize("signature", KNOWN)
def test_a_signature_knows_its_own_protocol_and_no_other(signature: str) -> None:
    for of, name, udp in ALL:
        assert KNOWN[signature](sent(name, udp)) is (of == signature), name
