"""Puts the doors into the hands of the walks, as the configuration says. One set per configuration, shared by all."""

from __future__ import annotations

import functools
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from monitor import __version__
from monitor.config import Loaded
from monitor.pace import Pace
from probes import known
from probes.doors.clock import SystemClock
from probes.doors.dates import OURS, Dates
from probes.doors.names import Resolvers
from probes.doors.schema import is_address
from probes.doors.trusted import TrustedResolvers
from probes.doors.web import Browser
from probes.doors.wire import Sockets
from probes.fingerprint import Fingerprints
from probes.place import Tools
from probes.ports import Clock, Greeted, Greeting, Quic, Stream
from probes.words import Kind, Role

if TYPE_CHECKING:
    from probes.doors.quic import QuicLines

_ORDINARY = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
_HONEST = f"Didban/{__version__} (measures whether people can reach one another; control vantage)"

# of a step's deadline: two tries of a resolver fit into one, and a page that stalls is kept before it strikes
_RESOLVER_SHARE, _PAGE_SHARE = 0.45, 0.8


def tools(loaded: Loaded, pace: Pace, clock: Clock | None = None, dates: Dates = OURS) -> Tools:
    """Inside, an ordinary browser's words; at a control we say what we are."""
    config = loaded.config
    device = config.vantage.uplink.walks if config.vantage.uplink else ""
    ca_file = loaded.path(config.tls.ca_file) if config.tls.ca_file else None
    wire = Sockets(ca_file, device, dates=dates)
    agent = _ORDINARY if config.vantage.role is Role.INSIDE else _HONEST
    web = Browser(agent, patience_s=pace.timeout_s * _PAGE_SHARE)
    trusted = [each.resolver() for each in config.dns.trusted]
    asked_s = pace.timeout_s / max(1, len(trusted))  # all of them within the one deadline
    return Tools(
        clock=clock or SystemClock(),
        names=Resolvers(resolvers(loaded), patience_s=pace.timeout_s * _RESOLVER_SHARE, device=device),
        wire=wire,
        quic=_quic(loaded, ca_file, dates),
        web=web,
        fingerprints=functools.reduce(
            Fingerprints.more,
            (each.fingerprints for each in loaded.fingerprints),
            known.load(renewed=loaded.renewed.folder / "fingerprints" if loaded.renewed else None),
        ),
        timeout_s=pace.timeout_s,
        token=secrets.token_bytes,
        late_s=pace.late_answer_s,
        isp=Resolvers(config.dns.isp, patience_s=pace.timeout_s * _RESOLVER_SHARE, device=device)
        if config.dns.isp
        else None,
        trusted=TrustedResolvers(trusted, wire, web, asked_s, pace.tier_1_s) if trusted else None,
    )


def resolvers(loaded: Loaded, resolv_conf: Path = Path("/etc/resolv.conf")) -> list[str]:
    """The resolvers people here get: the configured ones, or this machine's."""
    if configured := loaded.config.dns.system:
        return list(configured)
    lines = resolv_conf.read_text(errors="replace").splitlines() if resolv_conf.is_file() else []
    words = [line.split() for line in lines]
    named = [found[1].partition("%")[0] for found in words if len(found) > 1 and found[0] == "nameserver"]
    return [each for each in named if is_address(each)] or ["127.0.0.1"]


class _LoadedWhenAsked:
    """`Quic`, for a box that walks by none: its library is 5 MB, and takes a tenth of a second to load."""

    def __init__(self, ca_file: Path | None, dates: Dates) -> None:
        self._ca_file, self._dates = ca_file, dates

    @functools.cached_property
    def lines(self) -> QuicLines:
        from probes.doors.quic import QuicLines

        return QuicLines(self._ca_file, dates=self._dates)

    async def handshake(self, stream: Stream, greeting: Greeting) -> Greeted:
        return await self.lines.handshake(stream, greeting)


def _quic(loaded: Loaded, ca_file: Path | None, dates: Dates) -> Quic:
    """Loaded now, not in the middle of a walk, where a target is walked by it."""
    later = _LoadedWhenAsked(ca_file, dates)
    kinds = {target.kind for service in loaded.services for target in service.targets}
    return later.lines if kinds & {Kind.QUIC, Kind.DOQ} else later
