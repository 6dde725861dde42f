"""One packet there and one back: each pattern of two ends has its sentence, and says which way packets were lost."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from probes import account, crossing, witness
from probes.account import Newest
from probes.facts import Account, Endpoint, Observation, Walk
from probes.words import Failure, Hearing, Lost, Reason, Step, Transport

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
MARK = "a" * 64
STARTED_MS = 1_000_000
ALIVE = (STARTED_MS - 60_000, STARTED_MS + 60_000)
NOTHING: Mapping[str, object] = {}


def walk(step: Step, failure: Failure | None = None, *, then: tuple[Step, Failure | None] | None = None) -> Walk:
    """One that said something only two ends know at `step`, and perhaps took one more."""
    steps = [Observation(step, 1.0, failure, said_sha256=(MARK,))]
    if then is not None:
        steps.append(Observation(then[0], 1.0, then[1]))
    at = Endpoint("r.example", 443, Transport.UDP)
    return Walk("t/a", at, "203.0.113.7", STARTED_MS, Reason.DUE, tuple(steps))


def told(protocol: str, **lines: Mapping[str, object]) -> witness.Testimony:
    """What the witness wrote, by `what`; `asked` and `answered` are there unless given as empty."""
    given: dict[str, Mapping[str, object]] = {"asked": {"x": 1}, "answered": {"bytes": 26}, **lines}
    return witness.Testimony({what: {"protocol": protocol, **facts} for what, facts in given.items() if facts}, ALIVE)


SILENCE: Mapping[str, Mapping[str, object]] = {"asked": NOTHING, "answered": NOTHING}
LOST_THERE, LOST_BACK = Lost.OUTWARD, Lost.INWARD
REFUSED, LATE = Failure.CONNECTION_REFUSED, Failure.TIMEOUT

CASES = [
    (walk(Step.RESOLVE), told("dns"), "Question arrived, answer left and came.", None),
    (walk(Step.RESOLVE, LATE), told("dns"), "Question arrived, answer left, answer never came.", LOST_BACK),
    (walk(Step.RESOLVE, LATE), told("dns", **SILENCE), "Question left, and never arrived.", LOST_THERE),
    (walk(Step.RESOLVE), told("dns", **SILENCE), "Question left, never arrived, and was answered: not by the responder.", None),
    (walk(Step.KNOCK, LATE), told("openvpn"), "Hard reset arrived, its answer left, its answer never came.", LOST_BACK),
    (walk(Step.KNOCK, LATE), told("wireguard"), "Initiation arrived, response left, response never came.", LOST_BACK),
    (walk(Step.KNOCK), told("wireguard"), "Initiation arrived, response left and came.", None),
    (walk(Step.KNOCK, LATE), told("wireguard", answered=NOTHING, ignored={"why": "unknown_peer"}),
     "Initiation arrived, and the responder does not answer such a one (unknown_peer).", None),
    (walk(Step.KNOCK, LATE), told("wireguard", answered=NOTHING, ignored={"why": "\x1b[2J" * 9}),
     "Initiation arrived, and the responder does not answer such a one.", None),
    (walk(Step.KNOCK, LATE), told("openvpn", answered=NOTHING), "Hard reset arrived, and the responder did not answer it.", None),
    (walk(Step.KNOCK, LATE), told("", **SILENCE), "First packet left, and never arrived.", LOST_THERE),
    (walk(Step.KNOCK, LATE), witness.Testimony(), "First packet left; the responder cannot say whether it arrived: its log does not cover that time.", None),
    (walk(Step.KNOCK, LATE), witness.Testimony({}, ALIVE, turned_away=True),
     "First packet left; the responder cannot say whether it arrived: its log does not cover that time.", None),
    (walk(Step.KNOCK, REFUSED), told("openvpn"), "Hard reset arrived, its answer left, and what came was not it (connection_refused).", None),
    (walk(Step.CONNECT, LATE), told("quic"), "Initial arrived, Version Negotiation left, Version Negotiation never came.", LOST_BACK),
    (walk(Step.HANDSHAKE, LATE), told("quic"), "Initial arrived, Handshake left, Handshake never came.", LOST_BACK),
    (walk(Step.HANDSHAKE, LATE), told("quic", **SILENCE), "Initial left, and never arrived.", LOST_THERE),
    (walk(Step.HANDSHAKE), told("quic"), "Initial arrived, Handshake left and came; the handshake's last word never arrived at the responder.", LOST_THERE),
    (walk(Step.HANDSHAKE, then=(Step.FETCH, None)), told("quic", handshake_done={"x": 1}),
     "Initial arrived, Handshake left and came, and so did what followed.", None),
    (walk(Step.HANDSHAKE, then=(Step.FETCH, LATE)), told("quic", handshake_done={"x": 1}, body_left={"bytes": 9_000}),
     "Initial arrived, Handshake left and came; the handshake was completed by both, then generic_timeout_error here; 9000 bytes left.", None),
    (replace(walk(Step.CONNECT, REFUSED), steps=(Observation(Step.CONNECT, 1.0, REFUSED),)), told("quic"),
     "Nothing left that the responder could know: the walk ended at connect.", None),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "heard", "sentence", "lost"), CASES, ids=[case[2][:90] for case in CASES])
def test_each_pattern_has_its_sentence_and_its_direction(
    seen: Walk, heard: witness.Testimony, sentence: str, lost: Lost | None
) -> None:
    assert crossing.joined(seen, heard) == sentence
    assert account._lost(seen, heard, 5_000) is lost


# ---------------------------------------------------------------- whether an account holds


def log(*records: Mapping[str, object], key: Ed25519PrivateKey = KEY, first: int = 1) -> list[str]:
    """Lines as the responder chains and signs them (deploy/responder/journal.py)."""
    lines: list[str] = []
    for number, record in enumerate(records, start=first):
        prev = hashlib.sha256(lines[-1].encode()).hexdigest() if lines else "0" * 64
        body = json.dumps({"n": number, **record, "prev": prev}, separators=(",", ":"))
        lines.append(f'{body[:-1]},"sig":"{base64.b64encode(key.sign(body.encode())).decode()}"}}')
    return lines


ASKED = {"at_ms": STARTED_MS, "what": "asked", "protocol": "openvpn", "walk": MARK}
ANSWERED = {**ASKED, "what": "answered"}
MINUTE = {"at_ms": ALIVE[1], "what": "minute", "since_ms": ALIVE[0], "turned_away": 0}
WHOLE = log(ASKED, ANSWERED, MINUTE)


def heard(lines: Sequence[str], hearing: Hearing = Hearing.TOLD) -> Walk:
    return replace(walk(Step.KNOCK, LATE), told=Account(hearing, STARTED_MS, PUBLIC, tuple(lines)))


def test_an_account_that_holds_is_read_to_its_sentence() -> None:
    found = account.joined(heard(WHOLE))
    assert found == account.Joined("Hard reset arrived, its answer left, its answer never came.", Lost.INWARD)
    assert account.complete(heard(WHOLE))


def test_a_walk_nobody_asked_about_has_no_sentence() -> None:
    assert account.joined(walk(Step.KNOCK, LATE)) is None


STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)


@pytest.mark.parametrize(
    "lines",
    [
        log(ASKED, ANSWERED, MINUTE, key=STRANGER),
        [WHOLE[0].replace("asked", "minute"), *WHOLE[1:]],
        [WHOLE[0], log(ASKED, MINUTE)[1], WHOLE[2]],
        ["nonsense", *WHOLE],
        [WHOLE[0], log(MINUTE, first=2)[0]],
    ],
    ids=["another's key", "altered", "two lines of one number", "noise among them", "neighbours that do not follow"],
)
def test_a_responder_that_lies_is_a_value(lines: list[str]) -> None:
    assert account.checked(lines, KEY.public_key(), Newest()) is None
    found = account.joined(heard(lines))
    assert found is not None
    assert ("not believed" in found.says, found.lost) == (True, None)
    assert not account.complete(heard(lines))


def test_a_log_that_was_cut_back_does_not_hold() -> None:
    before = account.checked(WHOLE, KEY.public_key(), Newest())
    assert before == Newest(3, hashlib.sha256(WHOLE[2].encode()).hexdigest())
    assert account.checked(log(MINUTE), KEY.public_key(), before) is None
    assert account.checked(log(ASKED, ASKED, {**MINUTE, "at_ms": 1}), KEY.public_key(), before) is None
    assert account.checked([*WHOLE[:2], *log(MINUTE, first=9)], KEY.public_key(), before) is not None


def test_without_a_line_of_the_minute_nothing_is_said_of_what_is_missing() -> None:
    """A full disk at the responder: it could not write the line that says it was there."""
    assert account.checked([], KEY.public_key(), Newest(7, "x")) == Newest(7, "x")
    found = account.joined(heard([]))
    assert found is not None
    assert "cannot say" in found.says
    assert not account.complete(heard([]))


@pytest.mark.parametrize("hearing", [Hearing.SILENT, Hearing.REFUSED, Hearing.FALSE])
def test_what_was_not_told_has_words_and_no_direction(hearing: Hearing) -> None:
    found = account.joined(heard([], hearing))
    assert found is not None
    assert found.says.endswith(".")
    assert found.lost is None


@pytest.mark.parametrize("trouble", ["turned_away", "unlogged"])
def test_a_responder_that_could_not_look_or_write_does_not_say_what_never_arrived(trouble: str) -> None:
    found = account.joined(heard(log({**MINUTE, trouble: 3})))
    assert found is not None
    assert "cannot say" in found.says
    found = account.joined(heard(log(MINUTE)))
    assert found is not None
    assert found.says == "First packet left, and never arrived."


def test_a_key_that_is_none_believes_nobody() -> None:
    strange = replace(heard(WHOLE), told=Account(Hearing.TOLD, 0, "none", tuple(WHOLE)))
    found = account.joined(strange)
    assert found is not None
    assert "not believed" in found.says


@given(
    st.lists(
        st.text(max_size=80)
        | st.dictionaries(
            st.sampled_from(["n", "what", "walk", "at_ms", "since_ms", "why", "prev", "protocol", "turned_away"]),
            st.none() | st.integers() | st.sampled_from([MARK, "asked", "ignored", "minute"]) | st.lists(st.integers()),
        ).map(lambda record: log(record)[0]),
        max_size=6,
    ),
    st.sampled_from([Step.RESOLVE, Step.KNOCK, Step.CONNECT, Step.HANDSHAKE]),
    st.sampled_from([None, LATE, REFUSED]),
)
def test_whatever_a_witness_sends_is_read_to_a_sentence(lines: list[str], step: Step, failure: Failure | None) -> None:
    """It may be in other hands by now."""
    seen = replace(walk(step, failure), told=Account(Hearing.TOLD, 0, PUBLIC, tuple(lines)))
    found = account.joined(seen)
    assert found is not None
    assert found.says.endswith(".")
    assert found.says.isprintable()
