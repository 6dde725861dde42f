"""Rounds of ours are judged from a file as the daemon judged them when it walked."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from monitor.judge import State
from monitor.keeping.records import encode
from monitor.stored import reading
from monitor.stored.verdict import Verdict
from probes import known
from probes.catalogue import SHIPPED, load_file
from probes.facts import Round, Target, Walk
from probes.words import Failure, Finding, Scope, Step
from tests.monitor.facts import endpoint, rounds, walk

KNOWN = known.load()
MINUTE_MS = 60_000


def _international() -> list[Target]:
    service, _ = load_file(SHIPPED / "canaries.yml")
    assert service is not None
    return [target for target in service.targets if target.scope is Scope.INTERNATIONAL]


CANARIES = _international()


def canaries(number: int, *, failed: Failure | None = None) -> list[Round]:
    at_ms = number * MINUTE_MS
    return [
        rounds(
            walk(
                to=each.name,
                at=each.endpoints[0],
                failed=failed,
                step=Step.CONNECT if failed else Step.HANDSHAKE,
                started_ms=at_ms,
            ),
            number=number,
            at_ms=at_ms,
        )
        for each in CANARIES
    ]


def target_round(
    number: int,
    failed: Failure | None = None,
    step: Step = Step.FETCH,
    findings: tuple[Finding, ...] = (),
    to: str = "instagram/web",
) -> Round:
    at_ms = number * MINUTE_MS + 1000
    seen = walk(
        to=to,
        at=endpoint(number, "www.instagram.com"),
        address=f"157.240.1.{number}",
        failed=failed,
        step=step,
        findings=findings,
        started_ms=at_ms,
    )
    return rounds(seen, number=number, at_ms=at_ms)


def judged(file: Path, *kept: Round | Walk) -> list[Verdict]:
    file.write_bytes(b"\n".join(msgspec.json.encode(each) for each in kept))
    return list(reading.judged(file, KNOWN))


def broken(number: int) -> list[Round]:
    return [*canaries(number), target_round(number, Failure.TIMEOUT, Step.CONNECT)]


def test_again_and_again_beside_canaries_that_answer_is_broken(tmp_path: Path) -> None:
    lines = [each for number in range(1, 6) for each in broken(number)]
    (found,) = judged(tmp_path / "walks.jsonl", *lines)
    assert (found.about, found.state, found.rule_id) == ("instagram/web", State.BROKEN, "confirmed")
    assert (found.broke_at, found.failure) == ((Step.CONNECT,), Failure.TIMEOUT)
    assert found.line == len(lines)


def test_the_order_of_the_lines_is_not_the_order_of_time(tmp_path: Path) -> None:
    lines = [each for number in range(1, 6) for each in broken(number)]
    (found,) = judged(tmp_path / "walks.jsonl", *reversed(lines))
    assert (found.state, found.rule_id) == (State.BROKEN, "confirmed")


def test_one_round_is_not_a_fact(tmp_path: Path) -> None:
    (found,) = judged(tmp_path / "walks.jsonl", *broken(1))
    assert (found.state, found.rule_id) == (State.INSUFFICIENT, "unconfirmed")


def test_without_canaries_nothing_can_be_said_of_a_failure(tmp_path: Path) -> None:
    lines = [target_round(number, Failure.TIMEOUT, Step.CONNECT) for number in range(1, 9)]
    (found,) = judged(tmp_path / "walks.jsonl", *lines)
    assert (found.state, found.rule_id) == (State.INSUFFICIENT, "too_few_canaries")


def test_a_line_that_is_cut_says_nothing_of_a_service(tmp_path: Path) -> None:
    lines = [*canaries(1), target_round(1)]
    for number in range(2, 8):
        lines += [*canaries(number, failed=Failure.TIMEOUT), target_round(number, Failure.TIMEOUT, Step.CONNECT)]
    (found,) = judged(tmp_path / "walks.jsonl", *lines)
    assert (found.state, found.rule_id) == (State.CUT_OFF, "nothing_foreign")


def test_a_lie_seen_in_three_rounds_is_interference(tmp_path: Path) -> None:
    lie = (Finding.FORGED_DNS_ANSWER,)
    lines = []
    for number in range(1, 4):
        lines += [*canaries(number), target_round(number, Failure.DNS_BOGON, Step.RESOLVE, lie)]
    (found,) = judged(tmp_path / "walks.jsonl", *lines)
    assert (found.state, found.findings) == (State.INTERFERED, lie)


def test_what_was_reached_is_ok_and_two_targets_are_two_verdicts(tmp_path: Path) -> None:
    lines = [*canaries(1), target_round(1), target_round(1, to="nobodys/web")]
    found = judged(tmp_path / "walks.jsonl", *lines)
    assert [(each.about, each.state) for each in found] == [
        ("instagram/web", State.OK),
        ("nobodys/web", State.OK),
    ]


@pytest.mark.parametrize(("step", "state"), [(step, State.OK) for step in (Step.CONNECT, Step.HANDSHAKE, Step.RESOLVE)])
def test_what_no_catalogue_of_ours_has_is_what_its_deepest_step_says(step: Step, state: State, tmp_path: Path) -> None:
    (found,) = judged(tmp_path / "walks.jsonl", *canaries(1), target_round(1, step=step, to="nobodys/door"))
    assert found.state is state


def test_walks_of_two_minutes_are_two_rounds(tmp_path: Path) -> None:
    kept = [each for number in range(1, 7) for done in broken(number) for each in done.walks]
    (found,) = judged(tmp_path / "walks.jsonl", *kept)
    assert (found.state, found.rule_id) == (State.BROKEN, "confirmed")


def test_a_file_of_canaries_alone_says_so(tmp_path: Path) -> None:
    (found,) = judged(tmp_path / "walks.jsonl", *canaries(1))
    assert (found.state, found.rule_id) == (State.INSUFFICIENT, "only_canaries")


def test_a_target_whose_rounds_ended_long_ago_is_judged_as_it_was_then(tmp_path: Path) -> None:
    lines = [target_round(1), *canaries(2000)]
    (found,) = judged(tmp_path / "walks.jsonl", *lines)
    assert (found.state, found.rule_id) == (State.OK, "reached")


def test_walks_as_the_spool_keeps_them_are_rounds_again(tmp_path: Path) -> None:
    """Four walks of one round are one failure, not four."""
    file = tmp_path / "walks.jsonl"
    at_once = [
        walk(failed=Failure.TIMEOUT, step=Step.CONNECT, started_ms=500 * n, address=f"157.240.1.{n}") for n in range(4)
    ]
    kept = [each for done in canaries(0) for each in done.walks]
    file.write_bytes(b"\n".join(encode(each) for each in [*kept, *at_once]))
    (found,) = reading.judged(file, KNOWN)
    assert (found.state, found.rule_id) == (State.INSUFFICIENT, "unconfirmed")


def test_a_line_that_is_no_round_says_so_and_the_others_are_judged(tmp_path: Path) -> None:
    file = tmp_path / "walks.jsonl"
    good = json.loads(msgspec.json.encode(target_round(1)))
    spoilt = [
        {**good, "walks": []},
        {**good, "walks": [{**good["walks"][0], "steps": []}]},
        {**good, "number": "one"},
        {**good, "target": "instagram"},
        {**good, "target": "imo/web"},
        {**good, "started_ms": 10**30},
        {**good, "walks": [{**good["walks"][0], "steps": [{"step": "resolve", "took_s": -1.0}]}]},
        {**good, "walks": [{**good["walks"][0], "steps": [{"step": "dance", "took_s": 1.0}]}]},
    ]
    file.write_text("\n".join(map(json.dumps, [*spoilt, good])))
    found = list(reading.judged(file, KNOWN))
    assert [each.line for each in found] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert {each.rule_id for each in found[:-1]} == {"unreadable"}
    assert found[-1].state is State.OK


def test_what_didban_probe_printed_is_one_look(tmp_path: Path) -> None:
    file = tmp_path / "probe.jsonl"
    steps = [{"step": "resolve", "took_s": 0.1, "failure": "dns_bogon_error"}]
    printed = {
        "service": "instagram", "target": "instagram/web", "state": "interfered", "rule_id": "proof_in_hand",
        "broke_at": ["resolve"], "failure": "dns_bogon_error", "findings": ["forged_dns_answer"], "why": "",
        "walks": [{"endpoint": "www.instagram.com:443/tcp", "steps": steps}],
    }  # fmt: skip
    through = [{"step": step, "took_s": 0.1, "failure": None} for step in ("resolve", "connect", "handshake", "fetch")]
    reached = {**printed, "findings": [], "walks": [{"endpoint": "[2001:db8::1]:443/tcp", "steps": through}]}
    failed = {**printed, "findings": []}
    file.write_text("\n".join(map(json.dumps, [printed, reached, failed, {**printed, "walks": 5}])))
    found = list(reading.judged(file, KNOWN))
    assert [(each.state, each.rule_id) for each in found] == [
        (State.INSUFFICIENT, "lie_alone"),
        (State.OK, "reached"),
        (State.INSUFFICIENT, "no_control"),
        (State.INSUFFICIENT, "unreadable"),
    ]
    assert found[0].findings == (Finding.FORGED_DNS_ANSWER,)
    assert str(found[1].walks[0].endpoint) == "[2001:db8::1]:443/tcp"
