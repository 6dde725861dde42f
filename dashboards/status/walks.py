"""Targets and the last walk to each, step by step, so that a reader sees where it broke without reading a log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dashboards.status.frame import sign
from dashboards.status.tongue import Tongue, bdi, code
from dashboards.status.words import BRIEF, FAILURES, FINDINGS, LOST, STEPS

Json = Mapping[str, Any]


def target(tongue: Tongue, told: Json, now: str, *, why: str = "", brief: bool = False) -> str:
    """One target. `why`: where it stands otherwise than its service. `brief`: its name and state alone."""
    state, name = told["state"], told["target"]
    head = f"{code(name)}<strong class={known(state)}>{sign(state)} {tongue.word(BRIEF, state)}</strong>"
    if brief:
        return f"<li class=target><p>{head}</li>"
    head = f"<p>{head}<span class=soft>{since(tongue, told['since'], now)}</span></p>"
    said = f"<p>{why}</p>" if why else ""
    said += "".join(f"<p>{_sentence(tongue, finding)} ({code(finding)})</p>" for finding in told["findings"])
    soft = "".join(f"<p class=soft>{each}</p>" for each in _beside(tongue, told))
    walk = told["last_walk"]
    walked = _walk(tongue, walk, now) if walk else f"<p class=soft>{tongue.say('not_walked')}</p>"
    return f"<li class=target>{head}{said}{walked}{soft}</li>"


def _sentence(tongue: Tongue, finding: str) -> str:
    said = tongue.word(FINDINGS, finding)
    return f"{said[:1].upper()}{said[1:]}"


def known(word: str) -> str:
    """A word of a closed table as a class; nothing else becomes one."""
    return word if word in BRIEF else "insufficient"


def since(tongue: Tongue, then: str | None, now: str) -> str:
    if then is None:
        return tongue.say("never")
    return tongue.say("since", at=tongue.clock(then, now), ago=tongue.ago(then, now))


def _walk(tongue: Tongue, walk: Json, now: str) -> str:
    to = code(walk["endpoint"])
    where = tongue.say("walked", at=tongue.clock(walk["at"], now), endpoint=to) if walk.get("at") else to
    steps = "".join(_step(tongue, seen) for seen in walk["steps"])
    return f"<p class=soft>{where}</p><ol class=steps>{steps}</ol>"


def _step(tongue: Tongue, seen: Json) -> str:
    step = tongue.word(STEPS, seen["step"])
    if seen["failure"] is None:
        took_ms = seen["took_s"] * 1000
        took = tongue.say("took", ms=tongue.number(took_ms, 0 if took_ms >= 10 else 1))
        return f"<li>{step} <b>{took}</b></li>"
    why = tongue.word(FAILURES, seen["failure"])
    return f"<li class=bad><b>✕ {step}</b>: {why} {code(seen['failure'])}</li>"


def _beside(tongue: Tongue, told: Json) -> Iterator[str]:
    if (witness := told.get("witness")) is not None:
        lost = f" {tongue.word(LOST, witness['lost'])}" if witness.get("lost") else ""
        yield tongue.say("both_ends", what=f"<span lang=en>{bdi(witness['says'])}</span>{lost}")
    if gone := told.get("quarantined"):
        yield tongue.say("dead_at_controls", what=tongue.foreign(", ".join(gone)))
    if not_seen := told.get("not_seen"):
        yield tongue.say("not_seen", what=tongue.title(not_seen, ""))
