"""A time-stamp is believed when it holds, and a dead, slow or lying authority is a value."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from monitor.evidence.progress import Progress
from monitor.evidence.proof import verify
from monitor.evidence.proof.authorities import Authorities
from monitor.evidence.proof.stamps import MOST_BYTES, Question, Stamp, believed, kept, roots_for, roots_of
from monitor.home.ways import of as by
from monitor.keeping import chain
from probes.doors.clock import SystemClock
from tests.monitor.evidence.authority import Answer, Authority
from tests.monitor.evidence.boxes import box
from tests.monitor.evidence.evenings import evening, exported
from tests.monitor.facts import INSIDE, rounds, walk

HEAD = hashlib.sha256(b"a day").digest()
OTHER = hashlib.sha256(b"another").digest()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "honest")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "stranger")


@pytest.fixture(scope="module")
def asked(authority: Authority) -> tuple[Question, bytes]:
    """One question and its true answer."""
    question = Question.over(HEAD)
    return question, authority.answer(question.body)


def spent(sent: int, received: int) -> None:
    assert sent + received > 0


def of(authority: Authority, url: str, *ways: str) -> Authorities:
    return Authorities((url,), roots_of(authority.root), by(ways or ("direct",)))


async def test_a_true_stamp_is_believed(authority: Authority) -> None:
    async with authority.open() as url:
        stamp = await of(authority, url).stamp(HEAD, url, patience_s=5, spend=spent)
    assert stamp is not None
    assert stamp.authority == url
    assert isinstance(kept(url, stamp.response, HEAD, roots_of(authority.root)), Stamp)


async def test_it_learns_the_hash_of_a_head_and_nothing_else(authority: Authority) -> None:
    authority.questions.clear()
    async with authority.open() as url:
        await of(authority, url).stamp(HEAD, url, patience_s=5, spend=spent)
    (question,) = authority.questions
    assert hashlib.sha256(HEAD).digest() in question
    assert HEAD not in question
    assert len(question) < 80


async def test_the_next_way_is_taken_where_the_first_is_dead(authority: Authority) -> None:
    async with authority.open() as url:
        stamp = await of(authority, url, "socks5h://127.0.0.1:1", "direct").stamp(HEAD, url, patience_s=5, spend=spent)
    assert stamp is not None


def _other_head(question: bytes, said: bytes) -> bytes:
    """An old answer about something else."""
    return _LIAR.answer(TimestampRequestBuilder().data(OTHER).hash_algorithm(HashAlgorithm.SHA256).build().as_bytes())


def _other_nonce(question: bytes, said: bytes) -> bytes:
    return _LIAR.answer(Question.over(HEAD).body)


_LIES = {
    "garbage": lambda question, said: b"\x30\x82" + question,
    "nothing": lambda question, said: b"",
    "10 MB": lambda question, said: b"\0" * 10_000_000,
    "a true answer in 10 MB": lambda question, said: said + b"\0" * 10_000_000,
    "a true answer and more": lambda question, said: said + b"\0",
    "half of it": lambda question, said: said[: len(said) // 2],
    "the question": lambda question, said: question,
    "a page": lambda question, said: b"<html>sign in</html>",
    "an error": lambda question, said: 503,
    "a redirect": lambda question, said: 302,
    "silence": lambda question, said: 9.0,
    "another head": _other_head,
    "another nonce": _other_nonce,
}
_LIAR: Authority


@pytest.mark.parametrize("lie", _LIES)
async def test_a_lie_is_no_stamp(authority: Authority, lie: str) -> None:
    global _LIAR
    _LIAR = authority

    def lying(question: bytes, said: bytes) -> Answer:
        told: Answer = _LIES[lie](question, said)
        return told

    async with authority.open(lying) as url:
        assert await of(authority, url).stamp(HEAD, url, patience_s=0.4, spend=spent) is None


async def test_nobody_there_is_no_stamp(authority: Authority) -> None:
    async with authority.open() as url:
        pass
    assert await of(authority, url).stamp(HEAD, url, patience_s=1, spend=spent) is None


def test_a_stranger_is_not_believed(stranger: Authority, authority: Authority) -> None:
    question = Question.over(HEAD)
    said = believed("tsa", stranger.answer(question.body), question, roots_of(authority.root))
    assert isinstance(said, str)
    assert believed("tsa", stranger.answer(question.body), question, ()) == "no root certificate to believe it by"


def test_a_certificate_that_is_for_something_else_does_not_stamp(tmp_path: Path) -> None:
    """OpenSSL itself refuses to stamp with it."""
    with pytest.raises(subprocess.CalledProcessError):
        Authority(tmp_path / "any", "any").answer(Question.over(HEAD).body)


def test_a_refusal_says_so(asked: tuple[Question, bytes], authority: Authority) -> None:
    refusal = bytes.fromhex("30053003020102")  # PKIStatus rejection (RFC 3161, 2.4.2)
    assert isinstance(believed("tsa", refusal, asked[0], roots_of(authority.root)), str)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_stamp_with_one_byte_changed_is_another_stamp_or_none(
    asked: tuple[Question, bytes], authority: Authority, data: st.DataObject
) -> None:
    """What is not signed may differ and still say the same: the time, the nonce and the head are signed."""
    question, response = asked
    at, by = data.draw(st.integers(0, len(response) - 1)), data.draw(st.integers(1, 255))
    changed = bytearray(response)
    changed[at] ^= by
    found = believed("tsa", bytes(changed), question, roots_of(authority.root))
    true = believed("tsa", response, question, roots_of(authority.root))
    assert isinstance(true, Stamp)
    assert isinstance(found, str) or found.at_ms == true.at_ms


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
@example(b"\x30\x03\x02\x01\x00")
@example(b"\x30\x80" * 100)
@example(b"\x30\x84\xff\xff\xff\xff")
def test_whatever_comes_is_a_reason(authority: Authority, asked: tuple[Question, bytes], said: bytes) -> None:
    assert isinstance(believed("tsa", said, asked[0], roots_of(authority.root)), str)


def test_what_is_too_long_is_not_even_looked_at(asked: tuple[Question, bytes], authority: Authority) -> None:
    assert believed("tsa", bytes(MOST_BYTES + 1), asked[0], roots_of(authority.root)) == "the answer is too long"


def test_the_roots_that_are_needed_are_found(
    asked: tuple[Question, bytes], authority: Authority, stranger: Authority
) -> None:
    question, response = asked
    both = (*roots_of(stranger.root), *roots_of(authority.root))
    stamp = believed("tsa", response, question, both)
    assert isinstance(stamp, Stamp)
    assert roots_for([stamp], both).split() == authority.root.read_bytes().split()


def test_this_machines_own_roots_are_read() -> None:
    assert all(root.subject for root in roots_of(None))


# ---------------------------------------------------------------- in an export


@pytest.fixture
def stamped(tmp_path: Path, authority: Authority, asked: tuple[Question, bytes]) -> Path:
    """A sealed export of a day whose head was stamped."""
    spool = box(tmp_path / "spool", INSIDE, evening())
    with sqlite3.connect(spool / "spool.db") as db:
        ((_, head),) = chain.heads(db, 30_000)
        question = Question.over(head)
        chain.keep_stamp(db, head, "https://tsa.example/tsr", authority.answer(question.body))
        chain.keep_stamp(db, head, "https://liar.example/tsr", b"garbage")
    db.close()
    config = tmp_path / "didban.yml"
    (tmp_path / "secret").write_bytes(bytes(32))
    config.write_text(
        "vantage: {id: v1, secret_file: secret, country: IR, network: AS197207, access: mobile, role: inside}\n"
        f"evidence: {{timestamp: ['https://tsa.example/tsr'], ca_file: {authority.root}}}\n"
    )
    done = exported(
        "--sealed", "--since", "2026-11-16", "--until", "2026-11-17", "--format", "jsonl", "--out", tmp_path / "out",
        "--storage.path", spool, "--config.file", config,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return tmp_path / "out"


def test_a_stamp_leaves_with_its_head_and_openssl_believes_it(stamped: Path) -> None:
    ((head,),) = (found["heads"] for found in json.loads((stamped / "manifest.json").read_text())["boxes"])
    assert [stamp["authority"] for stamp in head["stamps"]] == ["https://tsa.example/tsr"], "garbage stays behind"
    say: list[str] = []
    assert verify.check(stamped, say) == []
    assert any(f"head {head['head'][:16]} was there at {head['stamps'][0]['time']}" in each for each in say)


def test_a_stamp_of_somebody_else_is_seen_though_the_sums_be_made_anew(stamped: Path, authority: Authority) -> None:
    (file,) = stamped.rglob("*.tsr")
    file.write_bytes(authority.answer(Question.over(OTHER).body))
    (stamped / "SHA256SUMS").write_text(verify.sums(stamped))
    wrong = verify.check(stamped, [])
    assert any("openssl says no" in each for each in wrong)


def test_a_chain_that_was_made_anew_has_no_stamp(stamped: Path) -> None:
    """Whoever rewrites records, chain, manifest and sums cannot have the old head stamped again."""
    manifest = json.loads((stamped / "manifest.json").read_text())
    link = json.loads((stamped / "v1" / "chain.jsonl").read_text())
    forged = hashlib.sha256(b"forged").digest() + bytes.fromhex(link["commitments"])[32:]
    label = f"{link['hour']} {link['ids']}\n".encode()
    head = hashlib.sha256(bytes.fromhex(link["previous"]) + label + forged).hexdigest()
    link |= {"commitments": forged.hex(), "head": head}
    (stamped / "v1" / "chain.jsonl").write_text(json.dumps(link) + "\n")
    manifest["boxes"][0]["chain"]["head"] = manifest["boxes"][0]["heads"][0]["head"] = head
    (stamped / "manifest.json").write_text(json.dumps(manifest))
    (stamped / "SHA256SUMS").write_text(verify.sums(stamped))
    assert any("openssl says no" in each for each in verify.check(stamped, []))


def test_without_openssl_the_line_to_run_is_said(stamped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    say: list[str] = []
    assert verify.check(stamped, say) == []
    assert any("not checked (no openssl here): openssl ts -verify -digest" in each for each in say)


def test_an_export_asks_whoever_has_not_said_yet_also_of_the_day_that_runs(
    tmp_path: Path, authority: Authority, served: str
) -> None:
    now_ms = SystemClock().now_ms()
    day = [rounds(walk(to="imo/web", started_ms=now_ms - 2 * 3_600_000))]
    spool = box(tmp_path / "spool", INSIDE, day, closed_ms=now_ms)
    (tmp_path / "secret").write_bytes(bytes(32))
    (tmp_path / "didban.yml").write_text(
        "vantage: {id: v1, secret_file: secret, country: IR, access: mobile, role: inside}\n"
        f"evidence: {{timestamp: ['http://127.0.0.1:1/tsr', '{served}'], ca_file: {authority.root}}}\n"
    )
    done = exported(
        "--sealed", "--since", "1d", "--format", "jsonl", "--out", tmp_path / "out",
        "--storage.path", spool, "--config.file", tmp_path / "didban.yml",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    ((head,),) = (found["heads"] for found in json.loads((tmp_path / "out" / "manifest.json").read_text())["boxes"])
    assert [stamp["authority"] for stamp in head["stamps"]] == [served]
    assert verify.check(tmp_path / "out", []) == []


@pytest.fixture
def served(authority: Authority) -> Iterator[str]:
    """The authority at work on a thread of its own, as the command has its own loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    opened = authority.open()
    yield asyncio.run_coroutine_threadsafe(opened.__aenter__(), loop).result(10)
    asyncio.run_coroutine_threadsafe(opened.__aexit__(None, None, None), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_long_export_says_how_far_it_is_on_a_terminal_and_nowhere_else() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    class Clock:
        at_s = 0.0

        def now_ms(self) -> int:
            return 0

        def elapsed_s(self) -> float:
            self.at_s += 0.5
            return self.at_s

        def boot_ms(self) -> int:
            return 0

    for out, words in ((Terminal(), ["v1: 3 of 4, 75%"]), (io.StringIO(), [])):
        progress = Progress(Clock(), out)
        assert list(progress.over("abcd", "v1", 4)) == list("abcd")
        progress.done()
        assert all(word in out.getvalue() for word in words)
        assert bool(out.getvalue()) is bool(words)
