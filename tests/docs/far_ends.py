"""What pages speak of and no laboratory had: a news site, and a clock that answers by NTP (RFC 5905)."""

from __future__ import annotations

import socket
import sys

from tests.lab import servers, world
from tests.lab.lab import Lab
from tests.lab.processes import reachable

NAME = "www.example.org"


def start(lab: Lab) -> None:
    leaf = lab.pki.leaf("news", NAME)
    lab.spawn("news", "exit", servers.nginx(lab.folder / "news", servers.greeting(leaf, {443: True, 80: False})))
    lab.spawn("time", "exit", [sys.executable, "-m", "tests.docs.far_ends"])
    lab.wait_for("the news", lambda: reachable(world.EXIT, 443))


def answer(asked: bytes) -> bytes:
    """Figure 8: a server's mode, a stratum, and the client's transmit timestamp where the origin stands."""
    return b"\x24\x02" + bytes(22) + asked[40:48] + bytes(8) + bytes(8)


def serve(address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((address, 123))
        while True:
            asked, whom = line.recvfrom(512)
            if len(asked) >= 48:
                line.sendto(answer(asked), whom)


if __name__ == "__main__":
    serve(world.EXIT)
