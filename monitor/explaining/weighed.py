"""Conditions beside what a database says of them at one moment: met or not, and which one is in the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from monitor.explaining.rows import Condition, Explanation, Needs, Subject, Way
from monitor.home.vectors import Found

Ask = Callable[[str], Awaitable[list[Found]]]


class NobodyAnswers(Exception):
    """The database; the message says why."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """`value`: None where there is none; `needed`: the threshold as it was then, None where that is not known."""

    condition: Condition
    value: float | None
    needed: float | None
    met: bool

    @property
    def otherwise(self) -> str:
        """What it means that this is not so."""
        unknown = self.value is None and bool(self.condition.unknown)
        return self.condition.unknown if unknown else self.condition.otherwise


@dataclass(frozen=True, slots=True)
class WeighedWay:
    name: str
    conditions: tuple[Weighed, ...]

    @property
    def met(self) -> bool:
        return all(each.met for each in self.conditions)

    @property
    def missing(self) -> tuple[Weighed, ...]:
        return tuple(each for each in self.conditions if not each.met)

    @property
    def distance(self) -> float:
        """The share of its conditions that is missing."""
        return len(self.missing) / len(self.conditions)


@dataclass(frozen=True, slots=True)
class Firing:
    """`since_s`: seconds since 1970, None where nobody wrote it down."""

    labels: dict[str, str]
    since_s: float | None


@dataclass(frozen=True, slots=True)
class Explained:
    """One alert at that moment. `firing`: as the database has it, by severity and extent."""

    explanation: Explanation
    firing: tuple[Firing, ...]
    begins: tuple[WeighedWay, ...]
    holds: tuple[Weighed, ...]
    page: tuple[WeighedWay, ...]

    @property
    def nearest(self) -> WeighedWay:
        """The way of which least is missing, as a share; the first of several."""
        return min(self.begins, key=lambda way: way.distance)

    @property
    def distance(self) -> float:
        """How far it is from firing."""
        return self.nearest.distance

    @property
    def in_the_way(self) -> Weighed | None:
        """The first condition that is not met of the way that is nearest; None where one way is met in full."""
        missing = self.nearest.missing
        return missing[0] if missing else None


def judge(condition: Condition, found: Sequence[Found], needed: float | None) -> Weighed:
    """`found`: what the query brought; of several series the largest counts."""
    value = max((each.value for each in found), default=None)
    return Weighed(condition, value, needed, _met(condition.test, value, needed))


def _met(test: Needs, value: float | None, needed: float | None) -> bool:
    if test is Needs.NOT_THERE:
        return value is None
    if value is None:
        return test is Needs.NOT_MORE
    if test is Needs.THERE:
        return True
    if needed is None:
        return False
    match test:
        case Needs.AT_LEAST:
            return value >= needed
        case Needs.MORE:
            return value > needed
        case Needs.LESS:
            return value < needed
        case Needs.NOT_MORE:
            return value <= needed
    raise AssertionError(test)


async def explain(explanation: Explanation, subject: Subject, ask: Ask) -> Explained:
    """Raises NobodyAnswers."""

    async def weigh(condition: Condition) -> Weighed:
        needed: float | None
        if isinstance(condition.needed, str):
            needed = max((each.value for each in await ask(subject.query(condition.needed))), default=None)
        else:
            needed = condition.needed
        return judge(condition, await ask(subject.query(condition.query)), needed)

    async def ways(given: Sequence[Way]) -> tuple[WeighedWay, ...]:
        return tuple([WeighedWay(way.name, tuple([await weigh(each) for each in way.conditions])) for way in given])

    return Explained(
        explanation,
        await _firing(explanation, subject, ask),
        await ways(explanation.begins),
        tuple([await weigh(each) for each in explanation.holds]),
        await ways(explanation.page),
    )


async def _firing(explanation: Explanation, subject: Subject, ask: Ask) -> tuple[Firing, ...]:
    """A service may be down without a country: an alert without that label is about the subject as well."""
    told = [f'alertname="{explanation.alert}"', 'alertstate="firing"']
    told += [
        f'{key}=~"{text}|"'
        for key, text in (("country", subject.country), ("network", subject.network), ("service", subject.service))
        if text
    ]
    since = {
        _key(each): each.value for each in await ask(f'ALERTS_FOR_STATE{{alertname="{explanation.alert}"}}')
    }  # VictoriaMetrics and Prometheus write both
    return tuple(
        Firing({k: v for k, v in each.labels.items() if k not in ("__name__", "alertstate")}, since.get(_key(each)))
        for each in await ask(f"ALERTS{{{','.join(told)}}}")
    )


def _key(found: Found) -> frozenset[tuple[str, str]]:
    return frozenset((key, text) for key, text in found.labels.items() if key not in ("__name__", "alertstate"))
