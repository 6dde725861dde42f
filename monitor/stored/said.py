"""Verdicts as text: one object of the contract's shape a line, or one sentence a journalist can read."""

from __future__ import annotations

import json

from monitor.stored.verdict import Verdict
from monitor.telling import witnessed
from probes.facts import Walk
from probes.words import Finding, Step

_LONGEST = 240
_BROKE = {
    Step.RESOLVE: "its name was not resolved",
    Step.CONNECT: "no connection came about",
    Step.HANDSHAKE: "the greeting by TLS failed",
    Step.KNOCK: "its protocol was not answered",
    Step.FETCH: "no page came",
    Step.TRANSFER: "the transfer failed",
}


def as_json(verdict: Verdict) -> str:
    return _printable(
        json.dumps(
            {
                "file": verdict.file,
                "line": verdict.line,
                "about": plain(verdict.about),
                "state": verdict.state.value,
                "rule_id": verdict.rule_id,
                "broke_at": [step.value for step in verdict.broke_at],
                "failure": verdict.failure.value if verdict.failure else None,
                "findings": [finding.value for finding in verdict.findings],
                "why": plain(verdict.why),
                **({"witness": _witness(verdict.witnessed)} if verdict.witnessed else {}),
                "walks": [_walk(walk) for walk in verdict.walks],
            },
            ensure_ascii=False,
        )
    )


def _witness(walk: Walk) -> dict[str, object]:
    told = witnessed.as_json(walk) or {}
    return {key: plain(value) if isinstance(value, str) else value for key, value in told.items()}


def _walk(walk: Walk) -> dict[str, object]:
    """A length of exactly 0 is one that was not kept: no step takes no time."""
    steps = [
        {"step": seen.step.value, "took_s": round(seen.took_s, 6) or None, "failure": seen.failure}
        for seen in walk.steps
    ]
    return {"endpoint": plain(str(walk.endpoint)), "steps": steps}


def as_sentence(verdict: Verdict) -> str:
    """`FILE:LINE: what, from where: state: why (where it broke; what was found)`."""
    broke = [_BROKE[step] for step in verdict.broke_at] if verdict.failure else []  # else what was found says it
    if broke:
        broke[-1] += f" ({verdict.failure})"
    more = [*broke, *(_found(finding) for finding in verdict.findings)]
    if verdict.witnessed and (both := witnessed.sentence(verdict.witnessed)):
        more.append(f"seen from both ends: {plain(both)}")
    about = f"{plain(verdict.about)}: " if verdict.about else ""
    what = f"{about}{verdict.state}: {plain(verdict.why)}" + (f" [{'; '.join(more)}]" if more else "")
    return _printable(f"{verdict.file}:{verdict.line}: {what}")


def _found(finding: Finding) -> str:
    return f"found: {finding.replace('_', ' ')}"


def plain(text: str) -> str:
    """What a file says may steer a terminal, and may be without end."""
    shown = "".join(each if each.isprintable() else "?" for each in text[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "..."


def _printable(text: str) -> str:
    """A file name of bytes that are no text still makes a line."""
    return text.encode("utf-8", "replace").decode()
