"""What contradicts what in a world beside its causes: names nobody gave, lines nowhere, too few controls."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator

from monitor.backtest.worlds.beside import noise_file
from monitor.backtest.worlds.draft import Draft, raw, texts
from monitor.backtest.worlds.shape import CountryRow, LineRow, StandingRow
from monitor.backtest.worlds.words import Way
from probes.doors.yamlfile import Document, Location, Mistake

_CONTROLS = 3  # in as many networks: with fewer nobody can say that a service is down for everyone


def contradictions(draft: Draft) -> Iterator[Mistake]:
    """Of everything but causes and expectations."""
    yield from draft.unread
    if draft.from_ms is not None and draft.until_ms is not None and draft.until_ms <= draft.from_ms:
        yield draft.mistake(("until",), "is not after from")
    for place, row in draft.countries:
        yield from _country(draft, place, row)
    for place, line in draft.lines:
        yield from _line(draft, place, line)
    yield from _controls(draft)
    for place, landmark in draft.landmarks:
        if draft.networks.get(landmark.network) != landmark.country:
            yield draft.mistake((*place, "network"), f"is no network of {landmark.country} here")
    for index, name in enumerate(texts(draft.document, "noise")):
        yield from _noise(draft, ("noise", index), name)
    for index, name in enumerate(texts(draft.document, "watched")):
        if name not in raw(draft.document, "countries", "country"):
            yield draft.mistake(("watched", index), f"{name!r} is no country of this world")
    for index, name in enumerate(texts(draft.document, "not_walked")):
        if name in draft.walked:
            yield draft.mistake(("not_walked", index), f"{name!r} is walked: it stands under services")
    yield from twice(draft.document, "countries", "country")
    yield from twice(draft.document, "controls", "id")
    yield from twice(draft.document, "causes", "id")


def twice(document: Document, key: str, name: str) -> Iterator[Mistake]:
    seen: set[str] = set()
    value = document.value[key] if isinstance(document.value, dict) and key in document.value else []
    for index, row in enumerate(value if isinstance(value, list) else []):
        given = row.get(name) if isinstance(row, dict) else None
        if isinstance(given, str):
            if given in seen:
                yield document.mistake((key, index, name), f"{given!r} is given twice")
            seen.add(given)


def _country(draft: Draft, place: Location, row: CountryRow) -> Iterator[Mistake]:
    if row.networks and row.time_zone is None:
        yield draft.mistake((*place, "time_zone"), "is missing")
    if row.time_zone is not None and row.time_zone not in zoneinfo.available_timezones():
        yield draft.mistake((*place, "time_zone"), f"must be a time zone such as Asia/Tehran, not {row.time_zone!r}")
    ids = [each.network for each in row.networks]
    for index, id in enumerate(ids):
        if id in ids[:index]:
            yield draft.mistake((*place, "networks", index, "network"), f"{id!r} is given twice")
    if sum(each.weight_ratio or 0 for each in row.networks) > 1:
        yield draft.mistake((*place, "networks"), "weights together are more than the whole country")
    for index, standing in enumerate(row.standing):
        yield from _standing(draft, (*place, "standing", index), row.country, standing)


def _standing(draft: Draft, place: Location, country: str, row: StandingRow) -> Iterator[Mistake]:
    yield from service_of(draft, place, row.service, row.targets)
    for index, network in enumerate(row.networks):
        if draft.networks.get(network) != country:
            yield draft.mistake((*place, "networks", index), f"{network} is no network of {country} here")


def service_of(draft: Draft, place: Location, service: str, targets: tuple[str, ...] = ()) -> Iterator[Mistake]:
    """A service that is named is walked, or said not to be; a target of it exists."""
    if service in draft.not_walked:
        return
    if service not in draft.walked:
        yield draft.mistake((*place, "service"), f"{service!r} is neither in services nor in not_walked")
    for index, target in enumerate(targets):
        if draft.targets.get(service) and target not in draft.targets[service]:
            known = ", ".join(sorted(draft.targets[service]))
            yield draft.mistake((*place, "targets", index), f"{service} has no target {target!r}, but {known}")


def _line(draft: Draft, place: Location, row: LineRow) -> Iterator[Mistake]:
    if row.country not in raw(draft.document, "countries", "country"):
        yield draft.mistake((*place, "country"), f"{row.country} is no country of this world")
    elif row.network is not None and draft.networks.get(row.network) != row.country:
        yield draft.mistake((*place, "network"), f"{row.network} is no network of {row.country} here")
    if row.network is None and row.access is None:
        yield draft.mistake((*place, "access"), "is missing: a line without a network says what kind of line it is")
    if row.region is not None and not row.region.startswith(row.country):
        yield draft.mistake((*place, "region"), f"is not in {row.country}")
    for index, home in enumerate(row.home):
        if home.way is Way.UPLINK and draft.networks.get(home.network or "") != row.country:
            yield draft.mistake(
                (*place, "home", index, "network"), f"{home.network} is no network of {row.country} here"
            )
    for index, name in enumerate(row.noise or ()):
        yield from _noise(draft, (*place, "noise", index), name)


def _controls(draft: Draft) -> Iterator[Mistake]:
    for place, row in draft.controls:
        if row.country in raw(draft.document, "countries", "country"):
            yield draft.mistake((*place, "country"), "a control stands outside every country of this world")
        if row.id in draft.line_ids:
            yield draft.mistake((*place, "id"), f"{row.id!r} is a line")
        for index, name in enumerate(row.noise):
            yield from _noise(draft, (*place, "noise", index), name)
    if draft.controls and _given(draft) and len({row.network for _, row in draft.controls}) < _CONTROLS:
        yield draft.mistake(("controls",), "three or more, in three or more networks")


def _given(draft: Draft) -> bool:
    """Whether every row of controls could be read: else the mistake in one of them is told, and not its echo."""
    return len(raw(draft.document, "controls", "id")) == len(draft.controls)


def _noise(draft: Draft, place: Location, name: str) -> Iterator[Mistake]:
    match noise_file(name):
        case None:
            yield draft.mistake(place, f"{name!r} is no profile of noise")
        case noise, mistakes:
            yield from mistakes
            if noise is not None and noise.name != name:
                yield draft.mistake(place, f"the profile in that file calls itself {noise.name!r}")
