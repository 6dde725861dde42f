"""An hour and a half in a country: boxes that say what a daemon would, and the walks behind it; Instagram is blocked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from monitor import metrics
from monitor.metrics import Series
from monitor.tick import Tick
from probes.facts import Round, Vantage
from probes.words import Failure, Finding, Role, Step
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS, box
from tests.monitor.facts import CONTROL, INSIDE, rounds, walk

MINUTES = 90
BLOCKED_FROM = 33  # minutes after noon
HOUR_MS = 3_600_000
CLOSED_MS = NOON_MS + 3 * HOUR_MS
STRAY_MS = 17_123  # no tick and no walk of ours falls on a round time


def inside(number: int, network: str = "AS197207") -> Vantage:
    return replace(INSIDE, id=f"v7e5{number}", network=network, cohort="", region="IR-12")


def control(number: int) -> Vantage:
    return replace(CONTROL, id=f"c9d{number}", network=f"AS{24940 + number}")


def country(
    folder: Path, lines: Iterable[Vantage], controls: int = 3, *, cohort: str = "", cut: range = range(0),
    more: Callable[[Vantage], Iterable[Round]] = lambda vantage: (), landmarks: bool = False,
) -> list[Path]:  # fmt: skip
    """Their spools.

    Args:
        cohort: of every line; with it they are one home.
        cut: minutes in which nothing abroad answers.
        more: rounds of a box beside the usual ones.
        landmarks: whether controls ask hosts inside AS197207 as well, which answer while it is not cut.
    """
    who = [replace(each, cohort=cohort) for each in lines] + [control(number) for number in range(controls)]
    return [
        box(
            folder / each.id,
            each,
            [*_rounds(each), *more(each)],
            stated=_ticks(each, cut, landmarks),
            closed_ms=CLOSED_MS,
        )
        for each in who
    ]


def _blocked(vantage: Vantage, minute: int) -> bool:
    return vantage.role is Role.INSIDE and minute >= BLOCKED_FROM


def _rounds(vantage: Vantage) -> Iterator[Round]:
    """The forged answer leads nowhere; before that the page comes."""
    for minute in range(MINUTES):
        at_ms = NOON_MS + minute * MINUTE_MS + STRAY_MS
        if not _blocked(vantage, minute):
            yield rounds(walk(started_ms=at_ms), number=minute)
            continue
        forged = walk(
            started_ms=at_ms, failed=Failure.DNS_BOGON, step=Step.RESOLVE, findings=(Finding.FORGED_DNS_ANSWER,)
        )
        seen = structs.replace(
            forged.steps[0], answers=("10.10.34.35",), trusted=("157.240.1.1",), fingerprint="ir_10_10_34"
        )
        yield rounds(structs.replace(forged, steps=(seen,)), number=minute)


def _ticks(vantage: Vantage, cut: range, landmarks: bool) -> Iterator[Tick]:
    last: Tick | None = None
    for minute in range(MINUTES):
        at_ms = NOON_MS + minute * MINUTE_MS + STRAY_MS + 5_000
        blocked = _blocked(vantage, minute)
        dark = vantage.role is Role.INSIDE and minute in cut
        state = "cut_off" if dark else "interfered" if blocked else "ok"
        samples: dict[Series, float] = {
            Series(metrics.CONNECTIVITY, ("international",)): float(not dark),
            Series(metrics.CONNECTIVITY, ("domestic",)): 1.0,
            Series(metrics.HEARTBEAT, ()): at_ms / 1000,
            Series(metrics.SERVICE_STATE, ("instagram", "ok")): float(state == "ok"),
            Series(metrics.SERVICE_STATE, ("instagram", "interfered")): float(state == "interfered"),
            Series(metrics.SERVICE_STATE, ("instagram", "cut_off")): float(state == "cut_off"),
        }
        if blocked:
            samples[Series(metrics.TARGET_FINDING, ("instagram", "web", "forged_dns_answer"))] = 1.0
        if landmarks and vantage.role is Role.CONTROL:
            samples[Series(metrics.LANDMARKS, ("IR", "AS197207", "access"))] = 0.1 if minute in cut else 0.9
        last = Tick(at_ms, samples).after(last)
        yield last
