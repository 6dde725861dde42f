"""The judge never convicts by default, and its table is a public contract."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.judge import RULES, SEVERITY, Evidence, State, judge, worst

WELL = Evidence(fresh=True, foreign_seen=True, canaries=12)
REACHED = replace(WELL, reached=True, authenticated=True)
FAILED = replace(WELL, failed_rounds=4, failed_endpoints=2, cusum=2.6)

evidences = st.builds(
    Evidence,
    fresh=st.booleans(),
    reached=st.booleans(),
    slow_rounds=st.integers(0, 5),
    authenticated=st.booleans(),
    refusal=st.booleans(),
    local=st.booleans(),
    interference=st.booleans(),
    failed_rounds=st.integers(0, 9),
    failed_endpoints=st.integers(0, 9),
    cusum=st.floats(0, 3.5),
    foreign_seen=st.booleans(),
    canaries=st.integers(0, 18),
    line_poor=st.booleans(),
    names_dead=st.booleans(),
    failed_resolving=st.booleans(),
    domestic=st.booleans(),
    quarantined=st.booleans(),
)


@pytest.mark.parametrize(
    ("evidence", "state", "rule"),
    [
        (Evidence(fresh=False), State.INSUFFICIENT, "nothing_fresh"),
        (Evidence(fresh=False, quarantined=True), State.INSUFFICIENT, "quarantined"),
        (REACHED, State.OK, "reached"),
        (replace(REACHED, foreign_seen=False, canaries=0), State.OK, "reached"),
        (replace(REACHED, foreign_seen=False, authenticated=False), State.INSUFFICIENT, "unproven"),
        (replace(REACHED, line_poor=True, authenticated=False), State.INSUFFICIENT, "unproven"),
        (replace(REACHED, line_poor=True), State.OK, "reached"),
        (replace(REACHED, foreign_seen=False, authenticated=False, domestic=True), State.OK, "reached"),
        (replace(REACHED, authenticated=False, denied=True), State.INSUFFICIENT, "denied_in_clear"),
        (replace(REACHED, slow_rounds=3), State.SLOW, "slower_than_usual"),
        (replace(REACHED, slow_rounds=2), State.OK, "reached"),
        (replace(REACHED, refusal=True), State.REFUSED, "refusal"),
        (replace(REACHED, refusal=True, authenticated=False), State.OK, "reached"),
        (replace(WELL, failed_rounds=1, failed_endpoints=1, cusum=0.65), State.INSUFFICIENT, "unconfirmed"),
        (replace(FAILED, failed_rounds=3), State.INSUFFICIENT, "unconfirmed"),
        (replace(FAILED, failed_endpoints=1), State.INSUFFICIENT, "unconfirmed"),
        (FAILED, State.BROKEN, "confirmed"),
        (replace(FAILED, failed_endpoints=1, failed_rounds=6, cusum=3.5), State.BROKEN, "confirmed"),
        (replace(FAILED, interference=True), State.INTERFERED, "proof_in_hand"),
        (replace(FAILED, interference=True, failed_rounds=2), State.INSUFFICIENT, "unconfirmed"),
        (replace(FAILED, interference=True, local=True), State.INSUFFICIENT, "local_cause"),
        (replace(FAILED, canaries=4), State.INSUFFICIENT, "too_few_canaries"),
        (replace(FAILED, line_poor=True), State.INSUFFICIENT, "poor_line"),
        (replace(FAILED, line_poor=True, interference=True), State.INTERFERED, "proof_in_hand"),
        (replace(FAILED, line_poor=True, domestic=True), State.BROKEN, "confirmed"),
        (replace(FAILED, foreign_seen=False), State.CUT_OFF, "nothing_foreign"),
        (replace(FAILED, foreign_seen=False, interference=True), State.CUT_OFF, "nothing_foreign"),
        (replace(FAILED, foreign_seen=False, domestic=True), State.BROKEN, "confirmed"),
        (replace(FAILED, names_dead=True, failed_resolving=True), State.INSUFFICIENT, "resolver_dead"),
        (replace(FAILED, names_dead=True, failed_resolving=False), State.BROKEN, "confirmed"),
    ],
)
def test_each_evidence_has_its_word(evidence: Evidence, state: State, rule: str) -> None:
    judgement = judge(evidence)
    assert (judgement.state, judgement.rule_id) == (state, rule)


def test_the_table_is_in_order() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES), "an id stands for one meaning"
    assert all(rule.why for rule in RULES)
    assert RULES[0].state is State.INSUFFICIENT, "the first rule says: no data convicts nobody"
    assert RULES[-1].state is State.INSUFFICIENT, "and so does the last"
    assert RULES[-1].fits(Evidence(fresh=True)), "which always fits"


def test_every_rule_speaks_for_some_evidence() -> None:
    yes_or_no = [False, True]
    spoke = set()
    for fresh, reached, refusal, local, proof, foreign, dead in itertools.product(yes_or_no, repeat=7):
        for failed, canaries in itertools.product([1, 4], [0, 12]):
            evidence = Evidence(
                fresh=fresh,
                reached=reached,
                authenticated=reached,
                slow_rounds=failed,
                refusal=refusal,
                local=local,
                interference=proof,
                failed_rounds=failed,
                failed_endpoints=2,
                foreign_seen=foreign,
                canaries=canaries,
                names_dead=dead,
                failed_resolving=dead,
            )
            spoke.add(judge(evidence).rule_id)
    spoke.add(judge(replace(FAILED, line_poor=True)).rule_id)
    spoke.add(judge(replace(REACHED, authenticated=False, foreign_seen=False)).rule_id)
    spoke.add(judge(replace(REACHED, authenticated=False, denied=True)).rule_id)
    spoke.add(judge(Evidence(fresh=False, quarantined=True)).rule_id)
    assert spoke == {rule.id for rule in RULES}


@given(evidences)
def test_the_same_evidence_gives_the_same_words(evidence: Evidence) -> None:
    assert judge(evidence) == judge(evidence)


@given(evidences)
def test_no_conviction_without_confirmation_on_a_line_that_reaches_abroad(evidence: Evidence) -> None:
    if judge(evidence).state in (State.BROKEN, State.INTERFERED):
        assert evidence.fresh
        assert not evidence.reached
        assert not evidence.local
        assert evidence.domestic or (evidence.foreign_seen and evidence.canaries >= 5)
        assert evidence.failed_rounds >= 3 or evidence.cusum >= 3.5


@given(evidences)
def test_a_reached_target_outranks_everything_but_a_cause_at_home(evidence: Evidence) -> None:
    """If it proved who it is; in the dark an open port proves nobody."""
    dark = evidence.line_poor or not evidence.foreign_seen
    believed = evidence.authenticated or evidence.domestic or not dark
    if evidence.fresh and evidence.reached and not evidence.local:
        told = judge(evidence)
        assert told.state in (State.OK, State.SLOW, State.REFUSED) if believed else told.rule_id == "unproven"


def test_the_worst_target_speaks_and_nothing_known_is_not_ok() -> None:
    assert worst([]) is State.INSUFFICIENT
    assert worst([State.OK, State.INSUFFICIENT]) is State.INSUFFICIENT
    assert worst([State.BROKEN, State.INTERFERED]) is State.INTERFERED
    assert set(SEVERITY) == set(State)
