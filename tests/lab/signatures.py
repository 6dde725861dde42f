"""What a box on the line may know protocols by: the first packet of each, whatever the port."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.lab.packets import TCP, UDP, Packet


def wireguard(packet: Packet) -> bool:
    """A handshake initiation: its type, and its length (nDPI, wireguard.c)."""
    return packet.protocol == UDP and len(packet.payload) == 148 and packet.payload[:4] == b"\x01\0\0\0"


def ikev2(packet: Packet) -> bool:
    """IKE_SA_INIT of an initiator, with or without the four zeros of port 4500."""
    data = packet.payload.removeprefix(bytes(4))
    return packet.protocol == UDP and len(data) > 28 and data[8:16] == bytes(8) and data[17:20] == b"\x20\x22\x08"


def stun(packet: Packet) -> bool:
    """A binding request: its type, and the magic cookie."""
    data = packet.payload
    return len(data) >= 20 and data[:2] == b"\0\x01" and data[4:8] == b"\x21\x12\xa4\x42"


def openvpn_wrapped(packet: Packet) -> bool:
    """A client's reset with its opcode in clear, and a low packet id behind it, whatever signs or hides the rest."""
    data = packet.payload[2:] if packet.protocol == TCP else packet.payload
    if len(data) <= 40 or data[0] not in (0x38, 0x50):
        return False
    early = data[0] == 0x50 and data[9:12] == b"\x0f\0\0"
    return early or any(data[at : at + 3] == bytes(3) for at in (9, 29, 41, 73))


def fully_random(packet: Packet) -> bool:
    """By TCP, half of all bits set, and little text: Shadowsocks, obfs4, Telegram (Wu et al., USENIX Security 2023, section 4)."""
    data = packet.payload
    ones = sum(byte.bit_count() for byte in data)
    shown = sum(0x20 <= byte <= 0x7E for byte in data)
    runs = all(0x20 <= byte <= 0x7E for byte in data[:6])
    return (
        packet.protocol == TCP
        and len(data) > 50
        and 3.4 < ones / len(data) < 4.6
        and 2 * shown <= len(data)
        and not runs
    )


KNOWN: Mapping[str, Callable[[Packet], bool]] = {
    each.__name__: each for each in (wireguard, ikev2, stun, openvpn_wrapped, fully_random)
}
