"""Whatever a file holds, `didban judge` answers in lines: never with a traceback, never with silence."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from monitor.cli import stored
from monitor.judge import State
from monitor.stored import reading
from monitor.stored.documents import Bounds
from monitor.stored.said import as_json, as_sentence
from monitor.stored.verdict import Verdict
from probes import known
from tests.monitor.evidence import ooni
from tests.monitor.facts import rounds, walk

KNOWN = known.load()
GOOD = json.dumps(ooni.web_04())
KEYS = ["file", "line", "about", "state", "rule_id", "broke_at", "failure", "findings", "why", "walks"]


def judged(file: Path, content: bytes) -> list[Verdict]:
    file.write_bytes(content)
    return list(reading.judged(file, KNOWN))


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (b"", 1, "it is empty"),
        (b"\n \n\n", 1, "it is empty"),
        (b"\xff\xfe\x00binary\x00", 1, "no UTF-8 text"),
        (b"hello\n", 1, "is not JSON"),
        (b'{"test_name": "web_conn', 1, "is not JSON"),
        (b"[" * 100_000, 1, "nested too deeply"),
        (b'{"a":' * 50_000, 1, "nested too deeply"),
        (b'{"test_name": NaN}', 1, "NaN is no number"),
        (b'{"test_name": -Infinity}', 1, "-Infinity is no number"),
        (b'{"test_name": 1e999}', 1, "too large"),
        (b'{"test_name": ' + b"9" * 5000 + b"}", 1, "too long"),
        (b'{"test_name": "tor", "test_name": "tor"}', 1, "the same key twice"),
        (b"[]", 1, "neither a round of ours nor"),
        (b"null", 1, "neither a round of ours nor"),
        (b'{"test_name": ["tor"], "test_keys": {}}', 1, "Expected `str`, got `array` - at `$.test_name`"),
        (b'{"test_name": "tor", "test_keys": []}', 1, "Expected `object | null`, got `array`"),
        (b'{"test_name": "tor", "test_keys": {"targets": []}}', 1, "at `$.test_keys.targets`"),
        (b'{"test_name": "tor", "test_keys": {"queries": [[]]}}', 1, "at `$.test_keys.queries[0]`"),
        (b'{"test_name": "web_connectivity", "test_keys": {}, "input": 5}', 1, "at `$.input`"),
        (b'{"test_name": "tor", "test_keys": {"requests": [' + b",".join([b"{}"] * 501) + b"]}}", 1, "length <= 500"),
        (gzip.compress(GOOD.encode())[:-20], 1, "gzip stream is broken"),
        (b"\x1f\x8bnonsense", 1, "gzip stream is broken"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_says_so(content: bytes, line: int, why: str, tmp_path: Path) -> None:
    (found,) = judged(tmp_path / "file", content)
    assert (found.state, found.rule_id, found.line) == (State.INSUFFICIENT, "unreadable", line)
    assert why in found.why


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode(),
        json.dumps(ooni.web_04(), indent=2).encode(),
        json.dumps([ooni.web_04()], indent=2).encode(),
        b"\n\n" + GOOD.encode() + b"\r\n",
        b"\xef\xbb\xbf" + GOOD.encode(),
        gzip.compress(GOOD.encode()),
        gzip.compress(json.dumps(ooni.web_04(), indent=2).encode()),
    ],
)
def test_one_document_is_read_however_it_is_laid_out(content: bytes, tmp_path: Path) -> None:
    (found,) = judged(tmp_path / "file", content)
    assert found.state is State.OK


def test_a_broken_line_hides_none_of_the_others(tmp_path: Path) -> None:
    lines = ["{", GOOD, GOOD[:-1], "", GOOD, "5"]
    found = judged(tmp_path / "file", "\n".join(lines).encode())
    assert [(each.line, each.state) for each in found] == [
        (1, State.INSUFFICIENT),
        (2, State.OK),
        (3, State.INSUFFICIENT),
        (5, State.OK),
        (6, State.INSUFFICIENT),
    ]


def test_a_file_without_end_is_read_up_to_a_bound(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"1\n" + b"x" * 250 + b"\n2\n" + b'{"a": 1}\n' * 10_000)
    found = list(reading.judged(file, KNOWN, Bounds(file=1000, document=100)))
    assert [(each.line, "larger" in each.why) for each in found[:3]] == [(1, False), (2, True), (3, False)]
    assert "no further line" in found[-1].why
    assert len(found) < 100


def test_a_packed_file_that_unpacks_without_end_is_one_line(tmp_path: Path) -> None:
    (found,) = judged(tmp_path / "bomb", gzip.compress(b"[" * (40 * 2**20)))
    assert "larger than 16 MB" in found.why


def test_words_of_a_file_do_not_steer_a_terminal(tmp_path: Path) -> None:
    measured = ooni.web_04() | {"probe_cc": "\x1b[2J\ud800\n", "probe_asn": "A" * 10_000}
    (found,) = judged(tmp_path / "file", json.dumps(measured).encode())
    for line in (as_json(found), as_sentence(found)):
        assert "\x1b" not in line
        assert "\n" not in line
        assert len(line) < 3000
        line.encode()


# ---------------------------------------------------------------- anything at all

_ROUND = json.loads(msgspec.json.encode(rounds(walk())))
_PRINTED = {
    "target": "a/b",
    "state": "ok",
    "walks": [{"endpoint": "a:1/tcp", "steps": [{"step": "connect", "took_s": 1}]}],
}
_SHAPES: list[Any] = [*ooni.ALL, _ROUND, _ROUND["walks"][0], _PRINTED]
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["10.10.34.36", "::1", "x:99999", "http://[", "https://a:b/", "-1", "²", "resolve", "http_451", "\ud800"]
    )
    | st.sampled_from([[], {}, [[]], [None], {"": {}}, 10**18, -(10**400), 1e308])
)


def _mutated(value: Any, draw: st.DrawFn, rate: float) -> Any:
    """The same shape with some of its parts replaced, dropped or doubled."""
    if draw(st.floats(0, 1)) < rate:
        return draw(_LEAVES)
    if isinstance(value, dict) and value:
        chosen = draw(st.sampled_from(sorted(value)))
        return {**value, chosen: _mutated(value[chosen], draw, rate)}
    if isinstance(value, list) and value:
        at = draw(st.integers(0, len(value) - 1))
        changed = [*value[:at], _mutated(value[at], draw, rate), *value[at + 1 :]]
        return changed + changed if draw(st.booleans()) else changed
    return draw(_LEAVES)


@st.composite
def _documents(draw: st.DrawFn) -> Any:
    value = draw(st.sampled_from(_SHAPES))
    for _ in range(draw(st.integers(1, 6))):
        value = _mutated(value, draw, 0.05)
    return value


def _answers_in_lines(folder: Path, content: bytes) -> None:
    found = judged(folder / "any", content)
    assert found, "a file that is read is never passed over in silence"
    for each in found:
        read = json.loads(as_json(each))
        assert list(read) == KEYS
        assert each.state.value in as_sentence(each)
        assert "\n" not in as_sentence(each)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stored")


@given(content=st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b'{"a":1}\n' + tail))
def test_any_bytes_give_lines(content: bytes, folder: Path) -> None:
    _answers_in_lines(folder, content)


@given(content=st.binary(max_size=100).map(lambda body: b"\x1f\x8b" + body))
def test_anything_that_claims_to_be_packed_gives_lines(content: bytes, folder: Path) -> None:
    _answers_in_lines(folder, content)


@settings(deadline=None)
@given(values=st.lists(_documents(), min_size=1, max_size=3))
def test_any_object_grown_from_a_real_one_gives_lines(values: list[Any], folder: Path) -> None:
    _answers_in_lines(folder, "\n".join(map(json.dumps, values)).encode())


# ---------------------------------------------------------------- the command


def _didban(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", "judge", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command_prints_a_line_for_each_and_says_which_file_it_could_not_read(tmp_path: Path) -> None:
    file = tmp_path / "ooni.jsonl"
    file.write_text("\n".join([GOOD, json.dumps(ooni.web_04(answers=(ooni.INJECTED,), connect=ooni.TIMEOUT)), "{"]))
    done = _didban(str(tmp_path / "nothing"), str(file), "--json")
    assert (done.returncode, done.stderr) == (3, f"didban: {tmp_path / 'nothing'}: no such file or directory\n")
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["state"] for each in printed] == ["ok", "interfered", "insufficient"]
    assert [list(each) for each in printed] == [KEYS] * 3
    assert printed[1]["walks"][0]["steps"][0] == {"step": "resolve", "took_s": 0.05, "failure": "dns_bogon_error"}


def test_what_cannot_be_read_is_judged_too_and_the_sentence_says_why(tmp_path: Path) -> None:
    file = tmp_path / "ooni.jsonl"
    file.write_text(GOOD + "\n{")
    done = CliRunner().invoke(stored.app, [str(file)])
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert first.endswith("AS197207, 2022-09-22 12:00:00 UTC): ok: reached, and the far end proved who it is")
    assert second.startswith(f"{file}:2: insufficient: it is not JSON")
    assert CliRunner().invoke(stored.app, []).exit_code == 2
