"""A stranger's regular expression is cut into pieces that end in time, or refused."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.pattern import compiled, pieces


def found(pattern: str, text: str) -> bool:
    at = 0
    for piece in pieces(pattern):
        if (here := piece.search(text, at)) is None:
            return False
        at = here.end()
    return True


@pytest.mark.parametrize(
    ("pattern", "page", "fits"),
    [
        (r"10\.10\.34\.3[4-6]", "see 10.10.34.35", True),
        (r"10\.10\.34\.3[4-6]", "see 10-10-34-35", False),
        ("blocked.*by the ministry", "blocked\nlong ago\nby the ministry", True),
        ("blocked.*by the ministry", "by the ministry, blocked", False),
        ("a.*b.+c", "abxc", True),
        ("a.*b.+c", "abc", False),
        ("(?i)Access (?:denied|forbidden)", "ACCESS FORBIDDEN", True),
        (r"URL .* Sp.*er Gate", "URL is blocked by SpIDer Gate", True),
        (r"error \d{1,3}$", "error 42", True),
        (r"what\.\*", "what.*", True),
        ("[.]x", ".x", True),
    ],
)
def test_pieces_stand_on_a_page_in_their_order(pattern: str, page: str, fits: bool) -> None:
    assert found(pattern, page) is fits
    assert (re.search(pattern, page, re.DOTALL) is not None) is fits, "as Python would have said"


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(a+)+$", "too many ways"),
        ("(a|a)*$", "too many ways"),
        ("(?:ab){2,}", "too many ways"),
        ("a*a*a*b", "too many ways"),
        ("a?" * 12 + "a" * 12, "too many ways"),
        ("(a|a)" * 12 + "b", "too many ways"),
        ("a{0,900}a{0,900}b", "too many ways"),
        ("(?:x.*y)", "too many ways"),
        (r"(a)\1", "refers back"),
        ("(?P<x>a)(?P=x)", "a kind that is not run"),
        ("(?x) a", "a kind that is not run"),
        ("a.*b|c", "alternatives"),
        ("(a", "no regular expression"),
        ("a{99999999999}", "no regular expression"),
        ("a" * 2001, "longer than 2000"),
        (".*", "fits an empty page"),
        ("", "fits an empty page"),
        ("(?i)", "fits an empty page"),
    ],
)
def test_what_may_not_end_or_says_nothing_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        pieces(pattern)


@pytest.mark.parametrize(
    "pattern", ["<a.*<b.*<c.*z", "a?a?a?a?a?a?a?a?b", "(?:a|a)(?:a|a)(?:a|a)z", "a{0,30}a{0,30}b", "a.+a.+a.+b"]
)
def test_the_dearest_patterns_that_are_let_through_end_in_time(
    pattern: str, figure: Callable[[str, float], None]
) -> None:
    """16 KiB, as much as a published pattern is run over, written to be the worst; the like of `(a+)+` takes years."""
    page = ("<a" if "<a" in pattern else "a") * 16384
    began_s = time.perf_counter()
    found(pattern, page[:16384])
    took_s = time.perf_counter() - began_s
    figure(f"pattern_worst_s {pattern}", took_s)
    assert took_s < 0.5


@given(st.text(alphabet="ab.*+?|()[]{}^$\\1,9iPx:=<! ", max_size=40))
def test_any_text_is_pieces_or_is_refused(pattern: str) -> None:
    try:
        ready = pieces(pattern)
    except ValueError:
        return
    assert not all(piece.search("") for piece in ready)


@given(
    st.lists(st.sampled_from(["a", "b", "ab", r"\.", "[ab]", ".*", ".+", "(?:a|b)", "x?"]), min_size=1, max_size=6),
    st.text("abx.", max_size=20),
)
def test_pieces_never_find_what_python_would_not(parts: list[str], page: str) -> None:
    pattern = "".join(parts)
    try:
        fits = found(pattern, page)
    except ValueError:
        return
    if fits:
        assert re.search(pattern, page, re.DOTALL)


def test_a_pattern_of_our_own_hand_need_only_be_one() -> None:
    assert compiled('type=[^"]*&policy=\\w+').search('type="&type=x&policy=y')
    with pytest.raises(ValueError, match="no regular expression"):
        compiled("[")
