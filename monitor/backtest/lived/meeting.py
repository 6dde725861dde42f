"""Which causes a walk meets on its way, and at which of its steps each of them breaks it. Draws by keyed hash alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from monitor.backtest.lived.hits import BY_HOW, BY_WHAT, NAMES_GONE, NO_NAMES, Hit, breaks, concerns, stands_before
from monitor.backtest.lived.line import Line
from monitor.backtest.lived.touching import Stretch
from monitor.backtest.worlds.words import How, Path, What
from monitor.backtest.worlds.world import Cause, Drop, Passes
from monitor.beat.pairs import NEUTRAL
from monitor.beat.spread import unit
from probes.facts import Endpoint, Target
from probes.words import Kind, Scope, Step

_BY_NAME = frozenset(
    {How.DNS_FORGED, How.DNS_DENIED, How.DNS_SILENT, How.NAME_SILENT, How.NAME_RESET, How.PAGE, How.CERTIFICATE}
)
_CLOCK_MATTERS_S = 90 * 86_400.0  # certificates of today last so long: a clock off by less offends nobody


@dataclass(frozen=True, slots=True)
class Asked:
    """A walk as those on its way see it.

    Attributes:
        says: the target whose name is said, `at`: the one whose address is spoken to; in a comparison they differ.
        home: whether it ends in the country of whoever walks. gateway: at its operator.
    """

    says: Target
    at: Target
    endpoint: Endpoint
    kind: Kind
    home: bool
    gateway: bool


def met(asked: Asked, route: tuple[Step, ...], line: Line, at_ms: int) -> dict[Step, Hit]:
    """The first hit at each step."""
    found: dict[Step, Hit] = {}
    for hit in _hits(asked, line, at_ms):
        if (step := breaks(hit, route)) is not None:
            found.setdefault(step, hit)
    return found


def _hits(asked: Asked, line: Line, at_ms: int) -> Iterator[Hit]:
    found = line.at(at_ms).stretches
    tunnelled = any(drop.what is What.TUNNEL for each in found for drop in each.cause.drops)
    for each in found:
        cause = each.cause
        if not on_its_way(cause.path, asked, tunnelled=tunnelled) or lets_pass(cause, asked):
            continue
        for number, drop in enumerate(cause.drops):
            if _about(drop, cause, asked) and _drawn(each, drop, number, asked, line, at_ms):
                yield from _of(drop, cause.path, asked)


def on_its_way(path: Path, asked: Asked, *, tunnelled: bool = False) -> bool:
    match path:
        case Path.FOREIGN:
            return not asked.home and not asked.gateway and not tunnelled
        case Path.DOMESTIC:
            return asked.home and not asked.gateway
        case Path.EVERYTHING:
            return not asked.gateway
        case Path.LAST_MILE | Path.FAR_END | Path.BOX:
            return True
        case Path.HOUSE:
            return not asked.gateway
    return False


def lets_pass(cause: Cause, asked: Asked) -> bool:
    """Whether it stands on the allow-list of that cut."""
    if cause.passes == Passes():
        return False
    if asked.at.scope is None:
        return asked.says.service in cause.passes.services
    return unit(cause.id.encode(), asked.says.name, "listed") < cause.passes.canaries


def _about(drop: Drop, cause: Cause, asked: Asked) -> bool:
    if drop.what is What.CANARIES:
        chosen = unit(cause.id.encode(), asked.at.name, "dead") < drop.share
        return asked.at.scope in (Scope.DOMESTIC, Scope.INTERNATIONAL) and chosen
    if drop.how is How.THROTTLE:
        named = [asked.says, asked.at] if not asked.at.id.endswith(NEUTRAL) else []  # the other half of a pair
        return any(each.service == drop.service and (not drop.targets or each.id in drop.targets) for each in named)
    if drop.service:
        whose = asked.says if drop.how in _BY_NAME or drop.what is What.SINKHOLE else asked.at
        return whose.service == drop.service and (not drop.targets or whose.id in drop.targets)
    if drop.what is What.GARDEN:
        return not asked.home
    if drop.what is What.CLOCK:
        return abs(drop.offset_s) >= _CLOCK_MATTERS_S
    return concerns(drop.what, asked.at, asked.endpoint)


def _drawn(each: Stretch, drop: Drop, number: int, asked: Asked, line: Line, at_ms: int) -> bool:
    share = each.strength(at_ms) if drop.what is What.CANARIES else drop.share * each.strength(at_ms)
    if share >= 1:
        return True
    return share > 0 and line.dice(each.cause.id, number, asked.at.name, str(asked.endpoint), at_ms) < share


def _of(drop: Drop, path: Path, asked: Asked) -> Iterable[Hit]:
    if drop.how is How.PAGE and asked.kind is not Kind.HTTP:
        return
    if drop.how is How.OUTAGE:
        yield NAMES_GONE
    if drop.how is not None and drop.how in BY_HOW:
        yield BY_HOW[drop.how]
    if drop.what in BY_WHAT:
        if drop.what is What.ALL and stands_before(path):
            yield NO_NAMES
        yield BY_WHAT[drop.what]


def said(asked: Asked, line: Line, at_ms: int) -> Mapping[What | How, Drop]:
    """What does not break a walk, and changes what it shows: answers, delays, speeds."""
    found: dict[What | How, Drop] = {}
    for each in line.at(at_ms).stretches:
        if not on_its_way(each.cause.path, asked) or lets_pass(each.cause, asked):
            continue
        for number, drop in enumerate(each.cause.drops):
            if _about(drop, each.cause, asked) and _drawn(each, drop, number, asked, line, at_ms):
                found.setdefault(drop.how or drop.what, drop)
    return found
