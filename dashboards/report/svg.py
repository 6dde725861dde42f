"""Charts as SVG: time runs to the right in every language, rows are named at the side where a reader begins. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from dashboards.report import looks

WIDTH, LABEL, RIGHT = 960, 200, 44
_AXIS = 34
_HOUR_MS = 3_600_000
# as attributes, for what makes a page of it (WeasyPrint) takes no style sheet into a picture
_FONT = "Vazirmatn, 'Noto Sans', 'Noto Naskh Arabic', 'DejaVu Sans', sans-serif"
_GRID, _GROUND, _COURSE = "#d5d7da", "#f0f1f2", "#0072B2"
_NAME = 'font-size="13" font-weight="bold" fill="#1b1f24"'
_SMALL = 'font-size="11" fill="#4b525c"'
_AXIS_NAME = _SMALL + ' font-weight="bold"'
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
class Axis:
    """`marks`: moments and what stands above and below at each of them."""

    since_ms: int
    until_ms: int
    marks: tuple[tuple[int, str, str], ...]
    above: str
    below: str


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
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {total}" role="img" '
            f'font-family="{_FONT}" aria-labelledby="{self._id}"><title id="{self._id}">{escape(self._title)}</title>{"".join(body)}</svg>'
        )

    def _x(self, at_ms: int) -> float:
        share = (at_ms - self._axis.since_ms) / (self._axis.until_ms - self._axis.since_ms)
        return round(self._left + share * (self._right - self._left), 2)

    def _grid(self, rows: int) -> Iterator[str]:
        bottom = _AXIS + rows * (self._height + self._gap)
        for at_ms, above, below in self._axis.marks:
            x = self._x(at_ms)
            yield f'<line stroke="{_GRID}" x1="{x}" x2="{x}" y1="{_AXIS - 6}" y2="{bottom}"/>'
            yield _text(above, x, _AXIS - 12, "middle", _SMALL)
            yield _text(below, x, bottom + 13, "middle", _SMALL)
        yield self._named(self._axis.above, _AXIS - 12, _AXIS_NAME)
        yield self._named(self._axis.below, bottom + 13, _AXIS_NAME)

    def _named(self, text: str, y: float, how: str) -> str:
        return _text(text, WIDTH - 2 if self._rtl else 2, y, "end" if self._rtl else "start", how)

    def _row(self, row: Row, top: float) -> Iterator[str]:
        middle = top + self._height / 2
        yield self._named(row.name, middle + (0 if row.under else 4), _NAME)
        if row.under:
            yield self._named(row.under, middle + 13, _SMALL)
        width = self._right - self._left
        yield f'<rect fill="{_GROUND}" x="{self._left}" y="{top}" width="{width}" height="{self._height}"/>'
        for bar in row.bars:
            yield from self._bar(bar, top)
        if row.course is not None:
            yield from self._course(row.course, top)

    def _bar(self, bar: Bar, top: float) -> Iterator[str]:
        x, end = self._x(bar.from_ms), self._x(bar.until_ms)
        yield (
            f'<rect fill="{looks.of(bar.look).fill}" x="{x}" y="{top}" width="{round(max(end - x, 1.5), 2)}" '
            f'height="{self._height}"><title>{escape(bar.text)}</title></rect>'
        )
        if end - x >= 16:
            look = looks.of(bar.look)
            yield _text(look.sign, x + 9, top + self._height / 2 + 4, "middle", f'font-size="12" fill="{look.on_fill}"')

    def _course(self, course: Sequence[float | None], top: float) -> Iterator[str]:
        """Steps, filled from below; a hole where nobody could say. Half and whole are drawn as thin lines."""
        slot_ms = (self._axis.until_ms - self._axis.since_ms) / len(course)
        for first, last in _spans(course):
            points = []
            for number in range(first, last + 1):
                y = round(top + self._height * (1 - (course[number] or 0.0)), 2)
                points += [(number, y), (number + 1, y)]
            xs = [(self._x(int(self._axis.since_ms + n * slot_ms)), y) for n, y in points]
            line = " ".join(f"{x},{y}" for x, y in xs)
            floor = top + self._height
            yield f'<polygon fill="{_COURSE}" fill-opacity="0.22" points="{xs[0][0]},{floor} {line} {xs[-1][0]},{floor}"/>'
            yield f'<polyline fill="none" stroke="{_COURSE}" stroke-width="1.6" points="{line}"/>'
        half = top + self._height / 2
        yield f'<line {_HALF} x1="{self._left}" x2="{self._right}" y1="{half}" y2="{half}"/>'


def _text(words: str, x: float, y: float, anchor: str, how: str) -> str:
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
