"""Seven days with a curfew, made up: two of three mobile networks are cut every night from 21:00 to 05:00 in Tehran.

Nothing of it was measured. It has what the night of September has not: days before, users of networks, transfers, and how late
a scraped box is.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator

from monitor import metrics
from monitor.home.remotewrite import Labels, labels
from monitor.metrics import Family
from tests.dashboards.grafana.september import Sample

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
FROM = int(datetime.datetime(2022, 10, 1, tzinfo=datetime.UTC).timestamp() * 1000)
DAYS, OFFSET_S = 7, 12_600
UNTIL = FROM + DAYS * DAY_MS
NIGHTLY = ("AS197207", "AS44244")  # cut every night
WEIGHTS = {"AS197207": 0.45, "AS44244": 0.30, "AS57218": 0.05}
BEGINS_H, ENDS_H = 21, 5  # by the clocks of the country
BOX = "mci-1"
_EVERY_MS = 2 * MINUTE_MS
_BOXES = {"AS197207": BOX, "AS44244": "irancell-1", "AS57218": "rightel-1"}
_ELSEWHERE = {"vantage": "c1", "country": "DE", "network": "AS3320", "access": "datacenter", "role": "control"}
_LATE = {"0.5": 60.0, "1.0": 110.0, "2.5": 119.0, "+Inf": 120.0}  # starts within so many seconds, of 120 an hour

Value = Callable[[int], float]
Row = tuple[Labels, Value]


def is_dark(at_ms: int) -> bool:
    hour = (at_ms // 1000 + OFFSET_S) % 86_400 / 3600
    return hour >= BEGINS_H or hour < ENDS_H


def samples() -> list[Sample]:
    """In order of time."""
    rows = [*_networks(), *_everywhere(), *_of_one_box()]
    return [
        Sample(series, at_ms, value(at_ms), at_ms)
        for at_ms in range(FROM, UNTIL + 1, _EVERY_MS)
        for series, value in rows
    ]


def _row(family: Family, value: Value, suffix: str = "", **own: str) -> Row:
    return labels(family.name + suffix, own), value


def _inside(network: str) -> dict[str, str]:
    return {
        "vantage": _BOXES[network], "country": "IR", "network": network, "access": "mobile", "role": "inside",
    }  # fmt: skip


def _networks() -> Iterator[Row]:
    for network, weight in WEIGHTS.items():
        box, nightly = _inside(network), network in NIGHTLY
        yield _row(
            metrics.CONNECTIVITY, _in_the_dark(0.0, 1.0) if nightly else _always(1.0), **box, scope="international"
        )
        yield _row(metrics.CONNECTIVITY, _always(1.0), **box, scope="domestic")
        yield _row(metrics.HEARTBEAT, lambda at_ms: at_ms / 1000, **box)
        yield _row(metrics.EXPECTED, _always(1.0), **box)
        for service in ("whatsapp", "instagram"):
            for state, values in (("ok", (0.0, 1.0)), ("cut_off", (1.0, 0.0))):
                value = _in_the_dark(*values) if nightly else _always(values[1])
                yield _row(metrics.SERVICE_STATE, value, **box, service=service, state=state)
        yield _row(metrics.WEIGHT, _always(weight), country="IR", network=network, operator=network)


def _everywhere() -> Iterator[Row]:
    """RighTel is slow from noon to midnight."""
    yield _row(metrics.UTC_OFFSET, _always(OFFSET_S), country="IR")
    transfers = {"service": "transfers", "target": "instagram"}
    yield _row(metrics.TRANSFER_RATIO, _by_afternoon(4.0, 1.2), **_inside("AS57218"), **transfers)
    yield _row(metrics.TRANSFER_RATIO, _always(1.1), **_ELSEWHERE, **transfers)


def _of_one_box() -> Iterator[Row]:
    """As whoever scrapes it has it."""
    for le, many in _LATE.items():
        yield _row(metrics.LATENESS, _growing(many), "_bucket", **_inside("AS197207"), le=le)


def _always(value: float) -> Value:
    return lambda _: value


def _in_the_dark(dark: float, else_: float) -> Value:
    return lambda at_ms: dark if is_dark(at_ms) else else_


def _by_afternoon(then: float, else_: float) -> Value:
    return lambda at_ms: then if (at_ms - FROM) % DAY_MS >= DAY_MS // 2 else else_


def _growing(an_hour: float) -> Value:
    return lambda at_ms: an_hour * (at_ms - FROM) / HOUR_MS
