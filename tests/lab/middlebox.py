"""The liar on the line: two TUN devices in the router, every packet between inside and everywhere else through here.

    python -m tests.lab.middlebox SOCKET

Takes one JSON object per datagram on the Unix socket: `{"lies": [...]}` replaces what is told, `{"stats": true}` is
answered with what has crossed and what was lied about.
"""

from __future__ import annotations

import fcntl
import json
import os
import selectors
import socket
import struct
import sys
from collections import Counter

from tests.lab.lies import Lie, lie
from tests.lab.packets import read

INSIDE, OUTSIDE = "tun-in", "tun-out"
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x0001 | 0x1000


def tun(name: str) -> int:
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN_NO_PI))
    return handle


class Middlebox:
    def __init__(self, control: str) -> None:
        self._lies: list[Lie] = []
        self._crossed: Counter[str] = Counter()
        self._lied: Counter[str] = Counter()
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._control.bind(control)
        self._inside, self._outside = tun(INSIDE), tun(OUTSIDE)

    def run(self) -> None:
        waiting = selectors.DefaultSelector()
        for file in (self._inside, self._outside, self._control):
            waiting.register(file, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is self._control:
                    self._obey()
                elif key.fd == self._inside:
                    self._drain(self._inside, self._outside)
                else:
                    self._drain(self._outside, self._inside)

    def _drain(self, source: int, destination: int) -> None:
        """Up to 256 packets in a row, so that orders are heard in between."""
        for _ in range(256):
            try:
                raw = os.read(source, 65535)
            except BlockingIOError:
                return
            self._carry(raw, source, destination)

    def _carry(self, raw: bytes, source: int, destination: int) -> None:
        packet = read(raw)
        if packet is None:
            return
        self._crossed[packet.source] += 1
        for each in self._lies:
            forged = each.answer(packet)
            if forged is not None:
                self._lied[each.name] += 1
                for back in forged:
                    os.write(source, back)
                return
        os.write(destination, raw)

    def _obey(self) -> None:
        data, asker = self._control.recvfrom(65536)
        order = json.loads(data)
        if "lies" in order:
            self._lies = [lie(row) for row in order["lies"]]
        answer = {"crossed": self._crossed, "lied": self._lied} if "stats" in order else {"ok": True}
        self._control.sendto(json.dumps(answer).encode(), asker)


if __name__ == "__main__":
    Middlebox(sys.argv[1]).run()
