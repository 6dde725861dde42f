"""An answer in plain words, for a person on call at three in the morning; and the same as JSON."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from monitor.explaining.answer import Answer
from monitor.explaining.boxes import Box
from monitor.explaining.receipts import Receipt
from monitor.explaining.rows import Needs, Unit
from monitor.explaining.weighed import Explained, Weighed, WeighedWay
from monitor.home.querying import Unanswered
from monitor.telling.localtime import zone_of
from monitor.telling.status import instant

Json = dict[str, Any]

_SIGNS = {Needs.AT_LEAST: "at least ", Needs.MORE: "over ", Needs.LESS: "under ", Needs.NOT_MORE: "at most "}


def moment(at_s: float) -> str:
    """`21 Sep 18:42:10`, UTC."""
    return f"{datetime.datetime.fromtimestamp(at_s, datetime.UTC):%-d %b %H:%M:%S}"


def both_times(at_ms: int, country: str) -> str:
    """In UTC, and by the clocks of that country on that day."""
    at, zone = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC), zone_of(country)
    here = f" ({at.astimezone(zone):%H:%M} in {country})" if zone is not None else ""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC{here}"


def _figure(value: float, unit: Unit) -> str:
    match unit:
        case Unit.SHARE:
            return f"{value:.0%}"
        case Unit.MOMENT:
            return moment(value)
        case Unit.LENGTH:
            return f"{value / 60:.0f} min"
        case Unit.BARE:
            return "yes"
        case Unit.COUNT:
            return f"{value:g}"
    raise AssertionError(unit)


def value(weighed: Weighed) -> str:
    """What was found."""
    if weighed.value is None:
        if weighed.condition.test in (Needs.THERE, Needs.NOT_THERE):
            return "no"
        return "none" if weighed.condition.unit is Unit.COUNT else "not known"
    return _figure(weighed.value, weighed.condition.unit)


def needed(weighed: Weighed) -> str:
    """What it is measured by."""
    test = weighed.condition.test
    if test in (Needs.THERE, Needs.NOT_THERE):
        return str(test.value)
    return _SIGNS[test] + (_figure(weighed.needed, weighed.condition.unit) if weighed.needed is not None else "?")


def verdict(explained: Explained, muted_by: tuple[str, ...]) -> str:
    """One sentence: fires or not, as what, and which condition is in the way. Whom it reached is not in it."""
    if explained.firing:
        kinds = sorted({f"{each.labels.get('severity', '')}{_extent(each.labels)}" for each in explained.firing})
        since = min((each.since_s for each in explained.firing if each.since_s is not None), default=None)
        said = f"fires as {' and '.join(kinds)}" + (f" since {moment(since)} UTC" if since is not None else "")
        by = " and ".join(muted_by)
        return f"{said}, and is muted: {by} speaks for it" if by else said
    missing = explained.in_the_way
    if missing is None:
        return "does not fire, though all it needs is met at this moment: the rules' next turn decides"
    return f"does not fire. In the way: {in_the_way(missing)}"


def in_the_way(missing: Weighed) -> str:
    """What was asked, what was found, what is needed."""
    return f"{missing.condition.asks}: {value(missing)}, needed: {needed(missing)}"


def _extent(labels: dict[str, str]) -> str:
    return f" ({labels['extent']})" if labels.get("extent") else ""


def why(explained: Explained) -> str:
    """What it means that it does not fire; empty where it does."""
    missing = explained.in_the_way
    return missing.otherwise if missing is not None and not explained.firing else ""


# ---------------------------------------------------------------- the same as JSON


def as_json(answer: Answer) -> Json:
    return {
        "subject": str(answer.subject),
        "at": instant(answer.at_ms),
        "alerts": [_alert(each, answer.muted_by[each.explanation.alert]) for each in answer.alerts],
        "boxes": [_box(each) for each in answer.boxes],
        "told": _told(answer),
        "receipts": _receipts(answer),
    }


def _alert(explained: Explained, muted_by: tuple[str, ...]) -> Json:
    return {
        "alert": explained.explanation.alert,
        "says": explained.explanation.says,
        "firing": [
            {"labels": each.labels, "since": instant(int(each.since_s * 1000)) if each.since_s else None}
            for each in explained.firing
        ],
        "verdict": verdict(explained, muted_by),
        "why": why(explained),
        "muted_by": list(muted_by),
        "begins": [_way(each) for each in explained.begins],
        "holds": [_condition(each) for each in explained.holds],
        "page": [_way(each) for each in explained.page],
    }


def _way(way: WeighedWay) -> Json:
    return {"way": way.name, "met": way.met, "conditions": [_condition(each) for each in way.conditions]}


def _condition(weighed: Weighed) -> Json:
    return {
        "asks": weighed.condition.asks,
        "query": weighed.condition.query,
        "value": weighed.value,
        "test": weighed.condition.test.value,
        "needed": weighed.needed if weighed.condition.test not in (Needs.THERE, Needs.NOT_THERE) else None,
        "met": weighed.met,
        "otherwise": weighed.otherwise,
    }


def _box(box: Box) -> Json:
    return {
        **{"vantage": box.vantage, "role": box.role, "network": box.network, "line": box.line},
        "heard": instant(int(box.heard_s * 1000)) if box.heard_s else None,
        **{"reach": box.reach, "state": box.state or None, "proof": box.proof},
        **{"counted": not box.left_out, "left_out": box.left_out or None},
    }


def _receipts(answer: Answer) -> Json:
    match answer.receipts:
        case None:
            return {"asked": False, "why": "no relay is known", "messages": []}
        case Unanswered(why=why):
            return {"asked": True, "why": why, "messages": []}
    return {"asked": True, "why": None, "messages": [msgspec.to_builtins(each) for each in answer.receipts]}


def receipt(given: Receipt) -> str:
    """One message, as a sentence."""
    done = (
        f"{moment(given.done_ms / 1000)} UTC" if given.done_ms is not None else f"{moment(given.asked_ms / 1000)} UTC"
    )
    taken = f"; {given.taken_by} has it" if given.taken_by else ""
    if given.taken_by and given.taken_ms is not None:
        taken += f" since {moment(given.taken_ms / 1000)} UTC"
    return f"{done}: {given.person} by {given.way}: {given.state.replace('_', ' ')}: {given.title}{taken}"


def _told(answer: Answer) -> Json:
    match answer.told:
        case None:
            return {"asked": False, "why": "Alertmanager keeps no past, or was not named", "alerts": []}
        case Unanswered(why=why):
            return {"asked": True, "why": why, "alerts": []}
    return {
        "asked": True,
        "why": None,
        "alerts": [
            {
                **{"labels": each.labels, "since": each.since, "state": each.state},
                **{"receivers": list(each.receivers), "muted_by": list(each.muted_by)},
                "silenced_by": list(each.silences),
            }
            for each in answer.told
        ],
    }
