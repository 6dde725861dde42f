"""Charts as SVG by themselves: time runs to the right in every language, rows are named where one reads first.

On a page the same rows are drawn by `strips`, whose words are HTML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from dashboards.report import looks

WIDTH, LABEL, RIGHT = 960, 200, 44
_AXIS = 42
_HOUR_MS = 3_600_000
# as attributes, for what makes a page of it (WeasyPrint) takes no style sheet into a picture
_FONT = "Vazirmatn, 'Noto Sans', 'Noto Naskh Arabic', 'DejaVu Sans', sans-serif"
GRID, GROUND, COURSE = "#d5d7da", "#f0f1f2", "#0072B2"
_NAME = 'font-size="13" font-weight="bold" fill="#1b1f24"'
_SMALL = 'font-size="11" fill="#4b525c"'
_AXIS_NAME = _SMALL + ' font-weight="bold"'
_LINE = f'fill="none" stroke="{COURSE}" stroke-width="1.6" vector-effect="non-scaling-stroke"'
_HALF = 'stroke="#9aa0a8" stroke-width="0.75" stroke-dasharray="2 3"'
_STEPS_H = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336)
_MOST_MARKS = 13


@dataclass(frozen=True, slots=True)
class Bar:
    """From when until when something was so. `text` is said where a mouse or a screen reader asks."""

    from_ms: int
    until_ms: int
    look: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a chart: bars, or a course of shares between 0 and 1."""

    name: str
    bars: tuple[Bar, ...] = ()
    course: tuple[float | None, ...] | None = None
    under: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment, what clocks say above and below, and the date where it is a new one there."""

    at_ms: int
    clocks: tuple[str, str]
    dates: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Axis:
    """`names`: of the times above and below."""

    since_ms: int
    until_ms: int
    marks: tuple[Mark, ...]
    names: tuple[str, str]


def marks(since_ms: int, until_ms: int) -> Iterator[int]:
    """Whole hours, not too many."""
    hours = (until_ms - since_ms) / _HOUR_MS
    step_ms = next((s for s in _STEPS_H if hours / s <= _MOST_MARKS), _STEPS_H[-1]) * _HOUR_MS
    yield from range(-(-since_ms // step_ms) * step_ms, until_ms + 1, step_ms)


class Chart:
    """Rows over one axis of time. `rtl`: names stand at the right."""

    def __init__(self, axis: Axis, *, title: str, rtl: bool, height: int = 26, gap: int = 8, id: str) -> None:
        self._axis, self._title, self._rtl, self._id = axis, title, rtl, id
        self._height, self._gap = height, gap
        self._left = RIGHT if rtl else LABEL
        self._right = WIDTH - (LABEL if rtl else RIGHT)

    def draw(self, rows: Sequence[Row]) -> str:
        body = [*self._grid(len(rows))]
        top = _AXIS
        for row in rows:
            body += self._row(row, top)
            top += self._height + self._gap
        total = top + _AXIS - self._gap
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" role="img" direction="ltr" '
            f'font-family="{_FONT}" aria-labelledby="{self._id}">'
            f'<title id="{self._id}">{escape(self._title)}</title>{"".join(body)}</svg>'
        )

    def _x(self, at_ms: int) -> float:
        share = (at_ms - self._axis.since_ms) / (self._axis.until_ms - self._axis.since_ms)
        return round(self._left + share * (self._right - self._left), 2)

    def _grid(self, rows: int) -> Iterator[str]:
        bottom = _AXIS + rows * (self._height + self._gap)
        for mark in self._axis.marks:
            x = self._x(mark.at_ms)
            yield f'<line stroke="{GRID}" x1="{x}" x2="{x}" y1="{_AXIS - 6}" y2="{bottom}"/>'
            yield _text(mark.clocks[0], x, _AXIS - 12, "middle", _SMALL)
            yield _text(mark.dates[0], x, _AXIS - 26, "middle", _SMALL)
            yield _text(mark.clocks[1], x, bottom + 13, "middle", _SMALL)
            yield _text(mark.dates[1], x, bottom + 27, "middle", _SMALL)
        yield self._named(self._axis.names[0], _AXIS - 12, _AXIS_NAME)
        yield self._named(self._axis.names[1], bottom + 13, _AXIS_NAME)

    def _named(self, text: str, y: float, how: str) -> str:
        return _text(text, WIDTH - 2 if self._rtl else 2, y, "end" if self._rtl else "start", how)

    def _row(self, row: Row, top: float) -> Iterator[str]:
        middle = top + self._height / 2
        yield self._named(row.name, middle + (0 if row.under else 4), _NAME)
        if row.under:
            yield self._named(row.under, middle + 13, _SMALL)
        width = self._right - self._left
        yield f'<rect fill="{GROUND}" x="{self._left}" y="{top}" width="{width}" height="{self._height}"/>'
        for bar in row.bars:
            yield from self._bar(bar, top)
        if row.course is not None:
            yield from steps(row.course, self._left, self._right, top, self._height)

    def _bar(self, bar: Bar, top: float) -> Iterator[str]:
        x, end = self._x(bar.from_ms), self._x(bar.until_ms)
        yield (
            f'<rect fill="{looks.of(bar.look).fill}" x="{x}" y="{top}" width="{round(max(end - x, 1.5), 2)}" '
            f'height="{self._height}"><title>{escape(bar.text)}</title></rect>'
        )
        if end - x >= 16:
            look = looks.of(bar.look)
            yield _text(look.sign, x + 9, top + self._height / 2 + 4, "middle", f'font-size="12" fill="{look.on_fill}"')


def steps(course: Sequence[float | None], left: float, right: float, top: float, height: float) -> Iterator[str]:
    """A course of shares, filled from below; a hole where nobody could say. The dashed line is one half."""
    width, floor = (right - left) / len(course), top + height
    for first, last in _spans(course):
        ys = [(n, round(top + height * (1 - (course[n] or 0.0)), 2)) for n in range(first, last + 1)]
        points = [(round(left + x * width, 2), y) for n, y in ys for x in (n, n + 1)]
        line = " ".join(f"{x},{y}" for x, y in points)
        area = f"{points[0][0]},{floor} {line} {points[-1][0]},{floor}"
        yield f'<polygon fill="{COURSE}" fill-opacity="0.22" points="{area}"/>'
        yield f'<polyline {_LINE} points="{line}"/>'
    half = top + height / 2
    yield f'<line {_HALF} x1="{left}" x2="{right}" y1="{half}" y2="{half}"/>'


def _text(words: str, x: float, y: float, anchor: str, how: str) -> str:
    if not words:
        return ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" {how}>{escape(words)}</text>'


def _spans(course: Sequence[float | None]) -> Iterator[tuple[int, int]]:
    first = None
    for number, value in enumerate([*course, None]):
        if value is None and first is not None:
            yield first, number - 1
            first = None
        elif value is not None and first is None:
            first = number


def runs(words: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """Equal neighbours together: the word, the first slot of it and the one after the last."""
    before, first, number = "", 0, -1
    for number, word in enumerate(words):
        if word != before:
            if before:
                yield before, first, number
            before, first = word, number
    if before:
        yield before, first, number + 1
