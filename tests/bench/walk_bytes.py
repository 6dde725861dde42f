"""Bytes on the line of one walk of each kind, as the kernel counts them, beside what `monitor/begin/cost.py` reckons with.

    python -m tests.bench.walk_bytes inside     measures; only in a network namespace with nothing in it but loopback

In that namespace loopback has an MTU of 1,500 and segments like any line (no GSO), so its counters see every packet
there and back, each once, without a link header. Every walk resolves its name. The chain is 3.9 KB (a leaf and two
intermediates), the head of a page 1.4 KB, its body 1 KB; the long page has 300 KB, of which we take what came before
we closed. What is not comparable: no packet is lost here, and with no distance there are fewer bare acknowledgements,
but more of a long page arrives before our close does. `_own_count` is what the walk itself counted, which the daily
cap goes by.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import uvloop

from monitor.begin import cost
from probes.kinds import TRAITS
from probes.words import Kind
from tests.bench.far_end import Ports, far_end
from tests.bench.figures import Figure, Missing
from tests.bench.walking import Walker, walker

_WALKS = 8
_QUIET_S = 0.06  # a delayed acknowledgement takes up to 0.04
_LONG = "https_long_page"
_ENTER = 'ip link set lo mtu 1500 gso_max_segs 1 up && exec "$@"'


@dataclasses.dataclass(frozen=True, slots=True)
class Crossed:
    """Bytes of one walk, both ways: as the kernel counts them, and as the walk does."""

    kernel: float
    walk: float


async def bench(ports: Ports, said: Callable[[str], None]) -> list[Figure]:
    """Bytes per walk and kind, IP headers included, both ways together."""
    return [figure for name, crossed in (await _measured()).items() for figure in _figures(name, crossed)]


def _figures(name: str, crossed: Crossed) -> list[Figure]:
    kind = Kind.HTTPS if name == _LONG else Kind(name)
    return [
        Figure(
            f"walk_bytes_{name}",
            crossed.kernel,
            "bytes",
            "monitor/begin/cost.py",
            TRAITS[kind].walk_bytes + (cost._LONG_PAGE_BYTES if name == _LONG else 0),
        ),
        Figure(f"walk_bytes_{name}_own_count", crossed.walk, "bytes", "kernel", crossed.kernel),
    ]


async def _measured() -> dict[str, Crossed]:
    command = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", _ENTER, "sh"]
    command += [sys.executable, "-m", "tests.bench.walk_bytes", "inside"]
    try:
        child = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise Missing("unshare, for walk_bytes (apt: util-linux iproute2)") from None
    out, error = await child.communicate()
    if child.returncode:
        raise Missing(f"a network namespace, for walk_bytes: {error.decode().strip().splitlines()[-1]}")
    return {name: Crossed(**each) for name, each in json.loads(out).items()}


# ---------------------------------------------------------------- inside


def _walkers(ports: Ports) -> dict[str, Walker]:
    return {
        Kind.DNS.value: walker(Kind.DNS, 53, ports),
        Kind.TCP.value: walker(Kind.TCP, ports.silent, ports),
        Kind.TLS.value: walker(Kind.TLS, ports.https, ports),
        Kind.HTTP.value: walker(Kind.HTTP, ports.http, ports),
        Kind.HTTPS.value: walker(Kind.HTTPS, ports.https, ports),
        _LONG: walker(Kind.HTTPS, ports.long, ports),
        Kind.OPENVPN.value: walker(Kind.OPENVPN, ports.openvpn, ports),
        Kind.TELEGRAM.value: walker(Kind.TELEGRAM, ports.telegram, ports),
        Kind.WIREGUARD.value: walker(Kind.WIREGUARD, ports.wireguard, ports),
        Kind.IKEV2.value: walker(Kind.IKEV2, ports.ikev2, ports),
        Kind.STUN.value: walker(Kind.STUN, ports.stun, ports),
        Kind.SHADOWSOCKS.value: walker(Kind.SHADOWSOCKS, ports.shadowsocks, ports),
        Kind.DOT.value: walker(Kind.DOT, ports.dot, ports),
        Kind.DOH.value: walker(Kind.DOH, ports.doh, ports),
        Kind.DOQ.value: walker(Kind.DOQ, ports.doq, ports),
        Kind.QUIC.value: walker(Kind.QUIC, ports.quic, ports),
        Kind.VMESS.value: walker(Kind.VMESS, ports.vmess, ports),
    }


async def _crossed(to: Walker) -> Crossed:
    await to.walk()
    before = await _counted()
    walks = [await to.walk() for _ in range(_WALKS)]
    kernel = await _counted() - before
    return Crossed(kernel / _WALKS, sum(each.bytes_sent + each.bytes_received for each in walks) / _WALKS)


async def _counted() -> int:
    """Bytes that loopback has carried, once it has been quiet: the last packets come after the walk."""
    seen = _lo()
    while True:
        await asyncio.sleep(_QUIET_S)
        before, seen = seen, _lo()
        if seen == before:
            return seen


def _lo() -> int:
    """Bytes that loopback received, from the IP header up: each packet is received once."""
    line = next(line for line in Path("/proc/net/dev").read_text().splitlines() if line.strip().startswith("lo:"))
    return int(line.partition(":")[2].split()[0])


async def _inside() -> None:
    with far_end() as ports:
        seen = {name: dataclasses.asdict(await _crossed(to)) for name, to in _walkers(ports).items()}
    print(json.dumps(seen))


if __name__ == "__main__":
    assert sys.argv[1:] == ["inside"], __doc__
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_inside())
