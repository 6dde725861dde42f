"""The running view as JSON: what `GET /api/v1/status` and the page at `/` show. Times are RFC 3339, UTC."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from monitor.judge import State
from monitor.meaning.standing import Standing
from monitor.meaning.view import View
from monitor.telling import witnessed
from monitor.telling.localtime import zone_of
from probes.facts import Service, Walk
from probes.seen import words
from probes.words import Scope

Json = dict[str, Any]


def instant(at_ms: int) -> str | None:
    """RFC 3339 in UTC to the second; None for never."""
    if not at_ms:
        return None
    return datetime.datetime.fromtimestamp(at_ms // 1000, datetime.UTC).isoformat().replace("+00:00", "Z")


def status(view: View, now_ms: int, *, notices: list[str], not_observable: Sequence[str] = ()) -> Json:
    """The view, and beside it, in whole sentences, what its keeper should know.

    Args:
        notices: of the box itself.
        not_observable: of what nobody can see from where it stands.
    """
    ratios = {scope.value: view.canaries.ratio(scope, now_ms) for scope in Scope}
    return {
        "vantage": view.vantage.id,
        "role": view.vantage.role.value,
        "country": view.vantage.country,
        "network": view.vantage.network,
        "access": view.vantage.access.value,
        "at": instant(now_ms),
        "zone": zone.key if (zone := zone_of(view.vantage.country)) is not None else None,
        "connectivity": {scope: ratio for scope, ratio in ratios.items() if ratio is not None},
        "line": line(view, ratios).value,
        "summary": summary(view, ratios),
        "notices": notices,
        "not_observable": list(not_observable),
        "services": [_service(view, service) for service in view.services if service.watched],
        "canaries": [_canary(view, scope, now_ms) for scope in Scope if view.canaries.of(scope)],
    }


class Line(StrEnum):
    """How this line stands, in a word."""

    TOO_FEW = "too_few"
    NOTHING_ONCE = "nothing_once"
    CUT_FROM_ABROAD = "cut_from_abroad"
    CUT_FROM_ALL = "cut_from_all"
    NOT_REACHED = "not_reached"
    WELL = "well"


_SENTENCES = {
    Line.TOO_FEW: "Too few canaries have been walked yet to say anything of this line.",
    Line.NOTHING_ONCE: "Nothing abroad has answered in the last round; another one decides.",
    Line.CUT_FROM_ABROAD: "This vantage is cut off: nothing abroad answers, while hosts in the country do.",
    Line.CUT_FROM_ALL: "This vantage is cut off: nothing abroad answers, and nothing in the country either.",
    Line.NOT_REACHED: "This line reaches abroad; not reached: {names}.",
    Line.WELL: "This line reaches abroad, and every service on it that was judged answers.",
}


def line(view: View, ratios: dict[str, float | None]) -> Line:
    international, domestic = ratios[Scope.INTERNATIONAL], ratios[Scope.DOMESTIC]
    if international is None:
        return Line.TOO_FEW
    if view.canaries.foreign_seen and international == 0:
        return Line.NOTHING_ONCE
    if not view.canaries.foreign_seen:
        return Line.CUT_FROM_ABROAD if domestic else Line.CUT_FROM_ALL
    return Line.NOT_REACHED if _not_reached(view) else Line.WELL


def summary(view: View, ratios: dict[str, float | None]) -> str:
    """The same in one sentence."""
    return _SENTENCES[line(view, ratios)].format(names=", ".join(_not_reached(view)))


def _not_reached(view: View) -> list[str]:
    failing = (State.BROKEN, State.INTERFERED, State.REFUSED)
    found = [each for each in view.services if each.watched and view.service_state(each) in failing]
    return [each.title.get("en", each.id) for each in found]


def _service(view: View, service: Service) -> Json:
    standings = [view.standings[target.name] for target in service.targets]
    state = view.service_state(service)
    speaks = next((s for s in standings if s.judgement.state is state and s.record.target.essential), None)
    speaks = speaks or next((s for s in standings if s.judgement.state is state), standings[0])
    return {
        "service": service.id,
        "title": dict(service.title),
        "state": state.value,
        "since": instant(speaks.since_ms),
        "rule_id": speaks.judgement.rule_id,
        "why": witnessed.beside(speaks.judgement.why, speaks.witnessed),
        "targets": [target_as_json(standing) for standing in standings],
    }


def target_as_json(standing: Standing) -> Json:
    record, judgement = standing.record, standing.judgement
    failure = record.failure()
    walk, told = record.last.walks[-1] if record.last else None, standing.witnessed
    if walk and told and walk.marks == told.marks:
        walk = told
    return {
        "target": record.target.name,
        "depth": record.target.depth.value,
        "not_seen": dict(record.target.not_seen),
        "essential": record.target.essential,
        "state": judgement.state.value,
        "since": instant(standing.since_ms),
        "rule_id": judgement.rule_id,
        "why": witnessed.beside(judgement.why, told),
        "witness": witnessed.as_json(told),
        "broke_at": [step.value for step in record.broke_at()],
        "failure": failure[1].value if failure else None,
        "findings": [finding.value for finding in record.findings()],
        "quarantined": [words(each) for each in record.target.quarantined],
        "last_walk": walk_as_json(walk) if walk else None,
    }


def walk_as_json(walk: Walk) -> Json:
    return {
        "endpoint": str(walk.endpoint),
        "at": instant(walk.started_ms),
        "reason": walk.reason.value,
        "steps": [
            {
                "step": seen.step.value,
                "took_s": round(seen.took_s, 6),
                "failure": seen.failure.value if seen.failure else None,
            }
            for seen in walk.steps
        ],
        **({"witness": witnessed.as_json(walk)} if walk.told else {}),
    }


def _canary(view: View, scope: Scope, now_ms: int) -> Json:
    aside = view.canaries.set_aside(scope, now_ms)
    return {
        "scope": scope.value,
        "ratio": view.canaries.ratio(scope, now_ms),
        "hosts": [
            {"target": c.target.name, "alive": c.alive, "set_aside": aside.get(c.target.name)}
            for c in view.canaries.of(scope)
        ],
    }
