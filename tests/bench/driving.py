"""A thousand boxes that tick once a minute, each at a second of its own, and the hub's words beside them, as bodies to post.

The fleet is that of tests/bench/fleet.py: 300 networks in 50 countries with three lines each, a hundred controls; in the
crisis a tenth of the networks is cut and a tenth has services blocked. What each says is tests/bench/homeset.py's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from monitor.home import remotewrite
from monitor.home.remotewrite import TimeSeries
from monitor.hub.registry import NetworkRow, Registry, shipped_services
from probes.facts import Vantage
from probes.words import Access, Role
from tests.bench import homeset
from tests.bench.fleet import ABROAD, FLEET, NETWORKS, Selection, boxes
from tests.bench.homeset import Box

STATED_EVERY_S = 15.0  # as monitor/hub/daemon.py states who is expected
_WELL, _CUT, _BLOCKED = homeset.SPELLS

Post = Callable[[str, bytes], Awaitable[None]]  # whose, and what


def selection() -> Selection:
    """What the recorded box walks, as far as the rules remember it."""
    names = [dict(name) for name in homeset.spells()[_WELL].ticks[-1]]
    targets = {(each["service"], each["target"]) for each in names if each["__name__"] == "didban_target_up"}
    protocols = {each["protocol"] for each in names if each["__name__"] == "didban_protocol_up"}
    transfers = {(each["service"], each["target"]) for each in names if each["__name__"] == "didban_transfer_ratio"}
    return Selection(tuple(sorted(targets)), tuple(sorted(protocols)), tuple(sorted(transfers)))


@dataclass
class Member:
    """`at_s`: its second of the minute; `spell`: in what it lives during the crisis."""

    box: Box
    at_s: float
    spell: str
    landmarks: tuple[dict[str, str], ...] = ()

    @property
    def vantage(self) -> str:
        return self.box.identity["vantage"]


@dataclass
class Drive:
    """`series`: sent in the last whole minute; `samples`: sent in all; `late_s`: by how much the last body was late."""

    members: list[Member] = field(default_factory=lambda: list(members()))
    crisis: bool = False
    samples: int = 0
    bodies: int = 0
    sent_bytes: int = 0
    late_s: float = 0.0
    minute: int = 0

    def body(self, member: Member, minute: int, at_ms: int) -> bytes:
        spell = member.spell if self.crisis else _WELL
        series = member.box.tick(spell, minute, at_ms)
        for about in member.landmarks:
            value = remotewrite.value(0.0 if self.crisis and about["about_network"] in _CUT_OFF else 1.0)
            name = remotewrite.labels("didban_landmarks_ratio", member.box.identity | about)
            series.append(TimeSeries(name, ((at_ms, value),)))
        self.samples += len(series)
        self.bodies += 1
        body = remotewrite.encode(series)
        self.sent_bytes += len(body)
        return body

    async def live(self, post: Post, stated: Callable[[list[TimeSeries]], Awaitable[None]] | None) -> None:
        """For ever. `stated`: takes what a hub would say past its queue; None where a real one does."""
        began_s, due = time.monotonic(), sorted(self.members, key=lambda each: each.at_s)
        while True:
            for member in due:
                await self._state(began_s + 60 * self.minute + member.at_s, stated)
                self.late_s = time.monotonic() - (began_s + 60 * self.minute + member.at_s)
                await post(member.vantage, self.body(member, self.minute, int(time.time() * 1000)))
            self.minute += 1
            await self._state(began_s + 60 * self.minute, stated)

    _stated_s = -STATED_EVERY_S

    async def _state(self, until_s: float, stated: Callable[[list[TimeSeries]], Awaitable[None]] | None) -> None:
        """Sleeps until then, and four times a minute says what hubs say."""
        while True:
            now_s = time.monotonic()
            if stated is not None and now_s >= self._stated_s + STATED_EVERY_S:
                self._stated_s = now_s
                await stated(statements(int(time.time() * 1000)))
            if now_s >= until_s:
                return
            await asyncio.sleep(min(until_s - now_s, 1.0))


_CUT_OFF = frozenset(network.name for network in FLEET if network.cut)


def members() -> Iterator[Member]:
    every = boxes()
    apart_s = 60 / len(every)
    spells = {box["vantage"]: _CUT if network.cut else _BLOCKED if network.blocked else _WELL
              for network in FLEET for box in network.boxes}  # fmt: skip
    looking = {box["vantage"] for box in ABROAD[:2]}
    marks = tuple({"about_country": each.country, "about_network": each.name, "kind": "access"} for each in FLEET)
    for number, identity in enumerate(every):
        vantage = identity["vantage"]
        at_s = (number * 617 % len(every)) * apart_s  # neighbours of one network far from one another
        yield Member(Box(identity, number), at_s, spells.get(vantage, _WELL), marks if vantage in looking else ())


def registry() -> Registry:
    vantages = {
        row["vantage"]: Vantage(
            row["vantage"], row["country"], Role(row["role"]), Access(row["access"]), row["network"]
        )
        for row in boxes()
    }
    networks = tuple(
        NetworkRow(
            country=each.country,
            network=each.name,
            operator=f"o{each.name.lower()}",
            weight=1 / NETWORKS,
            source="bench",
        )
        for each in FLEET
    )
    return Registry(vantages, frozenset(), networks, (), shipped_services())


def statements(now_ms: int) -> list[TimeSeries]:
    """What a hub of this fleet says of who is expected."""
    return [
        TimeSeries(remotewrite.labels(series.name, series.labels(who)), ((now_ms, remotewrite.value(number)),))
        for series, who, number in registry().statements(now_ms)
    ]
