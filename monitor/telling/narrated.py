"""What `didban probe` saw, told step by step in the words of a newspaper: what was asked, what came, what it means."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.judge import State
from monitor.telling.board import SIGNS
from monitor.telling.plain import ASKED, CAME, COMPARED, FOUND, HOLDS, SETTLES
from monitor.telling.probe import Probed
from monitor.telling.witnessed import sentence
from probes.facts import Observation, Walk
from probes.words import Answer, Step

_ANSWERED = {
    Answer.TOO_MANY: "it answered that we ask too often",
    Answer.FORBIDDEN: "it answered that this page is not for us",
    Answer.LEGAL: "it answered that a law forbids it to serve this",
    Answer.CHALLENGE: "it answered with a question whether we are human",
}


def page(probed: Probed) -> Group:
    """As it stands on a terminal, however wide: by words, further lines of a sentence a little to the right."""
    return Group(*_laid(probed))


def _laid(probed: Probed) -> Iterator[RenderableType]:
    head, *rest = narrated(probed)
    sign, colour = SIGNS[probed.judgement.state]
    yield Text.assemble((f"{sign} ", colour), (head, "bold"))
    for line in rest:
        text = line.strip()
        indent = len(line.lstrip("\n")) - len(text)
        if line.startswith("\n"):
            yield Text()
        table = Table.grid(padding=0)
        table.add_column(width=indent)
        table.add_column()
        table.add_row("", text)
        yield table
    yield Text()


def narrated(probed: Probed) -> Iterator[str]:
    """Line by line."""
    target, state = probed.target, probed.judgement.state
    yield f"{target.name}: {state.value} ({HOLDS[state]})"
    yield f"  {_capital(probed.judgement.why)}."
    if probed.reach is not None:
        yield f"  Just before, {_share(probed.reach)} of the neutral hosts asked abroad answered on this line."
    for number, walk in enumerate(probed.walks, start=1):
        yield f"\n  Walk {number}: {walk.endpoint}"
        yield from (f"    {line}" for line in _walked(walk))
    yield from _compared(probed)
    yield from _meaning(probed)


def _share(ratio: float) -> str:
    return {0.0: "none", 1.0: "all"}.get(ratio, f"{ratio:.0%}")


def _walked(walk: Walk) -> Iterator[str]:
    for seen in walk.steps:
        if seen.step is Step.CONNECT and walk.booked:
            yield "Went on to an address at which this name proved itself lately."
        asked = ASKED[seen.step].format(
            host=walk.endpoint.host or walk.address, address=walk.address, port=walk.endpoint.port
        )
        yield f"{asked}: {_came(seen)}."
    if walk.reached:
        yield "It proved who it is." if walk.authenticated else "Who answered has not been proven."
    if said := sentence(walk):
        yield f"Seen from both ends: {said}."


def _came(seen: Observation) -> str:
    took = f" (after {_length(seen.took_s)})"
    if seen.failure is not None:
        more = f": {', '.join(seen.answers)}" if seen.answers else ""
        return CAME[seen.failure] + more + took
    if seen.answers:
        many = f" and {len(seen.answers) - 1} more" if len(seen.answers) > 1 else ""
        return f"at {seen.answers[0]}{many}{took}"
    if seen.answer is not None:
        return _ANSWERED.get(seen.answer, f"it answered ({seen.status})") + took
    return f"done{took}"


def _length(took_s: float) -> str:
    return f"{took_s:.1f} s" if took_s >= 1 else f"{took_s * 1000:.0f} ms"


def _compared(probed: Probed) -> Iterator[str]:
    if not probed.window:
        return
    yield "\n  Compared, to tell a cause from coincidence:"
    for walk in probed.window:
        if walk.cell is not None:
            came = "answered, and proved who it is" if walk.authenticated else _first_failure(walk)
            yield f"    {_capital(COMPARED[walk.cell])}: {came}."
            if said := sentence(walk):
                yield f"      Seen from both ends: {said}."
    for finding in probed.consistent_with:
        yield f"    Consistent with: {FOUND[finding]}."
    if not probed.consistent_with:
        why = "." if probed.has_good_line else ": on a line that loses so much, one comparison may show anything."
        yield f"    That shows no cause{why}"
    yield "    One comparison proves nothing: the daemon makes three, each on an address that rested for 5 minutes."


def _first_failure(walk: Walk) -> str:
    return CAME[walk.failure] if walk.failure else "answered, without a proof"


def _meaning(probed: Probed) -> Iterator[str]:
    findings = probed.record.findings()
    if findings:
        yield "\n  Found:"
        yield from (f"    {_capital(FOUND[finding])} ({finding})." for finding in findings)
    if not_seen := probed.target.not_seen.get("en"):
        yield f"\n  Not seen from here: {not_seen}."
    state = probed.judgement.state
    if state is not State.OK:
        yield f"  To settle it: {SETTLES[state]}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
