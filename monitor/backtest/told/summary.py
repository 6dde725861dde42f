"""Sums up scores: recall, precision, delays, false pages, each with its n and its interval. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.backtest.told.score import Found, Score
from monitor.backtest.told.stats import Rate, Share, quantile
from monitor.backtest.worlds.alerts import Severity


@dataclass(frozen=True, slots=True)
class Summary:
    """All scores of a set together.

    Attributes:
        precision: of what pages, and of what is of the wrong class; each page that was expected counts once.
        again: expected pages that were told anew. beside: tickets and infos nobody asked for.
        delays_s: of alerts that page, as known then, where the source gives the minute.
    """

    scenarios: int
    recall: Share
    precision: Share
    again: int
    beside: int
    delays_s: tuple[float, ...]
    false_pages: Rate
    wrong_class: int
    unobservable: int
    network_weeks: float

    def delay_s(self, q: float) -> float | None:
        return quantile(self.delays_s, q)


def summed(scores: Sequence[Score]) -> Summary:
    found = [each for one in scores for each in one.found if each.unobservable is None]
    false = [each for one in scores for each in one.false]
    right = sum(one.right for one in scores)
    pages = sum(each.severity is Severity.PAGE for each in false)
    weeks = sum(one.network_weeks for one in scores)
    return Summary(
        scenarios=len(scores),
        recall=Share(sum(each.fired_ms is not None for each in found), len(found)),
        precision=Share(right, right + len(false)),
        again=sum(one.again for one in scores),
        beside=sum(len(one.beside) for one in scores),
        delays_s=tuple(sorted(delay for each in found if each.pages and (delay := each.delay_s) is not None)),
        false_pages=Rate(pages, weeks),
        wrong_class=sum(each.wrong_class for each in false),
        unobservable=sum(each.unobservable is not None for one in scores for each in one.found),
        network_weeks=weeks,
    )


def missed(score: Score) -> list[Found]:
    return [each for each in score.found if each.unobservable is None and each.fired_ms is None]
