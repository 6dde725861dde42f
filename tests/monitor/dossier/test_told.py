"""What the responder at the far end saw is an exhibit, in the language of the page; what has no words stays English."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from dashboards.report import page
from dashboards.report.model import Dossier, Language
from dashboards.report.tongue import Tongue
from dashboards.report.words import fa_witness
from probes import crossing, witness
from probes.facts import Round, Vantage, Walk
from probes.words import Cell, Failure, Reason, Step
from tests.monitor.dossier.small import control, country, inside
from tests.monitor.dossier.test_report import dossier
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS
from tests.monitor.test_witnessed import SAYS, greeted, told
from tests.probes.test_crossing import walk as crossed

AT_MS = NOON_MS + 50 * MINUTE_MS + 1_234
FA = Tongue(Language.FA, None, "ایران")


def compared(vantage: Vantage) -> Iterator[Round]:
    """One of the lines has asked the responder what it saw of a comparison."""
    if vantage.id == inside(0).id:
        seen = told(greeted(at_ms=AT_MS, cell=Cell.NAME_THERE))
        yield Round("instagram/web", 0, Reason.COMPARE, AT_MS, (structs.replace(seen, target="instagram/web"),))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    made: Dossier = dossier(country(tmp_path_factory.mktemp("told"), [inside(n) for n in range(3)], more=compared))
    return made


def test_it_is_an_exhibit_of_its_own(found: Dossier) -> None:
    (seen,) = [each for each in found.proofs[0].exhibits if each.kind == "witnessed"]
    assert (seen.said, seen.lost) == (f"{SAYS}.", "inward")
    assert re.fullmatch("[0-9a-f]{64}", seen.records[0][2]), "the walk is committed to"


def test_an_english_page_says_it_in_english(found: Dossier) -> None:
    text = page.render(found, Language.EN)
    assert f"Seen from both ends: {SAYS}. Lost on the way back, between our own responder and this line." in text


def test_a_persian_page_says_it_in_persian(found: Dossier) -> None:
    text = page.render(found, Language.FA)
    assert "از هر دو سو دیده شد:" in text
    assert "در راه برگشت گم شد، میان پاسخ‌گوی خود ما و این خط." in text
    assert "هرگز به اینجا نرسید" in text
    assert "never came" not in text
    assert "acknowledged" not in text


def test_without_an_account_there_is_no_such_exhibit(tmp_path: Path) -> None:
    plain = dossier(country(tmp_path, [inside(n) for n in range(3)]))
    assert [each for each in plain.proofs[0].exhibits if each.kind == "witnessed"] == []
    assert "Seen from both ends" not in page.render(plain, Language.EN)
    assert control(0).id not in "".join(record[0] for each in plain.proofs[0].exhibits for record in each.records)


def test_a_phrase_without_persian_leaves_the_whole_sentence_english(found: Dossier) -> None:
    assert FA.witnessed("ClientHello arrived, and a dragon ate it.") is None
    proof = found.proofs[0]
    odd = tuple(replace(each, said="A dragon came.") if each.said else each for each in proof.exhibits)
    text = page.render(replace(found, proofs=(replace(proof, exhibits=odd),)), Language.FA)
    assert '<span lang="en" dir="ltr">A dragon came.</span>' in text


# ---------------------------------------------------------------- every sentence there is


def by_tls() -> Iterator[str]:
    """What `probes.witness` says of greetings, however they ended at either end."""
    ends: list[dict[str, object]] = [{}]
    ends += [{"by": by, "sent": 9, "acked": acked} for by in ENDS for acked in (0, 5, 9)]
    words = [(), ("hello_arrived",), ("hello_arrived", "alert_left"), ("hello_arrived", "server_hello_left")]
    words.append(("hello_arrived", "server_hello_left", "handshake_done"))
    walks: list[Walk] = [greeted(failure) for failure in (None, *Failure)]
    reached = greeted(None)
    last = structs.replace(reached.last, step=Step.FETCH, failure=Failure.CONNECTION_RESET, hello_sha256=None)
    walks += [structs.replace(reached, steps=(*reached.steps, last)), structs.replace(reached, steps=reached.steps[:1])]
    for walk, said, end, covers in itertools.product(walks, words, ends, (None, (0, 2**60))):
        lines: dict[str, dict[str, object]] = {word: {"bytes": 7} for word in said}
        if end:
            lines |= {"ended": {**end, "at_ms": 2}, "accepted": {"at_ms": 1}}
        yield witness.joined(walk, witness.Testimony(lines, covers))


ENDS = ("peer", "peer_reset", "network", "us", "deadline", "")


def by_datagrams() -> Iterator[str]:
    """What `probes.crossing` says of first packets."""
    asked = [(), ("asked",), ("asked", "ignored"), ("asked", "answered"), ("asked", "answered", "handshake_done")]
    steps = (Step.RESOLVE, Step.CONNECT, Step.HANDSHAKE, Step.KNOCK)
    for step, failure, said, covers in itertools.product(steps, (None, *Failure), asked, (None, (0, 2**60))):
        for protocol in ("openvpn", "wireguard", "dns", "other"):
            lines: dict[str, dict[str, object]] = {word: {"protocol": protocol, "why": "too_short"} for word in said}
            yield crossing.joined(crossed(step, failure), witness.Testimony(lines, covers))


def test_every_sentence_of_both_ends_has_persian() -> None:
    every = {*by_tls(), *by_datagrams()}
    assert len(every) > 60
    assert [each for each in sorted(every) if fa_witness.translated(each) is None] == []
    assert all(re.search("[ء-ی]", FA.witnessed(each) or "") for each in every)
