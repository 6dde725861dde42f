"""Every word has a sentence, and a probe tells a story that somebody who knows no protocol can follow."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from rich.console import Console

from monitor.judge import State, judge
from monitor.meaning.evidence import Record
from monitor.meaning.line import Line
from monitor.telling.narrated import narrated, page
from monitor.telling.plain import ASKED, CAME, COMPARED, FOUND, HOLDS, SETTLES
from monitor.telling.probe import Probed, as_json, looked_twice
from probes.facts import Round, Walk
from probes.words import Cell, Failure, Finding, Reason, Step
from tests.monitor.facts import target, walk
from tests.monitor.test_cause import window


def test_every_word_can_be_said() -> None:
    assert set(ASKED) == set(Step)
    assert set(CAME) == set(Failure)
    assert set(FOUND) == set(Finding)
    assert set(HOLDS) == set(State)
    assert set(SETTLES) == set(State) - {State.OK}
    assert set(COMPARED) == set(Cell)


@pytest.mark.parametrize("actor", ["government", "regime", "censor", "ministry", "ordered", "police"])
def test_no_sentence_names_an_actor(actor: str) -> None:
    for words in (ASKED, CAME, FOUND, HOLDS, SETTLES, COMPARED):
        assert not [text for text in words.values() if actor in text]


def probed(*walks: Walk, compared: tuple[Walk, ...] = (), reach: float = 1.0) -> Probed:
    record, line = Record(target()), Line(foreign_seen=True, canaries=6, names_dead=False, reach=reach)
    record.add(Round("instagram/web", 0, Reason.ASKED, 0, walks), line, 0)
    return Probed(record.target, judge(record.evidence(line, 0, 60)), record, walks, reach, compared)


def test_a_walk_that_broke_is_told_to_the_step_at_which_it_broke() -> None:
    text = "\n".join(narrated(probed(walk(failed=Failure.TIMEOUT, step=Step.HANDSHAKE))))
    assert "Opened a connection to 157.240.1.1, port 443: done" in text
    assert "asked it to prove that it is h1.example: nothing came back" in text
    assert "all of the neutral hosts asked abroad answered" in text
    assert "leave the daemon running" in text


def test_a_comparison_is_told_cell_by_cell_and_proves_nothing_alone() -> None:
    failed = walk(failed=Failure.CONNECTION_RESET, step=Step.HANDSHAKE)
    cells = tuple(window(Cell.NAME_HERE, Cell.NAME_THERE, failure=Failure.CONNECTION_RESET))
    one = probed(failed, compared=cells)
    text = "\n".join(narrated(one))
    assert "This name, said to another server: it was broken off" in text
    assert "Another name, said at the same address: answered, and proved who it is" in text
    assert "Consistent with: connections that say this name fail" in text
    assert "One comparison proves nothing" in text
    assert as_json(one)["consistent_with"] == ["injected_reset", "name_filtered"]
    assert as_json(one)["findings"] == []
    assert one.judgement.state is State.INSUFFICIENT


def test_a_comparison_without_a_pattern_says_so() -> None:
    one = probed(walk(failed=Failure.TIMEOUT, step=Step.CONNECT), compared=tuple(window(Cell.NAME_HERE)))
    assert "That shows no cause." in "\n".join(narrated(one))


def test_on_a_line_that_loses_much_a_comparison_suggests_nothing() -> None:
    failed = walk(failed=Failure.TIMEOUT, step=Step.HANDSHAKE)
    cells = tuple(window(Cell.NAME_HERE, Cell.NAME_THERE))
    assert as_json(probed(failed, compared=cells))["consistent_with"] == ["name_filtered"]
    one = probed(failed, compared=cells, reach=4 / 6)
    assert as_json(one)["consistent_with"] == []
    assert "on a line that loses so much, one comparison may show anything" in "\n".join(narrated(one))


def test_a_walk_by_the_book_says_that_people_do_not_have_it() -> None:
    broken = walk(step=Step.HANDSHAKE)
    steps = (replace(broken.steps[0], failure=Failure.DNS_BOGON, answers=("10.10.34.36",)), *broken.steps[1:])
    text = "\n".join(narrated(probed(replace(broken, steps=steps, booked=True))))
    assert "at which no public service can stand: 10.10.34.36" in text
    assert "Went on to an address at which this name proved itself lately." in text


async def test_nothing_abroad_is_only_said_after_a_second_look() -> None:
    silent, there = [walk(failed=Failure.TIMEOUT, step=Step.CONNECT)], [walk()]
    for rounds, seen in (([there], there), ([silent, there], there), ([silent, silent], silent)):
        left = iter(rounds)

        async def look(left: Iterator[list[Walk]] = left) -> list[Walk]:
            return next(left)

        assert await looked_twice(look) == seen
        assert list(left) == [], "and no look more"


def test_on_a_terminal_nothing_is_wider_than_it_and_no_word_is_broken() -> None:
    failed = walk(failed=Failure.CONNECTION_RESET, step=Step.HANDSHAKE)
    one = probed(failed, compared=tuple(window(Cell.NAME_HERE, Cell.NAME_THERE, failure=Failure.CONNECTION_RESET)))
    wide, narrow = (shown(one, width) for width in (500, 80))
    assert max(map(len, narrow.splitlines())) <= 80
    assert narrow.split() == wide.split() == ["○", *"\n".join(narrated(one)).split()]


def shown(one: Probed, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(page(one))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
