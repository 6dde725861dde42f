"""What of the fleet anybody may know: late, in groups of three lines and more, without a box, a number or a minute.

Groups never overlap and no sum of them is given, so that nothing can be reckoned from their differences (FIELD, 5: no
ids, no counts below three, three lines or a day of age; here it is both). Only reads.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from monitor.home import vectors
from monitor.home.querying import Far, Unanswered
from monitor.home.vectors import Found
from monitor.telling.status import Json, instant
from probes.facts import Service

FEWEST = 3  # lines of a group; fewer are told together with others, or not at all
DELAY_S, SHORTEST_S = 86_400.0, 3_600.0
_ROUND_MS, _HOUR_MS = 600_000, 3_600_000
_HOURS = 24
_BANDS = (30, 10, 5, FEWEST)  # "10 lines or more": an exact count tells when one of them came or went
_AGREE = 2 / 3  # as the rules have it
_LINES = "didban:service_verdict:lines"

Group = tuple[str, str]  # country, network; without a network: the others of that country together
Said = dict[str, Counter[str]]  # service -> how many lines say each verdict


def moment_ms(now_ms: int, delay_s: float) -> int:
    """Of which moment is told: so late, to ten minutes."""
    return (now_ms - int(delay_s * 1000)) // _ROUND_MS * _ROUND_MS


async def told(database: Far, services: Iterable[Service], at_ms: int) -> Json | Unanswered:
    """What may be published of `at_ms`, and of the day before it hour by hour."""
    hours = [at_ms - back * _HOUR_MS for back in range(_HOURS - 1, -1, -1)]
    said = await asyncio.gather(*(vectors.at(database, _LINES, each) for each in hours))
    day: list[list[Found]] = []
    for each in said:
        if isinstance(each, Unanswered):
            return each
        day.append(each)
    return of_day(day, {each.id: each.title for each in services}, at_ms)


def of_day(day: list[list[Found]], titles: Mapping[str, Mapping[str, str]], at_ms: int) -> Json:
    """`day`: what lines said hour by hour, the last at `at_ms`. Every hour is made safe by itself."""
    hours = [groups(rows) for rows in day]
    shown = [_group(place, said, hours, titles) for place, said in sorted(hours[-1].items())]
    return {"at": instant(at_ms), "groups": [each for each in shown if each["services"]]}


def groups(rows: Iterable[Found]) -> dict[Group, Said]:
    """Networks with lines enough, and what is left of each country together if those are enough; none twice."""
    networks: defaultdict[Group, Said] = defaultdict(dict)
    for row in rows:
        place = (row.labels.get("country", ""), row.labels.get("network", ""))
        said = networks[place].setdefault(row.labels.get("service", ""), Counter())
        said[row.labels.get("verdict", "unknown")] += round(row.value)
    found: dict[Group, Said] = {}
    for (country, network), services in networks.items():
        for service, said in services.items():
            place = (country, network if lines(services) >= FEWEST else "")
            found.setdefault(place, {}).setdefault(service, Counter()).update(said)
    safe = {place: {name: said for name, said in of.items() if said.total() >= FEWEST} for place, of in found.items()}
    return {place: of for place, of in safe.items() if of}


def lines(services: Said) -> int:
    """How many speak: those of the service most of them speak of."""
    return max((said.total() for said in services.values()), default=0)


def verdict(said: Counter[str]) -> str:
    """What two thirds say; `mixed` where they do not agree."""
    word, count = max(said.items(), key=lambda each: (each[1], each[0]))
    return word if count >= _AGREE * said.total() else "mixed"


def _group(place: Group, said: Said, hours: list[dict[Group, Said]], titles: Mapping[str, Mapping[str, str]]) -> Json:
    country, network = place
    rows = [
        {
            "service": service,
            "title": dict(titles.get(service, {})),
            "verdict": verdict(counts),
            "hours": [verdict(of[service]) if service in (of := hour.get(place, {})) else None for hour in hours],
        }
        for service, counts in sorted(said.items())
        if service in titles
    ]
    band = next(each for each in _BANDS if lines(said) >= each)
    return {"country": country, "network": network, "lines": band, "services": rows}
