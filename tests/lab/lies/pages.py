"""Lies about pages: a censor's page in the place of one that was asked for in clear."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.lies.hellos import Hearing
from tests.lab.lies.lie import PASS, Fate
from tests.lab.packets import Packet, said_to_sender


@dataclass
class BlockPage(Hearing):
    """Iran's page in the place of a site asked for in clear (net4people/bbs#226)."""

    name = "block_page"
    BODY = (
        b'<html><head></head><body><iframe src="http://10.10.34.36?type=Invalid Site&policy=MainPolicy "></body></html>'
    )

    def answer(self, packet: Packet) -> Fate | None:
        if packet.destination_port != 80 or not self.says(packet):
            return PASS
        head = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(self.BODY)
        return Fate(back=(said_to_sender(packet, head + self.BODY),))


@dataclass
class PlainPage(Hearing):
    """A page nobody has a fingerprint of, in the place of a site asked for in clear; with 3xx it leads `elsewhere`."""

    status: int = 403
    elsewhere: str = "http://filter.example/"
    name = "plain_page"

    def answer(self, packet: Packet) -> Fate | None:
        if packet.destination_port != 80 or not self.says(packet):
            return PASS
        led = f"Location: {self.elsewhere}\r\n" if self.status // 100 == 3 else ""
        page = f"HTTP/1.1 {self.status} No\r\n{led}Connection: close\r\nContent-Length: 3\r\n\r\nNo\n"
        return Fate(back=(said_to_sender(packet, page.encode()),))
