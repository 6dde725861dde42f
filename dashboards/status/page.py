"""The status page of one box: what stands how, since when and why, and the last walks. A pure function of the JSON.

It needs no script and no other file; where scripts run it renews itself (live.js).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from dashboards.palette import STATES as LOOKS
from dashboards.status import box, walks
from dashboards.status.frame import again, page, part, sign
from dashboards.status.sentences import LINES, REASONS, persian
from dashboards.status.strips import strip, swatch
from dashboards.status.tongue import Lang, Tongue, code
from dashboards.status.words import ACCESS, BRIEF, LOST, ROLES, STATES

Json = Mapping[str, Any]

SIGNS = {word: look.sign for word, look in LOOKS.items()}
MOST_BYTES = 100_000
_CONCERN = {word: place for place, word in enumerate(LOOKS)}
_LOOK_OF_LINE = {"well": "ok", "not_reached": "broken", "cut_from_abroad": "cut_off", "cut_from_all": "cut_off"}


def render(status: Json, lang: Lang = "en", *, service: str | None = None) -> str:
    """The whole page, never larger than MOST_BYTES: where there is too much to say, walks that went well go first.

    Args:
        status: what `GET /api/v1/status` says, and beside it `history` where the past is known.
        service: this one alone, with everything.
    """
    tongue, text = Tongue(lang), ""
    for brevity in range(5):
        text = _document(tongue, status, service, brevity)
        if len(text.encode()) < MOST_BYTES:
            break
    return text


def _document(tongue: Tongue, status: Json, service: str | None, brevity: int) -> str:
    title = f"{tongue.say('name')} {escape(status['vantage'])}"
    look = _LOOK_OF_LINE.get(status.get("line", ""), "insufficient")
    body = [
        f"<a class=skip href='#services'>{tongue.say('skip')}</a>",
        part("top", _top(tongue, status, service), tag="header"),
        "<main>",
        part("verdict", f"<p>{_summary(tongue, status)}</p>", tag="div", kind=f"verdict {look}", role="status"),
        part("when", _when(tongue, status), tag="div"),
        again(tongue),
        part("notes", _notes(tongue, status), tag="div"),
        part("services", _services(tongue, status, service, brevity)),
    ]
    if service is None:
        body += [part("line", box.line(tongue, status)), part("box", box.box(tongue, status)), _words(tongue)]
    body.append(f"</main><footer class=soft>{_footer(tongue)}</footer>")
    return page(tongue, title, "".join(body))


def _top(tongue: Tongue, status: Json, service: str | None) -> str:
    who = [
        code(status["vantage"]),
        tongue.word(ROLES, status["role"]),
        code(status["country"]),
        code(status["network"]) if status.get("network") else "",
        tongue.word(ACCESS, status["access"]) if status.get("access") else "",
    ]
    only = f"&amp;service={escape(service)}" if service else ""
    return (
        f"<div class=top><h1>{tongue.say('name')}</h1><span class='soft who'>{' · '.join(filter(None, who))}</span>"
        f"<a href='?lang={tongue.other}{only}' lang={tongue.other}>{tongue.say('other_language')}</a></div>"
    )


def _summary(tongue: Tongue, status: Json) -> str:
    said = LINES.get(status.get("line", "")) if tongue.lang == "fa" else None
    if said is None:
        return _english(tongue, status["summary"])
    failing = [each for each in status["services"] if each["state"] in ("broken", "interfered", "refused")]
    return said.format(names=tongue.listed([tongue.title(each["title"], each["service"]) for each in failing]))


def _english(tongue: Tongue, sentence: str) -> str:
    """A sentence that exists in English only says so to a screen reader."""
    text = escape(sentence)
    return text if tongue.lang == "en" else f"<bdi lang=en>{text}</bdi>"


def _when(tongue: Tongue, status: Json) -> str:
    at, zone = status["at"], status.get("zone")
    there = tongue.local(at, zone) if zone else None
    local = tongue.say("local_now", at=there) if there else ""
    return f"<p class=soft>{tongue.say('as_of', at=tongue.full(at))} {local} {tongue.say('all_utc')}</p>"


def _notes(tongue: Tongue, status: Json) -> str:
    said = [(tongue.lang == "fa" and persian(each)) or _english(tongue, each) for each in status["notices"]]
    return f"<ul class=notes>{''.join(f'<li>{each}</li>' for each in said)}</ul>" if said else ""


# ---------------------------------------------------------------- services


def _services(tongue: Tongue, status: Json, only: str | None, brevity: int) -> str:
    services = [each for each in status["services"] if only in (None, each["service"])]
    ordered = sorted(services, key=lambda each: -_CONCERN.get(each["state"], 0))
    said, rows = "", ""
    for each in ordered:  # in a cut one reason is everybody's: it is said once for rows that follow one another
        why = _why(tongue, each) if each["state"] != "ok" else ""
        rows += _service(tongue, each, status, only, brevity, "" if why == said else why)
        said = why
    back = f"<p><a href='?lang={tongue.lang}'>{tongue.say('back')}</a></p>" if only else ""
    axis = f"<span>{tongue.say('day_ago')}</span><span>{tongue.say('now')}</span>"
    head = f"<div class='row axes' aria-hidden=true><span class=axis>{axis}</span></div>"
    nothing = f"<p>{tongue.say('no_services')}</p>"
    return f"<h2>{tongue.say('services')}</h2>{back}{head if rows else ''}{rows or nothing}"


def _service(tongue: Tongue, told: Json, status: Json, only: str | None, brevity: int, why: str) -> str:
    state, now, history = told["state"], status["at"], status.get("history", {})
    look = walks.known(state)
    reason = f"<span class='why soft'>{why}</span>" if why else ""
    row = (
        f"<summary class=row><span class=name>{tongue.title(told['title'], told['service'])}</span>"
        f"<span class='state {look}'>{sign(state)} {tongue.word(BRIEF, state)}"
        f"<span class='since soft'>{walks.since(tongue, told['since'], now)}</span></span>"
        f"{strip(tongue, history, 'day', told['service'], coarse=brevity > 3)}{reason}</summary>"
    )
    inner = "" if why else f"<p>{_why(tongue, told)}</p>"
    inner += _month(tongue, history, told["service"]) if only or brevity < 3 else ""
    inner += _targets(tongue, told, now, 0 if only else brevity)
    opened = " open" if only else ""
    return f"<details id='s-{escape(told['service'])}'{opened}>{row}<div class=inner>{inner}</div></details>"


def _why(tongue: Tongue, told: Json) -> str:
    """The judge's words; in Persian with the proof, which English has in the same sentence."""
    reason = REASONS.get(told.get("rule_id", "")) if tongue.lang == "fa" else None
    if reason is None:
        return _english(tongue, f"{told['why'][:1].upper()}{told['why'][1:]}.")
    witnesses = [each.get("witness") or {} for each in told.get("targets", [told])]
    lost = {each["lost"] for each in witnesses if each.get("lost")}
    return "؛ ".join([reason, *(tongue.word(LOST, each) for each in sorted(lost))]) + "."


def _month(tongue: Tongue, history: Json, service: str) -> str:
    drawn = strip(tongue, history, "month", service)
    if not drawn:
        return ""
    ends = f"<span>{tongue.say('month_ago')}</span><span>{tongue.say('now')}</span>"
    return f"<h3>{tongue.say('last_month')}</h3>{drawn}<p class=axis aria-hidden=true>{ends}</p>"


def _targets(tongue: Tongue, told: Json, now: str, brevity: int) -> str:
    """`brevity`: 1 leaves out the steps of what is reached, 2 of everything, 3 the targets and the month too."""
    quiet = [each for each in told["targets"] if brevity > 1 or (brevity and each["state"] == "ok")]
    told_of = [] if brevity > 2 else told["targets"]
    rows = ""
    for each in told_of:
        differs = each["state"] != "ok" and each["rule_id"] != told.get("rule_id")
        why = _why(tongue, each) if differs else ""
        rows += walks.target(tongue, each, now, why=why, brief=each in quiet)
    note = f"<p class=soft>{_elsewhere(tongue, told, len(quiet))}</p>" if quiet else ""
    return f"<h3>{tongue.say('targets')}</h3><ul>{rows}</ul>{note}"


def _elsewhere(tongue: Tongue, told: Json, count: int) -> str:
    name = tongue.title(told["title"], told["service"])
    text = tongue.say("all_steps", service=name)
    link = f"<a href='?lang={tongue.lang}&amp;service={escape(told['service'])}'>{text}</a>"
    return tongue.say("quiet_targets", count=tongue.number(count), link=link)


# ---------------------------------------------------------------- below


def _words(tongue: Tongue) -> str:
    head = f"<summary class='row one'><span class=name>{tongue.say('words')}</span></summary>"
    return f"<details id=words>{head}<dl class=inner>{''.join(_meanings(tongue))}</dl></details>"


def _meanings(tongue: Tongue) -> Iterator[str]:
    for word, meaning in STATES.items():
        name = f"{swatch(word)}{sign(word)} {tongue.word(BRIEF, word)} {code(word)}"
        yield f"<dt class={word}>{name}</dt><dd>{tongue.of(meaning)}</dd>"


def _footer(tongue: Tongue) -> str:
    links = [f"<a href='{path}'>{code(path)}</a>" for path in ("/api/v1/status", "/metrics")]
    return tongue.say("machine", links=tongue.listed(links))
