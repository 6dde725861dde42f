"""What both ends saw is shown wherever a target is, and moves no verdict."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from monitor.judge import State
from monitor.meaning.baseline import Baselines
from monitor.meaning.canaries import Canaries
from monitor.meaning.landmarks import Landmarks
from monitor.meaning.view import View
from monitor.stored import reading
from monitor.stored.said import as_json, as_sentence
from monitor.stored.verdict import Verdict
from monitor.telling.narrated import narrated
from monitor.telling.probe import as_json as probed_as_json
from monitor.telling.status import target_as_json
from probes import known
from probes.book import Book
from probes.facts import Account, Endpoint, Round, Service, Walk
from probes.words import Cell, Failure, Hearing, Lost, Reason, Step, Transport
from tests.monitor.evidence.test_stored_ours import canaries, target_round
from tests.monitor.facts import INSIDE, rounds, target, walk
from tests.monitor.told.test_narrated import probed
from tests.probes.test_crossing import PUBLIC, log

SAYS = "ClientHello arrived, ServerHello left, ServerHello never came, and none of it was acknowledged"
BACK = f"{SAYS}: lost on the way back, between our own responder and this line"
AT_MS = 60_000_000
MARK = "c" * 64


def greeted(failure: Failure | None = Failure.TIMEOUT, *, at_ms: int = AT_MS, cell: Cell | None = None) -> Walk:
    """A walk with the tested name to our responder."""
    seen = walk(
        failed=failure, step=Step.HANDSHAKE, started_ms=at_ms, at=Endpoint("", 443, Transport.TCP, "203.0.113.7")
    )
    steps = (*seen.steps[:-1], replace(seen.last, hello_sha256=MARK, hello_body_sha256="b" * 64))
    return replace(seen, steps=steps, cell=cell, reason=Reason.COMPARE if cell else seen.reason)


def told(seen: Walk, hearing: Hearing = Hearing.TOLD) -> Walk:
    """The same, and the responder's log of it."""
    mine = {"at_ms": seen.started_ms, "protocol": "tls", "port": 443, "walk": MARK}
    lines = log(
        {**mine, "what": "accepted"},
        {**mine, "what": "hello_arrived", "body": "b" * 64, "bytes": 517},
        {**mine, "what": "server_hello_left", "bytes": 1700},
        {**mine, "what": "ended", "by": "peer", "sent": 1700, "acked": 0},
        {"at_ms": seen.started_ms + 60_000, "what": "minute", "since_ms": 0, "turned_away": 0},
    )
    return replace(seen, told=Account(hearing, seen.started_ms + 7_000, PUBLIC, tuple(lines)))


@pytest.fixture
def view() -> View:
    mine = target()
    return View(
        INSIDE,
        (Service("instagram", {"en": "Instagram"}, "social_media", True, (mine,)),),
        {mine.name: 60.0},
        Canaries([], INSIDE, standing_s=86400, day_s=86400, turn_s={}),
        Landmarks(day_s=86400),
        Baselines(day_s=86400),
        Book(keep_ms=86400_000),
    )


def test_the_account_of_a_comparison_stands_beside_the_targets_own_words(view: View) -> None:
    view.add(rounds(walk(failed=Failure.TIMEOUT, step=Step.HANDSHAKE, started_ms=AT_MS)), AT_MS)
    before = target_as_json(view.standings["instagram/web"])
    assert before["witness"] is None
    view.witnessed(told(greeted(cell=Cell.NAME_THERE)))
    shown = target_as_json(view.standings["instagram/web"])
    assert shown["why"] == f"{before['why']}; seen from both ends of a walk with this name to our own responder: {BACK}"
    assert (shown["witness"]["cell"], shown["witness"]["lost"]) == ("name_there", Lost.INWARD)
    assert {key: shown[key] for key in ("state", "rule_id", "findings")} == {
        key: before[key] for key in ("state", "rule_id", "findings")
    }, "it convicts nobody"
    assert "witness" not in shown["last_walk"], "that walk went elsewhere"


def test_the_last_walk_itself_says_what_both_ends_saw_of_it(view: View) -> None:
    view.add(rounds(greeted()), AT_MS)
    view.witnessed(told(greeted()))
    shown = target_as_json(view.standings["instagram/web"])
    assert shown["last_walk"]["witness"]["says"] == SAYS + "."


def test_what_is_reached_again_has_no_old_account_and_a_late_one_changes_nothing(view: View) -> None:
    view.add(rounds(greeted()), AT_MS)
    view.witnessed(told(greeted()))
    view.add(rounds(walk(started_ms=AT_MS + 1)), AT_MS + 1)
    assert target_as_json(view.standings["instagram/web"])["witness"] is None
    view.witnessed(told(greeted()))
    assert target_as_json(view.standings["instagram/web"])["witness"] is None


def test_of_two_accounts_the_one_of_the_newer_walk_is_shown(view: View) -> None:
    view.add(rounds(greeted()), AT_MS)
    newer, older = told(greeted(at_ms=AT_MS + 9)), told(greeted())
    for each in (newer, older):
        view.witnessed(each)
    assert view.standings["instagram/web"].witnessed == newer


@pytest.mark.parametrize("hearing", [Hearing.SILENT, Hearing.REFUSED, Hearing.FALSE])
def test_what_was_not_told_is_said_as_that_and_not_in_the_reasons(view: View, hearing: Hearing) -> None:
    view.add(rounds(greeted()), AT_MS)
    view.witnessed(told(greeted(), hearing))
    shown = target_as_json(view.standings["instagram/web"])
    assert "both ends" not in shown["why"]
    assert (shown["witness"]["hearing"], shown["witness"]["lost"]) == (hearing, None)


# ---------------------------------------------------------------- didban probe


def test_a_probe_tells_it_behind_the_walk_and_behind_the_cell() -> None:
    cells = [replace(told(greeted(cell=cell)), cell=cell) for cell in (Cell.OTHER_THERE, Cell.NAME_THERE)]
    one = probed(told(greeted()), compared=tuple(cells))
    text = "\n".join(narrated(one))
    assert text.count(f"Seen from both ends: {BACK}.") == 3
    said = probed_as_json(one)
    assert [each["cell"] for each in said["witness"]] == [None, "other_there", "name_there"]
    assert said["walks"][0]["witness"]["says"] == SAYS + "."


def test_without_a_responder_nothing_is_said_of_it() -> None:
    one = probed(walk(failed=Failure.TIMEOUT, step=Step.HANDSHAKE))
    assert "both ends" not in "\n".join(narrated(one))
    assert probed_as_json(one)["witness"] == []


# ---------------------------------------------------------------- didban judge


def _kept(compared: Iterable[Walk]) -> Iterable[Round]:
    for number in range(1, 6):
        yield from (*canaries(number), target_round(number, Failure.TIMEOUT, Step.HANDSHAKE))
    yield Round("instagram/web", 0, Reason.COMPARE, 5 * 60_000 + 2_000, tuple(compared))


def test_our_own_export_brings_its_accounts_with_it(tmp_path: Path) -> None:
    file = tmp_path / "walks.jsonl"
    verdicts: list[Verdict] = []
    for compared in (greeted(at_ms=302_000, cell=Cell.NAME_THERE), told(greeted(at_ms=302_000, cell=Cell.NAME_THERE))):
        file.write_bytes(b"\n".join(msgspec.json.encode(each) for each in _kept([compared])))
        verdicts += reading.judged(file, known.load())
    without, found = verdicts
    assert (without.state, without.rule_id) == (found.state, found.rule_id) == (State.BROKEN, "confirmed")
    assert "witness" not in json.loads(as_json(without))
    assert json.loads(as_json(found))["witness"]["says"] == SAYS + "."
    assert f"seen from both ends: {BACK}" in as_sentence(found)
