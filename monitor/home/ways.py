"""Ways out of here, as a configuration names them: how each is taken, how it may fail, by which line it leaves."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError

from monitor.settings import Config

NO_WAY = (aiohttp.ClientError, TimeoutError, OSError, ProxyError, ProxyConnectionError, ProxyTimeoutError)
DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a receiver.

    Attributes:
        said: `direct`, `direct:wwan0` by that interface, the address of a SOCKS or HTTP proxy, or an https address at
            which the same receiver stands too.
        device: by which the direct way leaves, if it says none itself.
    """

    said: str = DIRECT
    device: str = ""

    @property
    def kind(self) -> str:
        """For a log: a proxy's address may hold a password."""
        return self.said.partition(":")[0]

    @property
    def proxy(self) -> str | None:
        """As aiohttp takes it with a request."""
        return self.said if self.kind == "http" else None

    @property
    def elsewhere(self) -> bool:
        """It leads to another address of one receiver, and so nowhere else."""
        return self.kind == "https"

    def url(self, usual: str) -> str:
        return self.said if self.elsewhere else usual

    def session(
        self,
        patience_s: float,
        *,
        kept_s: float = 15.0,
        resolver: AbstractResolver | None = None,
        traces: Sequence[aiohttp.TraceConfig] = (),
    ) -> aiohttp.ClientSession:
        """Whoever opens it closes it. `kept_s`: how long a connection waits for the next request."""
        connector: aiohttp.BaseConnector
        if self.kind.startswith("socks"):
            connector = ProxyConnector.from_url(self.said.replace("socks5h", "socks5"), rdns=True)
        else:
            device = self.said.partition(":")[2] if self.kind == DIRECT else ""
            connector = aiohttp.TCPConnector(
                limit=2, keepalive_timeout=kept_s, resolver=resolver, socket_factory=_bound_to(device or self.device)
            )
        timeout = aiohttp.ClientTimeout(total=patience_s)
        return aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False, trace_configs=list(traces))


def of(said: Iterable[str], device: str = "") -> tuple[Way, ...]:
    return tuple(Way(each, device) for each in said)


def home_device(config: Config) -> str:
    """By which what goes home leaves; empty where the machine decides."""
    return (config.vantage.uplink.home or "") if config.vantage.uplink else ""


def abroad(config: Config, own: Iterable[str] = ()) -> tuple[Way, ...]:
    """To somebody else than a receiver: by ways of its own, else by those that lead home, else the direct one."""
    homes = (way for destination in config.ship for way in destination.proxies)
    ways = of(tuple(own) or tuple(dict.fromkeys(homes)), home_device(config))
    return tuple(each for each in ways if not each.elsewhere) or of([DIRECT], home_device(config))


def _bound_to(device: str) -> aiohttp.connector.SocketFactoryType | None:
    """Sockets that leave by one interface only."""
    if not device:
        return None

    def make(info: aiohttp.connector.AddrInfoType) -> socket.socket:
        sock = socket.socket(info[0], info[1], info[2])
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        except OSError:
            sock.close()
            raise
        return sock

    return make
