"""A captured vantage slows nobody: how much of one is taken, and whom a certificate speaks for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from monitor import ship
from monitor.hub import door
from monitor.hub.gateway import Bounds, Gateway, Refusal, Refused
from monitor.hub.registry import Registry
from monitor.hub.settings import Proof
from monitor.hub.turnstile import Turnstile
from tests.monitor.facts import CONTROL, INSIDE
from tests.monitor.hub.queues import Clock
from tests.monitor.hub.test_gateway import basic


@pytest.fixture
def clock() -> Clock:
    return Clock()


def turnstile(clock: Clock) -> Turnstile:
    return Turnstile(a_minute=60_000, at_once=2, clock=clock)


def why(turnstile: Turnstile, vantage: str) -> Refusal | None:
    try:
        with turnstile.passage(vantage):
            return None
    except Refusal as refusal:
        return refusal


def test_a_backlog_passes_and_then_no_more_than_its_rate(clock: Clock) -> None:
    gate = turnstile(clock)
    gate.pay("v1", body_bytes=0, samples=50_000)
    assert why(gate, "v1") is None
    gate.pay("v1", body_bytes=0, samples=50_000)
    refused = why(gate, "v1")
    assert refused is not None
    assert (refused.reason, refused.after_s) == (Refused.TOO_FAST, 40.0)
    assert why(gate, "v2") is None, "another one has a bucket of its own"
    clock.at_ms += 41_000
    assert why(gate, "v1") is None


def test_what_is_refused_costs_as_well(clock: Clock) -> None:
    gate = turnstile(clock)
    for _ in range(600):
        gate.pay("v1", body_bytes=10, samples=0)
    assert why(gate, "v1") is not None, "many requests of nothing"
    gate.pay("v2", body_bytes=2_000_000, samples=0)
    assert why(gate, "v2") is not None, "a body that unfolds to nothing"


def test_the_bucket_is_never_fuller_than_a_minute(clock: Clock) -> None:
    gate = turnstile(clock)
    gate.pay("v1", body_bytes=0, samples=100)
    clock.at_ms += 86_400_000
    gate.pay("v1", body_bytes=0, samples=60_001)
    assert why(gate, "v1") is not None


def test_so_many_requests_at_once_and_no_more(clock: Clock) -> None:
    gate = turnstile(clock)
    with gate.passage("v1"), gate.passage("v1"):
        refused = why(gate, "v1")
        assert refused is not None
        assert refused.reason is Refused.TOO_MANY_AT_ONCE
        assert why(gate, "v2") is None
    assert why(gate, "v1") is None


# ---------------------------------------------------------------- certificates


@pytest.mark.parametrize(
    ("proof", "password_of", "certified", "admitted"),
    [
        (Proof.PASSWORD, "v1", None, "v1"),
        (Proof.PASSWORD, "v1", "v1", "v1"),
        (Proof.PASSWORD, "v1", "c1", ""),  # a certificate in another's name
        (Proof.PASSWORD, "v1", "", ""),  # one without a single name
        (Proof.PASSWORD, None, "v1", ""),
        (Proof.CERTIFICATE, None, "v1", "v1"),
        (Proof.CERTIFICATE, "c1", "v1", "v1"),  # what a password says is not asked
        (Proof.CERTIFICATE, "v1", None, ""),
        (Proof.CERTIFICATE, "v1", "", ""),
        (Proof.CERTIFICATE, None, "V1", ""),
        (Proof.CERTIFICATE, None, "v1 ", ""),
        (Proof.CERTIFICATE, None, "v1\n", ""),
        (Proof.CERTIFICATE, None, "../v1", ""),
        (Proof.CERTIFICATE, None, "gone", ""),
        (Proof.BOTH, "v1", "v1", "v1"),
        (Proof.BOTH, "v1", "c1", ""),
        (Proof.BOTH, "v1", None, ""),
        (Proof.BOTH, None, "v1", ""),
    ],
)
def test_who_it_is_by_what_was_shown(
    tmp_path: Path, proof: Proof, password_of: str | None, certified: str | None, admitted: str
) -> None:
    fleet = {vantage.id: vantage for vantage in (INSIDE, CONTROL)}
    for vantage in fleet:
        (tmp_path / vantage).write_text(hashlib.sha256(f"secret of {vantage}".encode()).hexdigest())
    gate = Gateway(tmp_path, Registry(fleet, frozenset(), (), (), ()), Bounds(1, 1), proof)
    password = basic(password_of, f"secret of {password_of}") if password_of else None
    if admitted:
        assert gate.admit(password, certified) == admitted
        return
    with pytest.raises(Refusal) as caught:
        gate.admit(password, certified)
    assert caught.value.reason in (Refused.UNAUTHORIZED, Refused.UNKNOWN_VANTAGE)


@pytest.mark.parametrize("user", ["V1", "v1 ", " v1", "v1\x00", "v１", "v1/", "./v1", "v1\n", "ｖ1"])
def test_no_other_spelling_of_an_id_is_that_id(tmp_path: Path, user: str) -> None:
    (tmp_path / "v1").write_text(hashlib.sha256(b"secret").hexdigest())
    gate = Gateway(tmp_path, Registry({"v1": INSIDE}, frozenset(), (), (), ()), Bounds(1, 1))
    with pytest.raises(Refusal) as caught:
        gate.admit(basic(user, "secret"))
    assert caught.value.reason is Refused.UNAUTHORIZED


def test_a_box_ends_its_connection_before_the_hub_does() -> None:
    """Else a batch is sent into a connection that the hub is just closing, and waits for the next attempt."""
    assert door.REST_S > ship.CONNECTION_KEPT_TICKS * 60.0
