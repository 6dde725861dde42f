"""One sentence from two ends: each pattern has its own, and none says more than both ends saw."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from probes import witness
from probes.facts import Endpoint, Observation, Walk
from probes.words import Failure, Reason, Step, Transport

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
HELLO, BODY = "a" * 64, "b" * 64
STARTED_MS = 1_000_000
ALIVE = (STARTED_MS - 60_000, STARTED_MS + 60_000)


def walk(failure: Failure | None = None, *, at: Step = Step.HANDSHAKE, took_s: float = 10.0) -> Walk:
    """One that greeted, and failed at `at` if it did."""
    steps = [Observation(Step.CONNECT, 0.1)]
    if at is Step.CONNECT:
        steps = [Observation(Step.CONNECT, 0.1, failure)]
    else:
        early = at is Step.HANDSHAKE
        steps.append(
            Observation(Step.HANDSHAKE, took_s, failure if early else None, hello_sha256=HELLO, hello_body_sha256=BODY)
        )
        if not early:
            steps.append(Observation(at, 1.0, failure))
    return Walk("t/a", Endpoint("r.example", 443, Transport.TCP), "203.0.113.7", STARTED_MS, Reason.DUE, tuple(steps))


def told(**lines: Mapping[str, object]) -> witness.Testimony:
    """What the witness wrote, by `what`; `hello_arrived` is there unless it is given as empty."""
    given: dict[str, Mapping[str, object]] = {"accepted": {"at_ms": 0}, "hello_arrived": {"body": BODY}, **lines}
    return witness.Testimony({what: facts for what, facts in given.items() if facts}, ALIVE)


LEFT: Mapping[str, object] = {"bytes": 1_700}
DONE: Mapping[str, object] = {"sent": 1_900}


def ended(by: str, *, sent: int = 1_700, acked: int = 0, at_ms: int = 9_990) -> Mapping[str, object]:
    return {"by": by, "sent": sent, "acked": acked, "at_ms": at_ms}


CASES = [
    (walk(Failure.CONNECTION_REFUSED, at=Step.CONNECT), told(), "No ClientHello left: the walk ended at connect."),
    (walk(Failure.TIMEOUT), told(hello_arrived={}), "ClientHello left, and never arrived."),
    (walk(Failure.CONNECTION_RESET), told(hello_arrived={}), "ClientHello left, and never arrived."),
    (walk(Failure.TIMEOUT), witness.Testimony(), "ClientHello left; the responder cannot say whether it arrived: its log does not cover that time."),
    (walk(Failure.TIMEOUT), told(server_hello_left=LEFT), "ClientHello arrived, ServerHello left, ServerHello never came."),
    (walk(Failure.TIMEOUT), told(server_hello_left=LEFT, ended=ended("deadline")),
     "ClientHello arrived, ServerHello left, ServerHello never came, and none of it was acknowledged."),
    (walk(Failure.TIMEOUT), told(server_hello_left=LEFT, ended=ended("peer", acked=1_400)),
     "ClientHello arrived, ServerHello left, ServerHello never came, and 1400 of its 1700 bytes were acknowledged."),
    (walk(Failure.TIMEOUT), told(server_hello_left=LEFT, ended=ended("peer", acked=1_700)),
     "ClientHello arrived, ServerHello left, ServerHello never came, although all of it was acknowledged."),
    (walk(Failure.TIMEOUT), told(server_hello_left=LEFT, ended=ended("peer_reset", at_ms=120)),
     "ClientHello arrived, ServerHello left, ServerHello never came, and none of it was acknowledged; "
     "a reset reached the responder that this line did not send."),
    (walk(Failure.CONNECTION_RESET, took_s=0.2), told(server_hello_left=LEFT, ended=ended("peer_reset", at_ms=150)),
     "ClientHello arrived, ServerHello left, a reset came that the responder did not send, and it was cut off as well, "
     "and none of it was acknowledged."),
    (walk(Failure.CONNECTION_RESET, took_s=0.2), told(server_hello_left=LEFT, ended=ended("peer", acked=1_700)),
     "ClientHello arrived, ServerHello left, a reset came that the responder did not send, although all of it was acknowledged."),
    (walk(Failure.EOF, took_s=0.2), told(server_hello_left=LEFT, ended=ended("us")),
     "ClientHello arrived, ServerHello left, a close came, and the responder had ended it, and none of it was acknowledged."),
    (walk(Failure.EOF, took_s=0.2), told(server_hello_left=LEFT),
     "ClientHello arrived, ServerHello left, a close came while the responder had not ended."),
    (walk(Failure.SSL_UNKNOWN_AUTHORITY), told(server_hello_left=LEFT),
     "ClientHello arrived, ServerHello left, and what came was not taken (ssl_unknown_authority)."),
    (walk(Failure.SSL_FAILED_HANDSHAKE), told(hello_arrived={"body": "c" * 64}, alert_left={"x": 1}, ended=ended("us")),
     "ClientHello arrived altered, the responder would not go on with it (it sent an alert)."),
    (walk(Failure.TIMEOUT), told(ended=ended("peer_reset")),
     "ClientHello arrived, the responder would not go on with it (a reset came)."),
    (walk(), told(server_hello_left=LEFT), "ClientHello arrived, ServerHello left and came; the handshake's last word never arrived at the responder."),
    (walk(at=Step.TRANSFER), told(server_hello_left=LEFT, handshake_done=DONE),
     "ClientHello arrived, ServerHello left and came, and so did what followed."),
    (walk(Failure.TIMEOUT, at=Step.TRANSFER), told(server_hello_left=LEFT, handshake_done=DONE, ended=ended("deadline", sent=68_000, acked=16_000)),
     "ClientHello arrived, the handshake was completed by both, then generic_timeout_error here; 68000 bytes left, 16000 were acknowledged."),
    (walk(Failure.CONNECTION_RESET, at=Step.TRANSFER), told(server_hello_left=LEFT, handshake_done=DONE, ended=ended("peer_reset", sent=68_000, acked=16_000)),
     "ClientHello arrived, the handshake was completed by both, then both were cut off and neither did it, after 16000 bytes."),
    (walk(Failure.TIMEOUT, at=Step.TRANSFER), told(server_hello_left=LEFT, handshake_done=DONE),
     "ClientHello arrived, the handshake was completed by both, then generic_timeout_error here."),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "testimony", "sentence"), CASES, ids=[case[2][:90] for case in CASES])
def test_each_pattern_has_its_sentence(seen: Walk, testimony: witness.Testimony, sentence: str) -> None:
    assert witness.joined(seen, testimony) == sentence


@pytest.mark.parametrize(
    "covers",
    [(STARTED_MS + 1, STARTED_MS + 60_000), (0, STARTED_MS + 4_999), (STARTED_MS - 4_999, STARTED_MS + 60_000)],
)
def test_silence_says_something_only_of_a_time_somebody_was_there(covers: tuple[int, int]) -> None:
    """With clocks that may differ by five seconds."""
    assert "cannot say" in witness.joined(walk(Failure.TIMEOUT), witness.Testimony({}, covers))


DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def signed(facts: Mapping[str, object]) -> str:
    body = json.dumps(facts, separators=(",", ":"))
    return f'{body[:-1]},"sig":"{base64.b64encode(KEY.sign(body.encode())).decode()}"}}'


def test_only_signed_lines_of_this_walk_are_heard() -> None:
    mine = signed({"what": "hello_arrived", "walk": HELLO, "body": BODY})
    others = signed({"what": "handshake_done", "walk": "d" * 64})
    forged = mine.replace("hello_arrived", "handshake_done")
    minute = signed({"what": "minute", "since_ms": 5, "at_ms": 9})
    digit = mine[-5]  # before `=="}`; its last bit says nothing
    altered = mine[:-5] + DIGITS[DIGITS.index(digit) ^ 1] + mine[-4:]
    assert witness.testimony([altered], HELLO, KEY.public_key()).lines == {}, (
        "not as it was signed, if only in its seal"
    )
    heard = witness.testimony([mine, others, forged, minute], HELLO, KEY.public_key())
    assert (set(heard.lines), heard.covers) == ({"hello_arrived"}, (5, 9))


@given(
    st.lists(
        st.text(max_size=80)
        | st.dictionaries(
            st.sampled_from(["what", "walk", "at_ms", "since_ms", "by"]),
            st.none() | st.integers() | st.text(max_size=8) | st.lists(st.integers(), max_size=2),
        ).map(signed),
        max_size=6,
    )
)
def test_whatever_a_witness_sends_is_read_to_a_sentence(lines: list[str]) -> None:
    """It may be in other hands by now."""
    assert witness.joined(walk(Failure.TIMEOUT), witness.testimony(lines, HELLO, KEY.public_key())).endswith(".")
