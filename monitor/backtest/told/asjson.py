"""A backtest as JSON, in the contract's shape: every rate with its n and its interval beside it."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Any

from monitor.backtest.replay import Replayed
from monitor.backtest.told.coverage import covered
from monitor.backtest.told.score import False_, Found, Score
from monitor.backtest.told.stats import Rate, Share, quantile
from monitor.backtest.told.summary import Summary, summed
from monitor.backtest.trial import Trial

Json = dict[str, Any]


def as_json(trials: Sequence[Trial], digest: str) -> Json:
    """`simulated` says what all of it is."""
    sets = sorted({each.set for each in trials})
    whole = summed([each.score for each in trials])
    return {
        "simulated": True,
        "scenarios": [_scenario(each) for each in trials],
        "summary": {**summary(whole), "rules_sha256": digest},
        "sets": {each.value: summary(summed([t.score for t in trials if t.set is each])) for each in sets},
        "delays": delays(scores(trials)),
        "coverage": [
            {"lines": each.lines, **_share("recall", each.recall), "unobservable": dict(each.unseen)}
            for each in covered(scores(trials))
        ],
    }


def delays(found: Sequence[Score]) -> Json:
    """Of each alert by itself, pages only, as known then."""
    every: dict[str, list[float]] = {}
    for each in (each for one in found for each in one.found if each.pages and each.unobservable is None):
        if each.delay_s is not None:
            every.setdefault(each.expect.alert, []).append(each.delay_s)
    return {
        alert: {"n": len(s), "median_s": quantile(s, 0.5), "p95_s": quantile(s, 0.95), "max_s": max(s)}
        for alert, s in sorted(every.items())
    }


def replay_as_json(found: Replayed, digest: str) -> Json:
    """What the rules would have told of spools; nobody says what they should have, so that there is no rate."""
    told = [
        {"at": moment(each.at_ms), "to": each.receiver, "alerts": [dict(labels) for labels in each.news]}
        for each in found.told
        if each.news
    ]
    return {
        "simulated": True, "vantages": list(found.vantages), "since": moment(found.since_ms),
        "until": moment(found.until_ms), "sealed_hours_left_out": found.skipped_hours, "told": told,
        "rules_sha256": digest,
    }  # fmt: skip


def _scenario(trial: Trial) -> Json:
    done = trial.score
    return {
        "name": done.world.name,
        "set": trial.set.value,
        "expected": [_expected(each) for each in done.found if each.unobservable is None],
        "unobservable": [{**_asked(each), "lacking": each.unobservable} for each in done.found if each.unobservable],
        "false": [_false(each) for each in done.false],
        "beside": [_false(each) for each in done.beside],
        "without": [{"alert": each.alert, "recalled": each.recalled, "false": each.false} for each in trial.without],
        "by_chance": None if trial.by_chance is None else list(trial.by_chance),
    }


def _asked(found: Found) -> Json:
    expect = found.expect
    return {
        "alert": expect.alert, "labels": dict(expect.labels), "severity": expect.severity.value,
        "onset": moment(expect.onset_ms), "assumed": not expect.timed,
    }  # fmt: skip


def _expected(found: Found) -> Json:
    fired = moment(found.fired_ms) if found.fired_ms is not None else None
    later = moment(found.later_ms) if found.later_ms is not None else None
    return {
        **_asked(found), "fired": fired, "delay_s": found.delay_s, "fired_as_known_later": later,
        "delay_as_known_later_s": found.later_delay_s,
    }  # fmt: skip


def _false(each: False_) -> Json:
    return {
        "alert": each.alert, "labels": dict(each.labels), "at": moment(each.at_ms), "severity": each.severity.value,
        "during": each.during or None, "wrong_class": each.wrong_class,
    }  # fmt: skip


def summary(found: Summary) -> Json:
    return {
        "scenarios": found.scenarios,
        **_share("recall", found.recall),
        **_share("precision", found.precision),
        "delay_median_s": found.delay_s(0.5),
        "delay_p95_s": found.delay_s(0.95),
        "delay_max_s": found.delay_s(1.0),
        "delay_n": len(found.delays_s),
        **_rate("false_pages_per_network_week", found.false_pages),
        "wrong_class": found.wrong_class,
        "told_again": found.again,
        "beside": found.beside,
        "unobservable": found.unobservable,
        "network_weeks": round(found.network_weeks, 3),
    }


def _share(name: str, share: Share) -> Json:
    return {name: share.value, f"{name}_n": share.n, f"{name}_interval": [round(each, 4) for each in share.interval]}


def _rate(name: str, rate: Rate) -> Json:
    ends = [round(each, 4) if math.isfinite(each) else None for each in rate.interval]
    of = {f"{name}_events": rate.events, f"{name}_n": round(rate.exposure, 3)}
    return {name: rate.value, **of, f"{name}_interval": ends}


def moment(at_ms: int) -> str:
    return f"{datetime.datetime.fromtimestamp(at_ms // 1000, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


def scores(trials: Sequence[Trial]) -> list[Score]:
    return [each.score for each in trials]
