"""What else it could have been, and what of the evidence stands against it. Says `open` where nothing does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dashboards.report.model import Alternative, Event, Holds, Kind
from monitor.dossier import played
from monitor.dossier.grid import Grid
from monitor.dossier.played import Played
from monitor.dossier.walked import Walks
from probes.words import INTERFERENCE, Finding, Step

_ALL, _MOST = 0.9, 0.5
_AT_LEAST_CONTROLS = 2  # with fewer nobody can tell a block from an outage of the service (the contract's verdicts)
_CUTS = (Kind.SHUTDOWN, Kind.OUTAGE, Kind.SILENCE)


def alternatives(events: Sequence[Event], grid: Grid, found: Played, walks: Walks, lines: int) -> list[Alternative]:
    cuts = [each for each in events if each.kind in _CUTS]
    blocks = [each for each in events if each.kind is Kind.BLOCKED]
    made: list[Alternative] = []
    if blocks:
        made += [_down(blocks, grid), _refusal(walks), _resolver(walks)]
    if cuts:
        made += [_power(cuts, found, grid.until_ms), _cable(cuts)]
    if made:
        made += [_house(events, walks, lines), _clock(walks), _own(events, grid)]
    return made


def _down(blocks: Sequence[Event], grid: Grid) -> Alternative:
    """The service was broken for everybody, or our list of its doors is old: then controls fail as well."""
    shares = list(_control(blocks, grid))
    least = min((each.controls or 0 for each in blocks), default=0)
    if not shares or least < _AT_LEAST_CONTROLS:
        return Alternative("down", Holds.OPEN, {"controls": least})
    share = sum(shares) / len(shares)
    holds = Holds.RULED_OUT if share >= _ALL else Holds.UNLIKELY if share >= _MOST else Holds.OPEN
    return Alternative("down", holds, {"share": share, "controls": least})


def _control(blocks: Sequence[Event], grid: Grid) -> Iterator[float]:
    for event in blocks:
        for number, at_ms in enumerate(grid.slots):
            share = grid.control.get(event.service, [None] * len(grid.slots))[number]
            if event.from_ms <= at_ms < (event.until_ms or grid.until_ms) and share is not None:
                yield share


def _refusal(walks: Walks) -> Alternative:
    """A refusal is said by the service itself. One that is silent cannot be told from a filter on its address.

    Where a comparison was consistent with the address being filtered, it is never ruled out.
    """
    every = walks.seen.values()
    said = sum(seen.found[Finding.PROVIDER_REFUSAL] for seen in every)
    lies = sum(any(seen.found[finding] for finding in INTERFERENCE) for seen in every)
    silent = any(Finding.ADDRESS_FILTERED in each.shows for shelf in walks.shelves.values() for each in shelf.picked())
    every_one = lies == len(walks.seen) and not silent
    holds = Holds.OPEN if said or not lies else Holds.RULED_OUT if every_one else Holds.UNLIKELY
    return Alternative("refusal", holds, {"said": said, "lies": lies, "of": len(walks.seen)})


def _resolver(walks: Walks) -> Alternative:
    """A resolver that fails explains what fails at the name, and nothing behind it."""
    broke = sum(sum(seen.broke.values()) for seen in walks.seen.values())
    later = sum(n for seen in walks.seen.values() for (step, _), n in seen.broke.items() if step != Step.RESOLVE)
    share = later / broke if broke else 0.0
    return Alternative("resolver", Holds.RULED_OUT if share >= 0.1 else Holds.OPEN, {"share": share})


def _power(cuts: Sequence[Event], found: Played, until_ms: int) -> Alternative:
    """Boxes that go on walking have power, and hosts in the country that answer show that the line is up."""
    alive = [value for event in cuts for value in _domestic(event, found, until_ms)]
    if not alive:
        return Alternative("power", Holds.OPEN, {"share": 0.0})
    share = sum(value >= _MOST for value in alive) / len(alive)
    return Alternative("power", Holds.RULED_OUT if share >= _ALL else Holds.OPEN, {"share": share})


def _domestic(event: Event, found: Played, until_ms: int) -> Iterator[float]:
    for told in found.of(played.CONNECTIVITY, network=event.network, scope="domestic", role="inside"):
        yield from told.within(event.from_ms, event.until_ms or until_ms).tolist()


def _cable(cuts: Sequence[Event]) -> Alternative:
    """A fault on the way abroad looks the same from inside: nothing here ever rules it out."""
    return Alternative("cable", Holds.OPEN, {"networks": len({each.network for each in cuts})})


def _house(events: Sequence[Event], walks: Walks, lines: int) -> Alternative:
    """What one home shows another may not; what two show is no home's."""
    least = min((each.lines or 0 for each in events), default=0)
    local = sum(walks.local.values())
    share = local / walks.inside if walks.inside else 0.0
    holds = Holds.RULED_OUT if least >= 2 else Holds.UNLIKELY if lines >= 2 else Holds.OPEN
    return Alternative("house", holds, {"lines": least, "share": share})


def _clock(walks: Walks) -> Alternative:
    wrong = walks.local[Finding.CLOCK_WRONG]
    return Alternative("clock", Holds.OPEN if wrong else Holds.RULED_OUT, {"walks": wrong})


def _own(events: Sequence[Event], grid: Grid) -> Alternative:
    """A fault of Didban's own would show wherever it runs: also where nothing happened."""
    hit = {each.network for each in events}
    well = [each for each in grid.lines if each not in hit]
    controls = max((max(each, default=0) for each in grid.control_networks.values()), default=0)
    holds = Holds.RULED_OUT if controls >= _AT_LEAST_CONTROLS else Holds.UNLIKELY if well else Holds.OPEN
    return Alternative("own", holds, {"controls": controls})
