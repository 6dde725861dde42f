"""What contradicts what in the causes of a world, and in what is expected of them."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.backtest.worlds.alerts import ALERTS
from monitor.backtest.worlds.checking import service_of
from monitor.backtest.worlds.draft import Draft, raw
from monitor.backtest.worlds.shape import EACH, AllowedRow, CauseRow, DropRow, ExpectRow, LabelsRow, WhereRow
from monitor.backtest.worlds.spans import overlap, spans
from monitor.backtest.worlds.words import (
    FAR_END_HOWS,
    NAMES_A_SERVICE,
    ON_THE_WAY_HOWS,
    STANDS_ON,
    At,
    How,
    Path,
    What,
)
from probes.doors.yamlfile import Location, Mistake

_AFTER_MS = 60_000  # an onset is a minute


def contradictions(draft: Draft) -> Iterator[Mistake]:
    for place, cause in draft.causes:
        yield from _times(draft, place, cause)
        yield from _where(draft, (*place, "where"), cause.where, cause.path)
        for index, drop in enumerate(cause.drops):
            yield from _drop(draft, (*place, "drops", index), drop, cause.path)
        for index, service in enumerate(cause.passes.services):
            if service not in draft.walked and service not in draft.not_walked:
                what = f"{service!r} is neither in services nor in not_walked"
                yield draft.mistake((*place, "passes", "services", index), what)
    for place, expect in draft.expect:
        yield from _expect(draft, place, expect)
    for place, row in draft.named:
        yield from _labels(draft, place, row)


def _times(draft: Draft, place: Location, row: CauseRow) -> Iterator[Mistake]:
    if draft.from_ms is None or draft.until_ms is None:
        return
    if row.until_ms is not None and row.until_ms <= row.from_ms:
        yield draft.mistake((*place, "until"), "is not after from")
        return
    found = spans(row, draft.until_ms)
    if row.repeats is not None and row.until_ms is None:
        yield draft.mistake((*place, "until"), "is missing: what has no end cannot repeat")
    elif overlap(found):
        yield draft.mistake((*place, "repeats"), "begins again before it is over")
    if not draft.from_ms <= row.from_ms < draft.until_ms or found[-1].until_ms > draft.until_ms:
        yield draft.mistake((*place, "from"), "lies outside from and until of the world")


def _where(draft: Draft, place: Location, row: WhereRow, path: Path) -> Iterator[Mistake]:
    countries = raw(draft.document, "countries", "country")
    if row.country is not None and row.country not in countries:
        yield draft.mistake((*place, "country"), f"{row.country} is no country of this world")
    for index, network in enumerate(row.networks):
        if network not in draft.networks or row.country not in (None, draft.networks[network]):
            yield draft.mistake(
                (*place, "networks", index), f"{network} is no network of {row.country or 'this world'}"
            )
    known = {each.region for _, each in draft.lines}
    for index, region in enumerate(row.regions):
        if region not in known:
            yield draft.mistake((*place, "regions", index), f"no line stands in {region}")
    for index, line in enumerate(row.lines):
        if line not in draft.line_ids:
            yield draft.mistake((*place, "lines", index), f"there is no line {line!r}")
    for index, control in enumerate(row.controls):
        if control not in raw(draft.document, "controls", "id"):
            yield draft.mistake((*place, "controls", index), f"there is no control {control!r}")
    if row == WhereRow() and path not in (Path.FAR_END, Path.HUB):
        yield draft.mistake(place, "is missing: only the far end and the hub are everybody's")


def _drop(draft: Draft, place: Location, row: DropRow, path: Path) -> Iterator[Mistake]:
    if row.what not in STANDS_ON[path]:
        possible = ", ".join(sorted(STANDS_ON[path]))
        yield draft.mistake((*place, "what"), f"{row.what} cannot stand on {path}, where there is {possible}")
    if (row.service is None) is (row.what in NAMES_A_SERVICE):
        yield draft.mistake((*place, "service"), "is missing" if row.service is None else f"goes with no {row.what}")
    if row.service is not None:
        yield from service_of(draft, place, row.service, row.targets)
    if (row.how is None) is (row.what is What.SERVICE):
        yield draft.mistake((*place, "how"), "is missing" if row.how is None else f"goes with no {row.what}")
    if row.how is not None and row.how not in (FAR_END_HOWS if path is Path.FAR_END else ON_THE_WAY_HOWS):
        yield draft.mistake((*place, "how"), f"{row.how} cannot stand on {path}")
    for key, given, wanted in (
        ("factor", row.factor, row.how is How.THROTTLE or row.what is What.SLOW),
        ("bytes", row.stall_bytes, row.how is How.STALL),
        ("status", row.status, row.how is How.STATUS),
        ("delay", row.delay_s, row.what is What.DELAY),
        ("offset_seconds", row.offset_s, row.what is What.CLOCK),
    ):
        if wanted and given is None:
            yield draft.mistake((*place, key), "is missing")
        if not wanted and given is not None:
            yield draft.mistake((*place, key), f"goes with no {row.how or row.what}")


def _expect(draft: Draft, place: Location, row: ExpectRow) -> Iterator[Mistake]:
    yield from _labels(draft, place, row)
    cause = next((each for _, each in draft.causes if each.id == row.cause), None)
    if cause is None:
        if row.cause not in raw(draft.document, "causes", "id"):
            yield draft.mistake((*place, "cause"), f"there is no cause {row.cause!r}")
        return
    named = [drop.service for drop in cause.drops if drop.service is not None]
    if row.labels.network == EACH and not (cause.where.networks or cause.where.country):
        yield draft.mistake((*place, "labels", "network"), f"{row.cause!r} names no country: say which network")
    if row.labels.service == EACH and not named:
        yield draft.mistake((*place, "labels", "service"), f"{row.cause!r} names no service: say which")
    if row.onset_ms is not None and draft.until_ms is not None:
        found = spans(cause, draft.until_ms)
        if not any(span.from_ms <= row.onset_ms < span.until_ms + _AFTER_MS for span in found):
            yield draft.mistake((*place, "onset"), f"{row.cause!r} does not stand at that time")
    if row.at is At.END and row.onset_ms is not None:
        yield draft.mistake((*place, "onset"), "goes with no `at: end`")


def _labels(draft: Draft, place: Location, row: ExpectRow | AllowedRow) -> Iterator[Mistake]:
    promise = ALERTS.get(row.alert)
    if promise is None:
        yield draft.mistake((*place, "alert"), f"{row.alert!r} is no alert")
        return
    if row.severity is not None and row.severity not in promise.severities:
        possible = ", ".join(sorted(promise.severities))
        yield draft.mistake((*place, "severity"), f"{row.alert} is {possible}, never {row.severity}")
    given = {key for key, value in row.labels if value is not None}
    for key in sorted(promise.needs - given) if isinstance(row, ExpectRow) else ():
        yield draft.mistake((*place, "labels", key), f"is missing: {row.alert} always has it")
    for key in sorted(given - promise.needs - promise.may):
        yield draft.mistake((*place, "labels", key), f"{row.alert} has no such label")
    yield from _named(draft, (*place, "labels"), row.labels)


def _named(draft: Draft, place: Location, labels: LabelsRow) -> Iterator[Mistake]:
    """Whatever a label says is something this world has."""
    if labels.country is not None and labels.country not in raw(draft.document, "countries", "country"):
        yield draft.mistake((*place, "country"), f"{labels.country} is no country of this world")
    if labels.network not in (None, EACH) and draft.networks.get(labels.network or "") not in (labels.country, None):
        yield draft.mistake((*place, "network"), f"{labels.network} is no network of {labels.country}")
    if labels.network not in (None, EACH) and labels.network not in draft.networks:
        yield draft.mistake((*place, "network"), f"{labels.network} is no network of this world")
    if labels.service not in (None, EACH) and labels.service not in draft.walked:
        yield draft.mistake((*place, "service"), f"{labels.service!r} is not walked")
    if labels.vantage is not None and labels.vantage not in (*draft.line_ids, *raw(draft.document, "controls", "id")):
        yield draft.mistake((*place, "vantage"), f"there is no line {labels.vantage!r}")
