"""What a soak showed, as SVG: four courses over one axis of time, each with its own scale. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from tests.soak.run import Sample

_WIDTH, _LEFT, _RIGHT, _HEIGHT, _APART, _TOP = 960, 80, 24, 110, 58, 78
_FONT = "font-family=\"'DejaVu Sans', sans-serif\""
_COURSES: tuple[tuple[str, Callable[[Sample], float], Callable[[float], str]], ...] = (
    ("memory (anonymous)", lambda each: each.memory_bytes / 2**20, lambda value: f"{value:.0f} MiB"),
    ("descriptors", lambda each: each.descriptors, lambda value: f"{value:.0f}"),
    ("tasks", lambda each: each.tasks, lambda value: f"{value:.0f}"),
    ("lateness of starts, p99", lambda each: max(0.0, each.late_p99_s) * 1000, lambda value: f"{value:.0f} ms"),
)


def drawn(samples: Sequence[Sample], title: str, under: str) -> str:
    """Each scale begins at zero."""
    height = _TOP + len(_COURSES) * (_HEIGHT + _APART)
    until_s = samples[-1].at_s
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" {_FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _words(title, 16, 26, 16, "#1b1f24", bold=True),
        _words(under, 16, 46, 12, "#4b525c"),
    ]
    for number, (name, of, said) in enumerate(_COURSES):
        parts += _course(samples, name, of, said, _TOP + number * (_HEIGHT + _APART), until_s)
    return "\n".join([*parts, "</svg>", ""])


def _course(
    samples: Sequence[Sample],
    name: str,
    of: Callable[[Sample], float],
    said: Callable[[float], str],
    top: float,
    until_s: float,
) -> list[str]:
    most = max(map(of, samples)) * 1.15 or 1.0
    wide = _WIDTH - _LEFT - _RIGHT
    places = (
        f"{_LEFT + wide * each.at_s / until_s:.1f},{top + _HEIGHT * (1 - of(each) / most):.1f}" for each in samples
    )
    end = f"at the end {said(of(samples[-1]))}"
    lines = [
        _words(name, _LEFT, top - 2, 12, "#1b1f24", bold=True),
        _words(end, _WIDTH - _RIGHT, top - 2, 11, "#4b525c", end=True),
    ]
    for share in (0.0, 0.5, 1.0):
        y = top + _HEIGHT * (1 - share / 1.15)
        lines.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#d5d7da" stroke-width="1"/>')
        lines.append(_words(said(most / 1.15 * share), _LEFT - 8, y + 4, 11, "#4b525c", end=True))
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        minutes = until_s * share / 60
        x = _LEFT + wide * share
        lines.append(_words(f"{minutes:.0f} min", x, top + _HEIGHT + 16, 11, "#4b525c", end=share == 1.0))
    return [*lines, f'<polyline points="{" ".join(places)}" fill="none" stroke="#0072B2" stroke-width="1.6"/>']


def _words(text: str, x: float, y: float, size: int, colour: str, *, bold: bool = False, end: bool = False) -> str:
    how = (' font-weight="bold"' if bold else "") + (' text-anchor="end"' if end else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{how}>{escape(text)}</text>'
