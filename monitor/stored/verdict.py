"""What one stored measurement can say, and by which rule. Pure: the same evidence gives the same words for ever.

One measurement is one look: without a control that reached the same thing at the same time, or a lie caught in it, a
failure in it is `insufficient`. What OONI itself concluded is not evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from monitor.judge import PROVEN_ROUNDS, State
from probes.facts import Observation, Walk
from probes.words import IMPOSTOR, Failure, Finding, Step


class Control(StrEnum):
    """What the measurement's own control, outside the country, saw of the same thing."""

    ABSENT = "absent"
    FAILED = "failed"
    REACHED = "reached"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one measurement shows.

    Attributes:
        walked: it holds at least one step.
        reached: everything it asked for answered, by the addresses people here are given.
        proven: and the far end proved who it is.
        in_clear: what answered was a page without a proof: anybody on the way could have sent it.
        alike: that page has the status of the control's, and its title or its length.
        refusal: the proven far end said in so many words that it will not serve.
        local: an answer that came from a resolver in this house.
        block_page: a page in clear that we know as a censor's.
        forged: an answer earned the finding `forged_dns_answer`.
        lies: how many names got a known forgery from where no public host can stand.
        reserved: the answer leads nowhere, which a filter in the house could also have done.
        named: some failure of it has a name: not all are `unknown_failure`.
    """

    walked: bool
    reached: bool = False
    proven: bool = False
    in_clear: bool = False
    alike: bool = False
    refusal: bool = False
    local: bool = False
    block_page: bool = False
    forged: bool = False
    lies: int = 0
    reserved: bool = False
    named: bool = True
    control: Control = Control.ABSENT


@dataclass(frozen=True, slots=True)
class Rule:
    """First match wins; the last always fits; an id never changes its meaning."""

    id: str
    state: State
    fits: Callable[[Evidence], bool]
    why: str


RULES: tuple[Rule, ...] = (
    Rule("nothing_walked", State.INSUFFICIENT, lambda e: not e.walked, "it holds no step that could be judged"),
    Rule(
        "local_cause",
        State.INSUFFICIENT,
        lambda e: e.local,
        "a resolver in this house answered in its place, which says nothing of the country",
    ),
    Rule(
        "block_page",
        State.INTERFERED,
        lambda e: e.block_page,
        "in the place of the page stands one that is known as a block page, sent in clear text",
    ),
    Rule(
        "refusal",
        State.REFUSED,
        lambda e: e.reached and e.proven and e.refusal,
        "the real service answers, and says that it will not serve this line",
    ),
    Rule("reached", State.OK, lambda e: e.reached and e.proven, "reached, and the far end proved who it is"),
    Rule(
        "like_control",
        State.OK,
        lambda e: e.reached and e.alike,
        "a page came in clear text, and it is like the one the control was given at the same time",
    ),
    Rule(
        "unproven_page",
        State.INSUFFICIENT,
        lambda e: e.reached and e.in_clear,
        "a page came, but nothing proves who sent it, and it is not like one that a control was given",
    ),
    Rule(
        "doors_open",
        State.OK,
        lambda e: e.reached,
        "all that this test asks for answered; it does not ask everybody for a proof of who they are",
    ),
    Rule(
        "lie_beside_control",
        State.INTERFERED,
        lambda e: e.forged and e.control is Control.REACHED,
        "not reached: its name got a forged answer here, while the control reached it at the same time",
    ),
    Rule(
        "lie_upon_lie",
        State.INTERFERED,
        lambda e: e.lies >= PROVEN_ROUNDS and e.control is Control.ABSENT,
        "not reached: several of its names got an answer that is known to be forged",
    ),
    Rule(
        "lie_alone",
        State.INSUFFICIENT,
        lambda e: e.forged,
        "not reached, and an answer looks forged; but no control reached it at that time, and one look is not a fact",
    ),
    Rule(
        "reserved_answer",
        State.BROKEN,
        lambda e: e.named and e.reserved and e.control is Control.REACHED,
        "not reached, while the control reached it: its name leads nowhere here, which a filter in the house may do",
    ),
    Rule(
        "control_reached",
        State.BROKEN,
        lambda e: e.named and e.control is Control.REACHED,
        "not reached, while the control reached it at the same time; nothing proves why",
    ),
    Rule(
        "control_failed",
        State.INSUFFICIENT,
        lambda e: e.control is Control.FAILED,
        "not reached, but the control failed as well: the cause may be the far end, or the control itself",
    ),
    Rule(
        "no_control",
        State.INSUFFICIENT,
        lambda e: e.control is Control.ABSENT,
        "not reached, once, and nobody else looked at the same time: one failure is not a fact",
    ),
    Rule(
        "unnamed_failure",
        State.INSUFFICIENT,
        lambda e: True,
        "not reached, but the failure has no name: it may be a fault of the measurement",
    ),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be said of one document of a file, or of one target in it.

    Attributes:
        about: what was measured, from where and when, in words.
        witnessed: the newest walk that failed, and of which a responder told what it saw.
    """

    file: str
    line: int
    about: str
    state: State
    rule_id: str
    why: str
    broke_at: tuple[Step, ...] = ()
    failure: Failure | None = None
    findings: tuple[Finding, ...] = ()
    walks: tuple[Walk, ...] = ()
    witnessed: Walk | None = None


def rule_for(evidence: Evidence) -> Rule:
    """The first rule that fits."""
    return next(rule for rule in RULES if rule.fits(evidence))


def where_it_broke(walks: Iterable[Walk]) -> tuple[tuple[Step, ...], Failure | None]:
    """Every step at which one of them broke first, in the order of a walk; the most frequent failure, ties deeper.

    A step that a liar let succeed broke as well, without a failure.
    """
    failed = [next((seen for seen in walk.steps if _broke(seen)), None) for walk in walks]
    count = Counter((seen.step, seen.failure) for seen in failed if seen is not None)
    order = list(Step)
    steps = tuple(sorted({step for step, _ in count}, key=order.index))
    worst = max(count, key=lambda each: (count[each], order.index(each[0])), default=(None, None))
    return steps, worst[1]


def _broke(seen: Observation) -> bool:
    return seen.failure is not None or not IMPOSTOR.isdisjoint(seen.findings)
