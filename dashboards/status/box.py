"""The line and the box itself: who answers of the canaries, what time it is, what has not been sent home yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from dashboards.status.sentences import persian
from dashboards.status.tongue import Tongue, bdi, code
from dashboards.status.words import SCOPES, SET_ASIDE

Json = Mapping[str, Any]


def line(tongue: Tongue, status: Json) -> str:
    """The canaries, scope by scope."""
    rows = "".join(_scope(tongue, scope) for scope in status["canaries"])
    nothing = f"<p>{tongue.say('no_canaries')}</p>"
    about = f"<p class=soft>{tongue.say('canaries_are')}</p>"
    return f"<h2>{tongue.say('line')}</h2>{about}{rows or nothing}"


def _scope(tongue: Tongue, scope: Json) -> str:
    hosts, ratio = scope["hosts"], scope["ratio"]
    usable = [each for each in hosts if each["set_aside"] is None]
    count = sum(each["alive"] is True for each in usable)
    said = tongue.say("answered", count=tongue.number(count), all=tongue.number(len(usable)))
    if aside := len(hosts) - len(usable):
        said = tongue.listed([said, tongue.say("set_aside", count=tongue.number(aside))])
    look = "insufficient" if ratio is None else "ok" if ratio > 0.8 else "slow" if ratio >= 0.2 else "cut_off"
    share = tongue.say("too_few") if ratio is None else tongue.percent(ratio)
    width = round(100 * (ratio or 0))
    meter = (
        f'<svg class="strip" role=img aria-label="{said}" viewBox="0 0 100 8" preserveAspectRatio=none>'
        f'<path class=f-{look} d="M0 0h{width}v8h-{width}z"/></svg>'
    )
    listed = "".join(f"<li>{_host(tongue, each)}</li>" for each in hosts)
    return (
        f"<details id='c-{escape(scope['scope'])}'><summary class=row>"
        f"<span class=name>{tongue.word(SCOPES, scope['scope'])}</span>"
        f"<span class='state {look}'>{share}<span class='since soft'>{said}</span></span>{meter}</summary>"
        f"<ul class=hosts>{listed}</ul></details>"
    )


def _host(tongue: Tongue, host: Json) -> str:
    word = tongue.say({True: "answers", False: "silent", None: "not_walked"}[host["alive"]])
    aside = f" · {tongue.word(SET_ASIDE, host['set_aside'])}" if host["set_aside"] else ""
    return f"{code(host['target'].partition('/')[2])} <span class=soft>{word}{aside}</span>"


def box(tongue: Tongue, status: Json) -> str:
    """What its keeper asks first."""
    rows = list(_waiting(tongue, status.get("waiting"), status["at"]))
    if (told := status.get("clock")) is not None:
        rows.insert(0, (tongue.say("clock"), _clock(tongue, told)))
    shown = "".join(f"<dt>{name}</dt><dd>{said}</dd>" for name, said in rows)
    return f"<h2>{tongue.say('box')}</h2><dl>{shown}</dl>{_unseen(tongue, status)}"


def _unseen(tongue: Tongue, status: Json) -> str:
    said = [(tongue.lang == "fa" and persian(each)) or bdi(each) for each in status.get("not_observable", ())]
    if not said:
        return ""
    rows = "".join(f"<p>{each}</p>" for each in said)
    head = f"<summary class='row one'><span class=name>{tongue.say('unseen_places')}</span></summary>"
    return f"<details id=unseen>{head}<div class=inner>{rows}</div></details>"


def _clock(tongue: Tongue, told: Json) -> str:
    if not told["settled"]:
        return tongue.say("clock_unsettled")
    if told["offset_s"] is None:
        return tongue.say("clock_own")
    error, off = told["error_s"], told["offset_s"]
    within = tongue.say("within", error=tongue.number(error, 1)) if error is not None else ""
    networks = tongue.number(told["networks"])
    return tongue.say(
        "clock_fast" if off > 0 else "clock_slow", off=tongue.number(abs(off), 1), within=within, networks=networks
    )


def _waiting(tongue: Tongue, waiting: Json | None, now: str) -> Iterator[tuple[str, str]]:
    name = tongue.say("to_send")
    if waiting is None:
        return
    if ticks := waiting["unstamped_ticks"]:
        yield name, tongue.say("ticks_wait", count=tongue.number(ticks))
    for each in waiting["destinations"]:
        last = each["last_success"]
        when = tongue.say("ago", length=tongue.ago(last, now)) if last else tongue.say("never_taken")
        phrase = "samples_wait" if each["samples"] else "nothing_waits"
        count, where = tongue.number(each["samples"]), code(each["destination"])
        yield name, tongue.say(phrase, count=count, where=where, when=when)
    if not waiting["destinations"]:
        yield name, tongue.say("no_ship").replace("`ship`", code("ship"))
