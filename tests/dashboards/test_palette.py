"""The palette can be read by everybody: words apart for each kind of eye, text legible on light, dark and on its area."""

from __future__ import annotations

import itertools
import math

import pytest

from dashboards.palette import STATES, VERDICTS, Look
from monitor.judge import State

Rgb = tuple[float, ...]

LIGHT_GROUNDS = ("#FFFFFF", "#F4F5F5")
DARK_GROUNDS = ("#111217", "#22252B")

# Machado, Oliveira, Fernandes 2009, severity 1.0
EYES = {
    "usual": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanope": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranope": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanope": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


def _linear(colour: str) -> Rgb:
    """sRGB to linear light (IEC 61966-2-1)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def _lab(linear: Rgb) -> Rgb:
    """CIE 1976 L*a*b*, white point D65."""
    r, g, b = linear
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _seen(colour: str, eye: str) -> Rgb:
    linear = _linear(colour)
    return _lab(tuple(min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in EYES[eye]))


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3."""
    dark, light = sorted(
        sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), _linear(each), strict=True)) for each in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


LOOKS = {word: look for table in (STATES, VERDICTS) for word, look in table.items()}


def test_every_state_and_every_verdict_has_a_look() -> None:
    assert set(STATES) == {state.value for state in State}
    assert set(VERDICTS) == {"ok", "throttled", "blocked", "refused", "down", "cut_off", "mixed", "unknown"}


@pytest.mark.parametrize("table", [STATES, VERDICTS], ids=["states", "verdicts"])
def test_no_two_words_of_one_table_share_a_colour_or_a_sign(table: dict[str, Look]) -> None:
    for part in ("sign", "fill", "ink", "ink_dark"):
        assert len({getattr(look, part) for look in table.values()}) == len(table), part


@pytest.mark.parametrize("eye", sorted(EYES))
@pytest.mark.parametrize("table", [STATES, VERDICTS], ids=["states", "verdicts"])
def test_areas_are_told_apart_by_every_eye(table: dict[str, Look], eye: str) -> None:
    for one, other in itertools.combinations(table, 2):
        apart = math.dist(_seen(table[one].fill, eye), _seen(table[other].fill, eye))
        assert apart > 15, f"{one} and {other}: {apart:.1f}"


@pytest.mark.parametrize("word", sorted(LOOKS))
def test_words_are_legible_on_light_on_dark_and_on_their_area(word: str) -> None:
    look = LOOKS[word]
    assert min(_contrast(look.ink, ground) for ground in LIGHT_GROUNDS) >= 4.5
    assert min(_contrast(look.ink_dark, ground) for ground in DARK_GROUNDS) >= 4.5
    assert _contrast(look.on_fill, look.fill) >= 4.5
