"""The three charts of a dossier: what happened when, each network's reach, each service in each network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dashboards.report import strips
from dashboards.report.model import Dossier, Event, Form, Network, Service
from dashboards.report.svg import Axis, Bar, Chart, Mark, Row, marks, runs
from dashboards.report.tongue import Tongue

CONTROLS = "controls"
_WELL, _HALF = 0.66, 0.34  # of control networks: above the first the service is up abroad, below the second it is down


def axis(dossier: Dossier, say: Tongue) -> Axis:
    """UTC below, the country's own time above; the date where a day begins."""
    found = []
    last = ("", "")
    for at_ms in marks(dossier.since_ms, dossier.until_ms):
        days = (say.date(at_ms, local=True, year=False), say.date(at_ms, local=False, year=False))
        new = [say.alone(day) if day != was else "" for day, was in zip(days, last, strict=True)]
        clocks = (say.clock(at_ms, local=True), say.clock(at_ms, local=False))
        found.append(Mark(at_ms, clocks, (new[0], new[1])))
        last = days
    above = say.alone(say("axis_local", place=say.place)) if say.zone else ""
    return Axis(dossier.since_ms, dossier.until_ms, tuple(found), (above, say.alone(say("axis_utc"))))


def where(dossier: Dossier, network: str, say: Tongue) -> str:
    """`MCI (AS197207)`: people know operators, and records know numbers."""
    operator = dossier.operator_of(network)
    return f"{operator.partition(' (')[0]} ({network})" if operator else network


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart before it is drawn: on a page by `strips`, or as a file of its own."""

    axis: Axis
    rows: tuple[Row, ...]
    title: str
    id: str
    rtl: bool
    height: int

    def on_page(self) -> str:
        return strips.draw(self.axis, self.rows, title=self.title, height=self.height)

    def alone(self) -> str:
        chart = Chart(self.axis, title=self.title, rtl=self.rtl, height=self.height, id=self.id)
        return chart.draw(self.rows)


# ---------------------------------------------------------------- what happened when


def timeline(dossier: Dossier, say: Tongue) -> Picture:
    rows = tuple(happened(dossier, say))
    return Picture(axis(dossier, say), rows, say("timeline_title"), "timeline", say.rtl, 30)


def happened(dossier: Dossier, say: Tongue) -> Iterator[Row]:
    """Networks first, then services; a row each."""
    ordered = sorted(dossier.events, key=lambda each: (each.service, each.from_ms))
    for service, network in dict.fromkeys((each.service, each.network) for each in ordered):
        mine = [each for each in dossier.events if (each.service, each.network) == (service, network)]
        name = say.title(dossier.title_of(service), service) if service else say("whole_network")
        bars = tuple(bar(each, dossier, say) for each in mine)
        yield Row(say.alone(name), bars, under=say.put(where(dossier, network, say)))


def bar(event: Event, dossier: Dossier, say: Tongue) -> Bar:
    until_ms = event.until_ms or dossier.until_ms
    text = f"{say(f'kind_{event.kind}')}: {say.short(event.from_ms)} – {say.short(until_ms)} UTC"
    return Bar(event.from_ms, until_ms, event.kind.value, text)


# ---------------------------------------------------------------- reach


def reach(dossier: Dossier, say: Tongue) -> Picture:
    rows = tuple(row for each in dossier.networks for row in _reached(dossier, each, say))
    return Picture(axis(dossier, say), rows, say("reach_title"), "reach", say.rtl, 56)


def _reached(dossier: Dossier, of: Network, say: Tongue) -> Iterator[Row]:
    """From inside and, where somebody asks, from outside: two rows, for they say different things."""
    name = say.put(where(dossier, of.network, say))
    yield Row(name, course=of.reach, under=lines_of(dossier, of.lines, say))
    if of.outside:
        yield Row(name, course=of.outside, under=say.alone(say("seen_outside")))


def lines_of(dossier: Dossier, lines: int | None, say: Tongue) -> str:
    return say.alone(say("lines_n", n=say.count(lines, least=dossier.form is Form.PUBLIC)))


# ---------------------------------------------------------------- services


def service(dossier: Dossier, of: Service, say: Tongue) -> Picture:
    title = say("service_title", service=say.title(of.title, of.service))
    rows = [
        Row(say.put(where(dossier, each.network, say)), tuple(_verdicts(each.verdicts, dossier, say)))
        for each in of.strips
    ]
    abroad = Row(say.alone(say("control_row")), tuple(_verdicts(control_words(of), dossier, say)))
    return Picture(axis(dossier, say), (*rows, abroad), title, f"service-{of.service}", say.rtl, 24)


def control_words(of: Service) -> list[str]:
    """What control networks together say: reached by two thirds, by one third or less, or neither."""
    return ["" if s is None else "ok" if s >= _WELL else "down" if s <= _HALF else "mixed" for s in of.control.share]


def _verdicts(words: Sequence[str], dossier: Dossier, say: Tongue) -> Iterator[Bar]:
    for word, first, last in runs(words):
        from_ms = dossier.since_ms + first * dossier.slot_ms
        until_ms = min(dossier.since_ms + last * dossier.slot_ms, dossier.until_ms)
        yield Bar(
            from_ms, until_ms, word, f"{say(f'verdict_{word}')}: {say.short(from_ms)} – {say.short(until_ms)} UTC"
        )
