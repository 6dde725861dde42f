"""Series of a state among all states, and of a walk that succeeded. Knows no record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor import metrics
from monitor.judge import State
from monitor.metrics import Series
from probes.facts import Walk

_STATES = tuple((each, each.value) for each in State)  # plain words: an enum is hashed by a line of Python


def one_of(family: metrics.Family, key: tuple[str, ...], state: State) -> Iterable[tuple[Series, float]]:
    return ((Series(family, (*key, word)), float(each is state)) for each, word in _STATES)


def of_success(key: tuple[str, str], walk: Walk) -> Iterator[tuple[Series, float]]:
    for seen in walk.steps:
        yield Series(metrics.STEP_DURATION, (*key, seen.step)), seen.took_s
        if seen.answer is not None:
            yield Series(metrics.TARGET_ANSWER, (*key, seen.answer)), 1
        if seen.certificate is not None:
            yield Series(metrics.CERTIFICATE_EXPIRY, key), seen.certificate.expires_ms / 1000
