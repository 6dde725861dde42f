"""The page of a hub: who is expected and who was heard, what each delivered, what fires, and what its keeper noted.

It names every box: the hub shows it to nobody but a person on its own machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from dashboards.palette import SEVERITIES as LOUD
from dashboards.status.fleetphrases import ALERTS, EXTENTS, SEVERITIES
from dashboards.status.frame import again, page, part, sign
from dashboards.status.tongue import Lang, Tongue, bdi, code, moment
from dashboards.status.walks import known
from dashboards.status.words import ACCESS, REFUSALS, ROLES

Json = Mapping[str, Any]

SILENT_S = 180.0  # as the rules have it
_LOOK_OF = {"page": "cut_off", "ticket": "broken", "info": "slow"}


def render(status: Json, lang: Lang = "en") -> str:
    """The whole page. `status`: the hub's own JSON, with `incidents` and `notes` beside it."""
    tongue = Tongue(lang)
    well = not _silent(status) and status["vantages"]
    body = [
        part("top", _top(tongue, status), tag="header"),
        "<main>",
        part("verdict", f"<p>{_summary(tongue, status)}</p>", tag="div", kind=_look(status, bool(well)), role="status"),
        part("when", f"<p class=soft>{tongue.say('as_of', at=tongue.full(status['at']))}</p>", tag="div"),
        again(tongue),
        part("notes", "".join(_remarks(tongue, status)), tag="div"),
        part("incidents", _incidents(tongue, status)),
        part("boxes", _boxes(tongue, status)),
        part("database", _database(tongue, status)),
        part("noted", _noted(tongue, status)),
        "</main>",
    ]
    return page(tongue, f"{tongue.say('name')} {escape(status['hub'])}", "".join(body))


def _look(status: Json, well: bool) -> str:
    """The colour of the first sentence: by what fires, else by who is silent."""
    loud = [step["severity"] for each in status.get("incidents") or () for step in each["steps"]]
    worst = next((each for each in _LOOK_OF if each in loud), None)
    return f"verdict {_LOOK_OF[worst] if worst in ('page', 'ticket') else 'ok' if well else 'broken'}"


def _top(tongue: Tongue, status: Json) -> str:
    return (
        f"<div class=top><h1>{tongue.say('name')}</h1>"
        f"<span class='soft who'>{tongue.say('hub')} · {code(status['hub'])}</span>"
        f"<a href='?lang={tongue.other}' lang={tongue.other}>{tongue.say('other_language')}</a></div>"
    )


def _summary(tongue: Tongue, status: Json) -> str:
    expected = [each for each in status["vantages"] if not each["paused"]]
    silent, count = _silent(status), tongue.number(len(expected))
    if not status["vantages"]:
        return tongue.say("hub_nobody")
    if not silent:
        return tongue.say("hub_well", count=count)
    names = tongue.listed([code(each["vantage"]) for each in silent])
    return tongue.say("hub_silent", count=count, silent=tongue.number(len(silent)), names=names)


def _silent(status: Json) -> list[Json]:
    return [each for each in status["vantages"] if not each["paused"] and not _heard(each, status["at"])]


def _last(box: Json) -> str | None:
    """The later of what this process took and what the database has."""
    times = [box["heard"], (box.get("delivered") or {}).get("last")]
    return max((time for time in times if time), key=moment, default=None)


def _heard(box: Json, now: str) -> bool:
    last = _last(box)
    return last is not None and (moment(now) - moment(last)).total_seconds() <= SILENT_S


def _remarks(tongue: Tongue, status: Json) -> Iterator[str]:
    said = []
    if status.get("trouble"):
        said.append(tongue.say("hub_trouble", why=bdi(status["trouble"])))
    if status.get("asked"):
        said.append(tongue.say("hub_not_asked", why=f"<bdi lang=en>{escape(status['asked'])}</bdi>"))
    if status.get("watched"):
        countries = tongue.listed([code(each) for each in status["watched"]])
        said.append(tongue.say("hub_watched", countries=countries))
    for box in status["vantages"]:
        said += _of_box(tongue, box)
    if said:
        yield f"<ul class=notes>{''.join(f'<li>{each}</li>' for each in said)}</ul>"


def _of_box(tongue: Tongue, box: Json) -> Iterator[str]:
    if box["waiting"]:
        yield tongue.say("b_waits", box=code(box["vantage"]), count=tongue.number(box["waiting"]))
    if box["refused"]:
        counts = [f"{tongue.word(REFUSALS, why)} {tongue.number(n)}" for why, n in sorted(box["refused"].items())]
        yield tongue.say("b_refused", box=code(box["vantage"]), counts=tongue.listed(counts))


# ---------------------------------------------------------------- incidents


def _incidents(tongue: Tongue, status: Json) -> str:
    found = status.get("incidents")
    if found is None:
        inner = f"<p>{tongue.say('incidents_unknown')}</p>"
    else:
        inner = "".join(_incident(tongue, each, status["at"]) for each in found)
    return f"<h2>{tongue.say('incidents')}</h2>{inner or '<p>' + tongue.say('no_incidents') + '</p>'}"


def _incident(tongue: Tongue, incident: Json, now: str) -> str:
    steps = "".join(f"<li>{_step(tongue, each, now)}</li>" for each in incident["steps"])
    ranks = {severity: rank for rank, severity in enumerate(_LOOK_OF)}
    newest = reversed(incident["steps"])  # of two that are as loud the later one says how far it has come
    loudest = min(newest, key=lambda each: ranks.get(each["severity"], len(ranks)))
    where = [code(each) for each in (incident.get("country"), incident.get("service")) if each]
    told = incident.get("told")
    heard = f"<p class=soft>{_told(tongue, told)}</p>" if told else ""
    look = known(_LOOK_OF.get(loudest["severity"], ""))
    title = tongue.word(ALERTS, loudest["alert"])
    return f"<div class='told {look}'><h3>{title} {' · '.join(where)}</h3><ol>{steps}</ol>{heard}</div>"


def _step(tongue: Tongue, step: Json, now: str) -> str:
    severity = step["severity"]
    mark = f"<span aria-hidden=true>{LOUD[severity].sign}</span> " if severity in LOUD else ""
    places = [code(step[each]) for each in ("network", "vantage") if step.get(each)]
    places += [tongue.word(EXTENTS, step["extent"])] if step.get("extent") else []
    name = f"<a href='/runbook/{escape(step['alert'])}'>{tongue.word(ALERTS, step['alert'])}</a>"
    since = step.get("since")
    when = tongue.say("step_since", at=tongue.clock(since, now), ago=tongue.ago(since, now)) if since else ""
    loud = f"<b>{mark}{tongue.word(SEVERITIES, severity)}</b>"
    return " ".join([loud, name, *places, f"<span class=soft>{when}</span>"])


def _told(tongue: Tongue, told: Json) -> str:
    if not told["messages"]:
        return tongue.say("told_nobody")
    numbers = {key: tongue.number(told[key]) for key in ("delivered", "messages")}
    said = [tongue.say("told_to", **numbers)]
    if told.get("first"):
        said.append(tongue.say("told_first", at=tongue.clock(told["first"], told["first"])))
    if told.get("taken_by"):
        said.append(tongue.say("taken_by", who=bdi(told["taken_by"])))
    return " ".join(said)


# ---------------------------------------------------------------- boxes


def _boxes(tongue: Tongue, status: Json) -> str:
    names = [tongue.say(f"b_{each}") for each in ("box", "place", "heard", "hour", "day", "drilled")]
    head = "".join(f"<th scope=col>{name}</th>" for name in names)
    rows = "".join(f"<tr>{''.join(_row(tongue, each, status['at'], names))}</tr>" for each in status["vantages"])
    retired = tongue.say("hub_retired", count=tongue.number(status["retired"])) if status.get("retired") else ""
    table = f"<div class=wide><table class=cards><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    return f"<h2>{tongue.say('boxes')}</h2>{table if rows else ''}<p class=soft>{retired}</p>"


def _row(tongue: Tongue, box: Json, now: str, names: list[str]) -> Iterator[str]:
    place = [tongue.word(ROLES, box["role"]), code(box["country"])]
    place += [code(box["network"])] if box.get("network") else []
    place += [tongue.word(ACCESS, box["access"])] if box.get("access") else []
    yield f"<th scope=row>{code(box['vantage'])} {_stands(tongue, box, now)}</th>"
    last, drilled = _last(box), box.get("drilled")
    cells = [
        " · ".join(place),
        tongue.say("ago", length=tongue.ago(last, now)) if last else tongue.say("never_heard"),
        *(_ticks(tongue, box, each) for each in ("ticks_1h", "ticks_1d")),
        tongue.say("ago", length=tongue.ago(drilled, now)) if drilled else tongue.say("never_drilled"),
    ]
    yield from (f"<td class=n data-of='{name}'>{cell}</td>" for name, cell in zip(names[1:], cells, strict=True))


def _stands(tongue: Tongue, box: Json, now: str) -> str:
    if box["paused"]:
        return f"<span class='state insufficient'>{sign('insufficient')} {tongue.say('paused')}</span>"
    if _heard(box, now):
        return f"<span class='state ok'>{sign('ok')} {tongue.say('heard')}</span>"
    return f"<span class='state cut_off'>{sign('cut_off')} {tongue.say('b_silent')}</span>"


def _ticks(tongue: Tongue, box: Json, which: str) -> str:
    delivered = box.get("delivered")
    if delivered is None:
        return tongue.say("unknown_count")
    return tongue.say("ticks_of", count=tongue.number(delivered[which]))


# ---------------------------------------------------------------- below


def _database(tongue: Tongue, status: Json) -> str:
    count, last = status["waiting"]["samples"], status["database"]["last_success"]
    when = tongue.say("ago", length=tongue.ago(last, status["at"])) if last else tongue.say("never_taken")
    said = tongue.say("db_waits" if count else "db_nothing", count=tongue.number(count), when=when)
    return f"<h2>{tongue.say('database')}</h2><p>{said}</p>"


def _noted(tongue: Tongue, status: Json) -> str:
    """As they were written, in whatever language: each finds its own direction."""
    rows = "".join(_note(tongue, each, status["at"]) for each in status.get("notes") or ())
    return f"<h2>{tongue.say('notes')}</h2><dl>{rows}</dl>" if rows else ""


def _note(tongue: Tongue, note: Json, now: str) -> str:
    when = f"<dt>{tongue.clock(note['at'], now)} {code(note['incident'])}</dt>"
    return f"{when}<dd dir=auto>{escape(note['text'])}</dd>"
