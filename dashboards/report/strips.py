"""The same rows on a page: bars are SVG, words beside them HTML, which every renderer shapes and wraps as it should."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from dashboards.report import looks
from dashboards.report.svg import COURSE, GRID, GROUND, Axis, Row, steps

_WIDTH = 1000  # of a strip, in units of its own: it is as wide as the page leaves it
_WIDE_ENOUGH = 0.022  # of a strip: a sign stands only in a bar that has room for it


def draw(axis: Axis, rows: Sequence[Row], *, title: str, height: int = 24) -> str:
    """`height`: of each strip, in CSS pixels."""
    body = "".join(_row(axis, row, height) for row in rows)
    return f'<div class="chart" role="group" aria-label="{escape(title)}">{_axis(axis, 0)}{body}{_axis(axis, 1)}</div>'


def _axis(axis: Axis, which: int) -> str:
    """Dates stand on the far side of the clocks."""
    marks = []
    for mark in axis.marks:
        clock, date = escape(mark.clocks[which]), f"<i>{escape(mark.dates[which]) or '&nbsp;'}</i>"
        words = clock + date if which else date + clock
        marks.append(f'<span style="left:{_percent(axis, mark.at_ms)}%">{words}</span>')
    side = ("above", "below")[which]
    return (
        f'<div class="row ticks {side}"><div class="name">{escape(axis.names[which])}</div>'
        f'<div class="strip">{"".join(marks)}</div></div>'
    )


def _percent(axis: Axis, at_ms: int) -> float:
    return round(100 * (at_ms - axis.since_ms) / (axis.until_ms - axis.since_ms), 2)


def _row(axis: Axis, row: Row, height: int) -> str:
    under = f"<small>{escape(row.under)}</small>" if row.under else ""
    said = "; ".join(bar.text for bar in row.bars)
    label = f' role="img" aria-label="{escape(said)}"' if said else ' aria-hidden="true"'
    drawn = "".join((*_grid(axis, height), *_drawn(axis, row, height)))
    return (
        f'<div class="row"><div class="name"><b>{escape(row.name)}</b>{under}</div>'
        f'<div class="strip" style="height:{height}px">'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" preserveAspectRatio="none"{label}>'
        f"{drawn}</svg>{''.join(_signs(axis, row))}</div></div>"
    )


def _grid(axis: Axis, height: int) -> Iterator[str]:
    yield f'<rect fill="{GROUND}" x="0" y="0" width="{_WIDTH}" height="{height}"/>'
    for mark in axis.marks:
        x = _percent(axis, mark.at_ms) * _WIDTH / 100
        yield f'<rect fill="{GRID}" x="{x:.1f}" y="0" width="1" height="{height}"/>'


def _drawn(axis: Axis, row: Row, height: int) -> Iterator[str]:
    for bar in row.bars:
        x, end = (_percent(axis, at_ms) * _WIDTH / 100 for at_ms in (bar.from_ms, bar.until_ms))
        yield (
            f'<rect fill="{looks.of(bar.look).fill}" x="{x:.1f}" y="0" width="{max(end - x, 2):.1f}" height="{height}">'
            f"<title>{escape(bar.text)}</title></rect>"
        )
    if row.course is not None:
        yield from steps(row.course, 0, _WIDTH, 0, height)


def _signs(axis: Axis, row: Row) -> Iterator[str]:
    length_ms = axis.until_ms - axis.since_ms
    for bar in row.bars:
        if bar.until_ms - bar.from_ms >= _WIDE_ENOUGH * length_ms:
            look = looks.of(bar.look)
            place = f"left:{_percent(axis, bar.from_ms)}%;color:{look.on_fill}"
            yield f'<span class="sign" aria-hidden="true" style="{place}">{look.sign}</span>'


STYLE = f"""
.chart{{margin:.5rem 0}}
.row{{overflow:hidden;margin-bottom:5px}}
.name{{float:left;width:25%;padding-right:.6rem;font-size:.82rem;line-height:1.2}}
.name b,.name small{{display:block;font-size:inherit}}
.name small{{font-size:.72rem;color:#4b525c}}
.strip{{position:relative;margin-left:25%;margin-right:3%;direction:ltr}}
[dir=rtl] .name{{float:right;padding:0 0 0 .6rem}}
[dir=rtl] .strip{{margin-left:3%;margin-right:25%}}
.strip svg{{position:absolute;left:0;top:0;width:100%;height:100%;display:block;color:{COURSE}}}
.sign{{position:absolute;top:50%;margin:-.62em 0 0 .35em;font-size:.75rem;line-height:1.24}}
.ticks .strip{{height:2.1rem}}
.ticks i{{display:block;font-style:normal}}
.above .name{{padding-top:1rem}}
.ticks .name{{font-size:.72rem;font-weight:600;color:#4b525c}}
.ticks span{{position:absolute;width:5rem;margin-left:-2.5rem;text-align:center;font-size:.7rem;line-height:1rem;
color:#4b525c;white-space:nowrap}}
@media (max-width:600px){{.name,[dir=rtl] .name{{float:none;width:auto}}.strip,[dir=rtl] .strip{{margin:0 6%}}
.ticks span:nth-child(even){{display:none}}}}
"""
