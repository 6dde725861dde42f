"""The numbers of the charts in tables: a few beside each chart, all of them in the appendix, by the hour or coarser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from dashboards.report.charts import control_words, where
from dashboards.report.markup import paragraph, said, section, table, text
from dashboards.report.model import Dossier, Form, Network, Service
from dashboards.report.tongue import Tongue

_HOUR_MS = 3_600_000
_MOST_ROWS = 60
_HOURS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 96, 168)


def reach_beside(dossier: Dossier, say: Tongue) -> str:
    header = ["t_where", "t_lines", "reach_least", "reach_mean", "reach_below", "slots_said"]
    rows = [_reach(dossier, each, say) for each in dossier.networks]
    rows += [_outside(dossier, each, say) for each in dossier.networks if each.outside]
    return table([say(each) for each in header], rows, caption=say("reach_title"))


def _reach(dossier: Dossier, of: Network, say: Tongue) -> list[str]:
    lines = text(say.count(of.lines, least=dossier.form is Form.PUBLIC))
    return [text(say.put(where(dossier, of.network, say))), lines, *_course(dossier, of.reach, say)]


def _outside(dossier: Dossier, of: Network, say: Tongue) -> list[str]:
    name = f"{text(say.put(where(dossier, of.network, say)))}<br><small>{text(say('seen_outside'))}</small>"
    return [name, "–", *_course(dossier, of.outside, say)]


def _course(dossier: Dossier, shares: Sequence[float | None], say: Tongue) -> list[str]:
    known = [value for value in shares if value is not None]
    tenths = dossier.form is Form.PUBLIC
    below = sum(value < 0.5 for value in known) * dossier.slot_ms
    return [
        text(say.share(min(known, default=None), tenths=tenths)),
        text(say.share(sum(known) / len(known) if known else None, tenths=tenths)),
        text(say.length(0, below)),
        text(say.length(0, len(known) * dossier.slot_ms)),
    ]


# ---------------------------------------------------------------- appendix


def appendix(dossier: Dossier, say: Tongue) -> str:
    step = _step(dossier)
    slot = say.length(0, step * dossier.slot_ms)
    header = [say("t_time"), say("t_time_local"), *(say.put(where(dossier, n.network, say)) for n in dossier.networks)]
    rows = [[*_times(dossier, at, say), *_shares(dossier, at, step, say)] for at in range(0, len(dossier.slots), step)]
    return section(
        "appendix", say("h_appendix"), paragraph(say("a_means", slot=slot)), paragraph(say("a_csv")),
        table(header, rows, caption=say("a_reach"), style="numbers"),
        *(_service(dossier, each, step, say) for each in dossier.services),
    )  # fmt: skip


def _step(dossier: Dossier) -> int:
    """Slots to a row: an hour, or more where a page of rows would not hold them; a day is always a number of rows."""
    fits = (slots for each in _HOURS if (slots := each * _HOUR_MS // dossier.slot_ms))
    whole = -(-len(dossier.slots) // _MOST_ROWS)
    return next((slots for slots in fits if slots >= whole), whole)


def _times(dossier: Dossier, slot: int, say: Tongue) -> list[str]:
    at_ms = dossier.slots[slot]
    return [text(say.short(at_ms)), text(say.short_local(at_ms))]


def _shares(dossier: Dossier, at: int, step: int, say: Tongue) -> Iterator[str]:
    for each in dossier.networks:
        known = [value for value in each.reach[at : at + step] if value is not None]
        mean = sum(known) / len(known) if known else None
        yield text(say.share(mean, tenths=dossier.form is Form.PUBLIC))


def _service(dossier: Dossier, of: Service, step: int, say: Tongue) -> str:
    networks = [say.put(where(dossier, strip.network, say)) for strip in of.strips]
    header = [say("t_time"), say("t_time_local"), *networks, say("control_row")]
    strips: list[Sequence[str]] = [*(strip.verdicts for strip in of.strips), control_words(of)]
    rows = [
        [*_times(dossier, at, say), *(_usual(strip[at : at + step], say) for strip in strips)]
        for at in range(0, len(dossier.slots), step)
    ]
    title = say("a_service", service=say.title(of.title, of.service))
    return table(header, rows, caption=title, style="numbers")


def _usual(words: Sequence[str], say: Tongue) -> str:
    """What most of it said; of two alike the one that is not well."""
    count = Counter(word for word in words if word)
    if not count:
        return "–"
    word = max(count, key=lambda each: (count[each], each != "ok", each))
    return said(word, say(f"verdict_{word}"))
