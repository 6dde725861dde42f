"""Worlds made by hand, for tests of what is simulated in them."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.backtest.worlds.expected import Allowed, Expect
from monitor.backtest.worlds.words import Set, Sort, Way
from monitor.backtest.worlds.world import Cause, Country, Home, Line, Network, World
from probes.words import Access

LASTS_MS = 4 * 3_600_000
MCI = "AS197207"


def line(id: str = "v1", network: str = MCI) -> Line:
    return Line(id, "IR", network, Access.MOBILE, (Home(Way.FOREIGN, network),))


def empty(
    causes: Sequence[Cause] = (),
    expect: Sequence[Expect] = (),
    allowed: Sequence[Allowed] = (),
    lines: Sequence[Line] = (),
) -> World:
    """Four hours of a country with one network, from the beginning of time."""
    network = Network(MCI, "MCI", Access.MOBILE, "test")
    country = Country("IR", "Asia/Tehran", (network,))
    return World(
        name="test", title={}, set=Set.TUNED, sort=Sort.QUIET, source="test", from_ms=0, until_ms=LASTS_MS, history_s=0.0,
        countries=(country,), services=("whatsapp",), not_walked=(), watched=(), lines=tuple(lines), controls=(),
        landmarks=(), noise=(), causes=tuple(causes), expect=tuple(expect), allowed=tuple(allowed), never=(),
    )  # fmt: skip
