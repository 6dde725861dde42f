"""The middlebox with two lies more, about what comes back: a ServerHello that is swallowed, a body that stalls by name.

python -m tests.lab.swallow SOCKET
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field

from tests.lab import lies
from tests.lab.lies import DROP, PASS, Answer, Lie, Named
from tests.lab.middlebox import Middlebox
from tests.lab.packets import TCP, Flow, Packet


@dataclass
class SwallowServerHello(Lie):
    """The ServerHello does not come back, as on MCI and TCI in June 2025; nor does what follows it."""

    dead: set[Flow] = field(default_factory=set)
    name = "swallow_server_hello"

    def answer(self, packet: Packet) -> Answer:
        back = packet.protocol == TCP and self.touches(packet) and not self.outward(packet)
        if back and packet.payload[:1] == b"\x16" and packet.payload[5:6] == b"\x02":
            self.dead.add(packet.flow)
        return DROP if packet.flow in self.dead and packet.payload else PASS


@dataclass
class StallByName(Named):
    """After some 16 KB nothing more comes back on a connection that said the name, as in Russia in 2025."""

    most: int = 16_000
    marked: set[Flow] = field(default_factory=set)
    back: Counter[Flow] = field(default_factory=Counter)
    name = "stall_by_name"

    def answer(self, packet: Packet) -> Answer:
        if self.says(packet):
            self.marked.add(packet.reverse)
        if packet.flow not in self.marked:
            return PASS
        self.back[packet.flow] += len(packet.payload)
        return DROP if self.back[packet.flow] > self.most else PASS


if __name__ == "__main__":
    lies.LIES = {**lies.LIES, **{kind.name: kind for kind in (SwallowServerHello, StallByName)}}
    Middlebox(sys.argv[1]).run()
