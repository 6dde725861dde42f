"""The liar on the line: two TUN devices in the router, every packet between inside and everywhere else through here.

    python -m tests.lab.middlebox SOCKET

Takes one JSON object per datagram on the Unix socket: `{"lies": [...]}` replaces what is told to everybody, with
`"world": NAME` what is told in that world; `{"stats": true}` is answered with what has crossed and what was lied about.
"""

from __future__ import annotations

import fcntl
import heapq
import itertools
import json
import os
import selectors
import socket
import struct
import sys
import time
from collections import Counter

from tests.lab.lies import lie
from tests.lab.lies.lie import Lie
from tests.lab.packets import read

INSIDE, OUTSIDE = "tun-in", "tun-out"
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x0001 | 0x1000
_MOST_PAIRS = 100_000


def tun(name: str) -> int:
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN_NO_PI))
    return handle


class Middlebox:
    def __init__(self, control: str) -> None:
        self._worlds: dict[str, list[Lie]] = {}
        self._between: dict[tuple[str, str], list[tuple[str, Lie]]] = {}
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._numbers = itertools.count()
        self._crossed: Counter[str] = Counter()
        self._lied: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._control.bind(control)
        self._inside, self._outside = tun(INSIDE), tun(OUTSIDE)

    def run(self) -> None:
        waiting = selectors.DefaultSelector()
        for file in (self._inside, self._outside, self._control):
            waiting.register(file, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select(self._release()):
                if key.fileobj is self._control:
                    self._obey()
                elif key.fd == self._inside:
                    self._drain(self._inside, self._outside)
                else:
                    self._drain(self._outside, self._inside)

    def _release(self) -> float | None:
        """Sends what has waited long enough; how many seconds the next one still waits."""
        now_s = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now_s:
            _, _, device, raw = heapq.heappop(self._waiting)
            os.write(device, raw)
        return self._waiting[0][0] - now_s if self._waiting else None

    def _drain(self, source: int, destination: int) -> None:
        """Up to 256 packets in a row, so that orders are heard and delays kept in between."""
        for _ in range(256):
            try:
                raw = os.read(source, 65535)
            except BlockingIOError:
                return
            self._carry(raw, source, destination)

    def _carry(self, raw: bytes, source: int, destination: int) -> None:
        now_s = time.monotonic()
        packet = read(raw, now_s)
        if packet is None:
            return
        self._crossed[packet.source] += 1
        pair = (packet.source, packet.destination)
        lies = self._between.get(pair)
        if lies is None:
            lies = self._concerned(*pair)
        after_s = 0.0
        for told, each in lies:
            fate = each.meet(packet)
            if fate is None:
                continue
            self._lied[each.name] += 1
            self._told[told] += 1
            for back in fate.back:
                self._send(source, back, fate.back_after_s)
            for ahead in fate.ahead:
                self._send(destination, ahead, after_s)
            if not fate.passes:
                return
            after_s += fate.after_s
            if fate.instead is not None:
                packet = read(fate.instead, now_s)
                assert packet is not None
        self._send(destination, packet.raw, after_s)

    def _concerned(self, source: str, destination: str) -> list[tuple[str, Lie]]:
        """The lies that may be told about packets between these two, each with where it is told; kept for the next.

        They stand in a row on the line: what comes in meets the last one first.
        """
        if len(self._between) > _MOST_PAIRS:
            self._between.clear()
        found: list[tuple[str, Lie]] = []
        for world, lies in self._worlds.items():
            mine = [(f"{world} {each.name}", each) for each in lies if each.concerns(source, destination)]
            inward = any(each.on and source not in each.on for _, each in mine)
            found += reversed(mine) if inward else mine
        self._between[source, destination] = found
        return found

    def _send(self, device: int, raw: bytes, after_s: float) -> None:
        if after_s > 0:
            heapq.heappush(self._waiting, (time.monotonic() + after_s, next(self._numbers), device, raw))
        else:
            os.write(device, raw)

    def _obey(self) -> None:
        data, asker = self._control.recvfrom(1 << 20)
        order = json.loads(data)
        if "lies" in order:
            self._worlds[order.get("world", "")] = [lie(row) for row in order["lies"]]
            self._between.clear()
        counted = {"crossed": self._crossed, "lied": self._lied, "told": self._told}
        self._control.sendto(json.dumps(counted if "stats" in order else {"ok": True}).encode(), asker)


if __name__ == "__main__":
    Middlebox(sys.argv[1]).run()
