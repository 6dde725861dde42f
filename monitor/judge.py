"""What one vantage can say of a target, and by which rule. Pure: the same evidence gives the same words for ever.

No vantage can say "blocked": only rules that compare it with control vantages do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

FEWEST_CANARIES = 5  # below that no ratio means anything (FIELD: "with n canaries a threshold means something only if")
CONFIRMED_ROUNDS = 4  # straight failures, on two or more endpoints
PROVEN_ROUNDS = 3  # straight failures, with a proof of interference in hand
SLOW_ROUNDS = 3
CUSUM_ALARM = 3.5  # OONI's detector: six straight failures a minute apart, also on a single endpoint

VERSION = 4  # a rule added or moved is a new judge; an id never changes its meaning


class State(StrEnum):
    OK = "ok"
    SLOW = "slow"
    BROKEN = "broken"
    INTERFERED = "interfered"
    REFUSED = "refused"
    CUT_OFF = "cut_off"
    INSUFFICIENT = "insufficient"


# which of two states of a service's essential targets speaks for the service: the later one
SEVERITY = (
    State.OK,
    State.SLOW,
    State.INSUFFICIENT,
    State.REFUSED,
    State.BROKEN,
    State.INTERFERED,
    State.CUT_OFF,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one target on one line at one moment.

    Attributes:
        fresh: a round finished within the last three periods.
        reached: the last round reached it.
        slow_rounds: straight rounds that reached it, but took three times as long as is usual here at this hour.
        authenticated: the far end of the last round proved who it is, or the kind cannot ask for more.
        refusal: it was reached, and said in so many words that it will not serve.
        denied: it was reached in clear alone, and what came is a No, or leads elsewhere.
        local: a finding that only this house can have caused.
        interference: a proof found in a failed walk since it was last reached.
        failed_rounds: straight failures, counted only while something foreign was reached and names resolved; on a line
            that is well, without those from when it was not, unless there is a proof.
        failed_endpoints: different addresses among those.
        cusum: OONI's sum over rounds, 0 to 3.5.
        foreign_seen: something abroad that authenticates itself was reached in the last two rounds of canaries.
        canaries: usable international ones.
        line_poor: fewer than half of those answered when last walked.
        names_dead: other names were asked for, and none resolved.
        failed_resolving: the last round got no further than the name.
        domestic: the target stands in our own country; what lies abroad says nothing of it.
        quarantined: no control has reached any endpoint of it for a day, and none is walked.
    """

    fresh: bool
    reached: bool = False
    slow_rounds: int = 0
    authenticated: bool = False
    refusal: bool = False
    denied: bool = False
    local: bool = False
    interference: bool = False
    failed_rounds: int = 0
    failed_endpoints: int = 0
    cusum: float = 0.0
    foreign_seen: bool = True
    canaries: int = 0
    line_poor: bool = False
    names_dead: bool = False
    failed_resolving: bool = False
    domestic: bool = False
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """First match wins; the last always fits; an id never changes its meaning."""

    id: str
    state: State
    fits: Callable[[Evidence], bool]
    why: str


def _confirmed(e: Evidence) -> bool:
    return (e.failed_rounds >= CONFIRMED_ROUNDS and e.failed_endpoints >= 2) or e.cusum >= CUSUM_ALARM


RULES: tuple[Rule, ...] = (
    Rule(
        "quarantined",
        State.INSUFFICIENT,
        lambda e: e.quarantined and not e.fresh,
        "no control point has reached anything of it for a day: our row of it is old, or it is down for everybody",
    ),
    Rule(
        "nothing_fresh",
        State.INSUFFICIENT,
        lambda e: not e.fresh,
        "no walk finished lately: what is not looked at is not known",
    ),
    Rule(
        "local_cause",
        State.INSUFFICIENT,
        lambda e: e.local,
        "something in this house answers in its place, which says nothing of the country",
    ),
    Rule(
        "refusal",
        State.REFUSED,
        lambda e: e.reached and e.authenticated and e.refusal,
        "the real service answers, and says that it will not serve this line",
    ),
    Rule(
        "unproven",
        State.INSUFFICIENT,
        lambda e: e.reached and not e.authenticated and not e.domestic and (e.line_poor or not e.foreign_seen),
        "something answered, as anybody on the way can, while next to nothing abroad proves who it is",
    ),
    Rule(
        "denied_in_clear",
        State.INSUFFICIENT,
        lambda e: e.reached and e.denied,
        "what came in clear is no page of it: a No, or a way elsewhere, which anybody between here and there can write",
    ),
    Rule(
        "slower_than_usual",
        State.SLOW,
        lambda e: e.reached and e.slow_rounds >= SLOW_ROUNDS,
        "reached, but again and again three times as slowly as is usual here at this hour",
    ),
    Rule("reached", State.OK, lambda e: e.reached, "reached; a reached target outranks dead canaries"),
    Rule(
        "too_few_canaries",
        State.INSUFFICIENT,
        lambda e: not e.domestic and e.canaries < FEWEST_CANARIES,
        "not reached, but too few canaries are usable here to tell a service from a line",
    ),
    Rule(
        "nothing_foreign",
        State.CUT_OFF,
        lambda e: not e.domestic and not e.foreign_seen,
        "nothing abroad that proves who it is was reached in two rounds: not about this service",
    ),
    Rule(
        "resolver_dead",
        State.INSUFFICIENT,
        lambda e: e.failed_resolving and e.names_dead,
        "no other name resolves here either: that is the resolver, not this service",
    ),
    Rule(
        "proof_in_hand",
        State.INTERFERED,
        lambda e: e.interference and e.failed_rounds >= PROVEN_ROUNDS,
        "not reached, and something between here and there was seen to lie",
    ),
    Rule(
        "poor_line",
        State.INSUFFICIENT,
        lambda e: not e.domestic and e.line_poor,
        "not reached, but most things abroad are not reached from here either: that is the line, not this service",
    ),
    Rule(
        "confirmed",
        State.BROKEN,
        _confirmed,
        "not reached, again and again, while other things abroad are; nothing proves why",
    ),
    Rule(
        "unconfirmed",
        State.INSUFFICIENT,
        lambda e: True,
        "not reached the last time, and one failure is not a fact: only walking again tells",
    ),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    state: State
    rule_id: str
    why: str


def judge(evidence: Evidence) -> Judgement:
    """The first rule that fits."""
    rule = next(rule for rule in RULES if rule.fits(evidence))
    return Judgement(rule.state, rule.id, rule.why)


def worst(states: list[State]) -> State:
    """The state that speaks for a service; no target at all is nothing known."""
    return max(states, key=SEVERITY.index, default=State.INSUFFICIENT)
