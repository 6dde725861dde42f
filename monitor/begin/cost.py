"""What a configuration costs in bytes a day, before the first one is sent: mobile data cost people money."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.beat.asides import TIME_ASKED
from monitor.beat.errands import Errand, errands, walked_by
from monitor.beat.pairs import FETCHES_A_PAIR
from monitor.pace import Pace
from monitor.settings import Config
from probes.facts import Service, Target
from probes.kinds import TRAITS, body_bytes
from probes.words import Kind

_DAY_S = 86400.0

_LONG_PAGE_BYTES = 11_000  # more, where no short page is named: what was in flight when the head had come
_BODY_ON_THE_LINE = 1.06  # headers, TLS records and acknowledgements
_SERIES_PER_TARGET = 5
_SERIES_PER_SERVICE = 7
_SERIES_OF_ITS_OWN = 40
_SHIP_BYTES_PER_SAMPLE = 8
_SHIP_BYTES_PER_REQUEST = 1_500


def split(config: Config, services: Iterable[Service]) -> tuple[float, float]:
    """Bytes a day of what never stops (essentials, canaries, ship), and of the rest, when all is well."""
    pace = Pace.of(config)
    here = walked_by(config.as_vantage(), services, config.dns.isp or config.dns.system)
    todo = errands(here, pace)
    essential = sum(_per_day(errand) for errand in todo if errand.essential)
    essential += TIME_ASKED * TRAITS[Kind.HTTPS].walk_bytes * _DAY_S / pace.clock_s
    ordinary = sum(_per_day(errand) for errand in todo if not errand.essential)
    targets = sum(len(service.targets) for service in here)
    series = targets * _SERIES_PER_TARGET + len(here) * _SERIES_PER_SERVICE + _SERIES_OF_ITS_OWN
    tick = series * _SHIP_BYTES_PER_SAMPLE + _SHIP_BYTES_PER_REQUEST
    return essential + len(config.ship) * tick * _DAY_S / pace.interval_s, ordinary


def bytes_per_day(config: Config, services: Iterable[Service]) -> int:
    """Everything: a shutdown costs less, a confirming walk now and then a little more."""
    return int(sum(split(config, services)))


def _per_day(errand: Errand) -> float:
    dearest = max(_walk_bytes(target) * target.sample for target in errand.targets)
    return errand.a_round * dearest * _DAY_S / errand.period_s


def _walk_bytes(target: Target) -> int:
    if target.kind is Kind.TRANSFER:
        body = body_bytes(target.kind, target.options) * _BODY_ON_THE_LINE
        return int(FETCHES_A_PAIR * (TRAITS[target.kind].walk_bytes + body))
    long_page = target.kind in (Kind.HTTPS, Kind.QUIC) and "path" not in target.options
    return TRAITS[target.kind].walk_bytes + (_LONG_PAGE_BYTES if long_page else 0)
