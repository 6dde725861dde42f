"""Whatever comes in, a reader says what it is or that it is nothing: never another exception, never in more than seconds.

Hypothesis begins with what our own code made, and turns, cuts and doubles pieces of it; `make long` does so 5,000 times
a reader, and atheris as long as it is asked to (`python -m tests.fuzz`).
"""

from __future__ import annotations

import functools
import time

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.table import TABLE
from tests.fuzz.target import MOST_BYTES, MOST_S

_IN_CI, _IF_SLOW = 30, 4  # examples
_LONG = settings.get_profile("long").max_examples
_NASTY = (
    b"",
    b"\0",
    b"\xff" * 8,
    b"[" * 3000,
    b"9" * 5000,
    b'{"":' * 3000,
    b"\xed\xa0\x80",
    b"\xc2\xb2",
    b"-" * 9,
    b"\r\n" * 99,
)


@functools.cache
def _seeds(name: str) -> tuple[bytes, ...]:
    return tuple(TABLE[name].seeds()) or (b"",)


def _changed(seed: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """At so many thousandths of it, so many bytes go and these come."""
    for at, gone, come in edits:
        place = len(seed) * at // 1000
        seed = seed[:place] + come + seed[place + gone :]
    return seed[:MOST_BYTES]


def examples(name: str) -> st.SearchStrategy[bytes]:
    come = st.binary(max_size=8) | st.sampled_from(_NASTY) | st.sampled_from(_seeds(name))
    edit = st.tuples(st.integers(0, 1000), st.integers(0, 64), come)
    mutated = st.builds(_changed, st.sampled_from(_seeds(name)), st.lists(edit, max_size=4))
    return mutated | st.binary(max_size=600) | st.sampled_from(_NASTY)


@pytest.mark.parametrize("name", TABLE)
def test_a_reader_says_no_and_nothing_else(name: str) -> None:
    target = TABLE[name]
    few = _IF_SLOW if target.slow else _IN_CI
    count = _LONG // (10 if target.slow else 1) if settings.default is settings.get_profile("long") else few

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), database=None,
              phases=[Phase.explicit, Phase.generate, Phase.shrink])  # fmt: skip
    @given(examples(name))
    def reads(data: bytes) -> None:
        began_s = time.process_time()
        target.run(data)
        assert time.process_time() - began_s < MOST_S, f"{len(data)} bytes took too long"

    reads()


@pytest.mark.parametrize("name", TABLE)
def test_what_our_own_code_makes_is_taken(name: str) -> None:
    """Else nothing but the first check of a reader would ever be met. The first seed is a true one."""
    target = TABLE[name]
    first = next(iter(_seeds(name)))
    if first:
        target.read(first)
