"""Time-stamps of outside parties: who saw which head and when, how to check it, and in public the day alone."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import re
import sqlite3
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dashboards.report import page
from dashboards.report.model import Dossier, Form, Language
from monitor.cli.export import stamped_by
from monitor.cli.report import disbelieved
from monitor.dossier import thinned
from monitor.dossier.gather import Asked, gathered
from monitor.evidence import export
from monitor.evidence.export import Export
from monitor.evidence.lines import boxes
from monitor.evidence.progress import Progress
from monitor.evidence.proof import stamps, verify
from monitor.evidence.proof.stamps import Question, roots_of
from monitor.evidence.window import Window
from monitor.keeping import chain
from probes.doors.clock import SystemClock
from tests.monitor.dossier.small import HOUR_MS, MINUTES, country, inside
from tests.monitor.evidence.authority import Authority
from tests.monitor.evidence.boxes import MINUTE_MS, NOON_MS

WINDOW = Window(NOON_MS, NOON_MS + MINUTES * MINUTE_MS)
LONG_AFTER_MS = NOON_MS + 96 * HOUR_MS
URL, OWN = "https://maryam:word@tsa.example/tsr", "https://tsa.teahouse.example/"


@dataclass(frozen=True)
class Seen:
    spools: list[Path]
    authority: Authority
    sealed: Dossier
    public: Dossier
    evidence: Path


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Every box asked one authority about its day, and one of them another as well."""
    folder = tmp_path_factory.mktemp("stamped")
    spools, authority = country(folder / "spools", [inside(n) for n in range(3)]), Authority(folder / "honest")
    for number, spool in enumerate(spools):
        with contextlib.closing(sqlite3.connect(spool / "spool.db")) as db, db:
            for _, head in chain.heads(db, 30_000):
                for url in (URL, OWN) if number == 0 else (URL,):
                    chain.keep_stamp(db, head, url, authority.answer(Question.over(head).body))
    kept, roots = boxes(spools), roots_of(authority.root)
    made = [
        gathered(Asked("IR", WINDOW, form, LONG_AFTER_MS, "evidence" if form is Form.SEALED else ""), kept,
                 Progress(SystemClock()), stamped_by(None, roots))
        for form in (Form.SEALED, Form.PUBLIC)
    ]  # fmt: skip
    asked = Export(WINDOW, export.Form.JSONL, LONG_AFTER_MS)
    found = [stamps.kept(a, answer, bytes.fromhex(h.head), roots) for h, b in _heads(made[0], kept) for a, answer in b]
    pem = stamps.roots_for([each for each in found if isinstance(each, stamps.Stamp)], roots)
    out = folder / "evidence"
    export.sealed(asked, kept, out, Progress(SystemClock()), stamped=stamped_by(None, roots), roots=lambda: pem)
    return Seen(spools, authority, made[0], made[1], out)


def _heads(dossier: Dossier, kept):  # type: ignore[no-untyped-def]
    by_name = {each.name: each.kept for each in kept}
    return [(head, by_name[head.box].stamps(bytes.fromhex(head.head))) for head in dossier.evidence.heads]


def test_the_sealed_form_says_who_saw_each_head_and_when(seen: Seen) -> None:
    heads = seen.sealed.evidence.heads
    assert len(heads) == 6
    assert all(each.stamps and each.stamps[0].authority in (URL, OWN) for each in heads)
    text = page.render(seen.sealed, Language.EN)
    at = datetime.datetime.fromtimestamp(heads[0].stamps[0].at_ms / 1000, datetime.UTC)
    assert f"{at:%H:%M} UTC" in text
    assert "Days: 1; with an outside time-stamp (RFC 3161) on every head: 1" in text
    assert "carries an outside time-stamp" not in text


def test_it_is_checked_by_the_commands_the_page_names(seen: Seen) -> None:
    say: list[str] = []
    assert verify.check(seen.evidence, say) == []
    assert sum("was there at" in each for each in say) == 7
    head = seen.sealed.evidence.heads[0]
    file = next((seen.evidence / head.box).rglob("*.tsr"))
    by_hand = page.BY_HAND.replace("HEAD", head.head).replace("STAMP.tsr", str(file.relative_to(seen.evidence)))
    assert page.BY_HAND in page.render(seen.sealed, Language.EN)
    command = by_hand.replace("SECONDS", str(head.stamps[0].at_ms // 1000))
    done = subprocess.run(["bash", "-c", command], cwd=seen.evidence, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout + done.stderr, done
    other = command.replace(head.head, hashlib.sha256(b"another").hexdigest())
    wrong = subprocess.run(["bash", "-c", other], cwd=seen.evidence, capture_output=True, text=True, check=False)
    assert wrong.returncode != 0


@pytest.mark.parametrize("language", list(Language))
def test_the_public_form_names_the_day_and_the_host_of_who_saw_all_of_it(seen: Seen, language: Language) -> None:
    text = page.render(seen.public, language)
    assert [each.day for each in seen.public.evidence.seen] == ["2026-11-16"]
    assert seen.public.evidence.authorities == ("tsa.example",)
    assert "2026-11-16" in text.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789"))
    assert 'dir="ltr">tsa.example<' in text
    assert [
        word for word in ("maryam", "word@", "teahouse", *(h.head for h in seen.sealed.evidence.heads)) if word in text
    ] == []
    at = datetime.datetime.fromtimestamp(seen.sealed.evidence.heads[0].stamps[0].at_ms / 1000, datetime.UTC)
    shown = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    assert f"{at:%Y-%m-%d}" not in shown, "nor when somebody asked"


def test_a_day_of_which_one_head_was_not_seen_is_not_a_day_that_was(seen: Seen) -> None:
    assert "On no day of these did an outside authority see every head" in page.render(
        replace(seen.public, evidence=thinned.evidence(replace(seen.sealed.evidence, stamped_days=0, seen=()))),
        Language.EN,
    )


def test_who_signed_by_a_root_nobody_here_knows_is_said_to_be_left_out(seen: Seen) -> None:
    kept = boxes(seen.spools[:1])
    blind = gathered(
        Asked("IR", WINDOW, Form.SEALED, LONG_AFTER_MS), kept, Progress(SystemClock()), stamped_by(None, ())
    )
    assert not blind.evidence.authorities
    assert disbelieved([URL])[0].startswith(f"{URL}: its time-stamps are left out")
