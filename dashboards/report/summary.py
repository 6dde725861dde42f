"""What a person in a hurry reads: a few sentences, and four things at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dashboards.report.charts import where
from dashboards.report.markup import paragraph, said, section, table, text
from dashboards.report.model import Dossier, Event, Form, Kind
from dashboards.report.tongue import Tongue

_MOST = 4  # sentences of one kind: more are told in one
_NETWORKS = (Kind.SHUTDOWN, Kind.OUTAGE, Kind.SILENCE)


def sentences(dossier: Dossier, say: Tongue) -> list[str]:
    """The same on the page and on the picture for social media."""
    country = dossier.country_title.get(say.language.value, dossier.country)
    found = [*_of_networks(dossier, country, say), *_of_services(dossier, country, say)]
    return found or [say("nothing", country=country)]


def _of_networks(dossier: Dossier, country: str, say: Tongue) -> Iterator[str]:
    """One for each event of the first few; of more, one for each kind."""
    mine = [each for each in dossier.events if each.kind in _NETWORKS]
    if len(mine) <= _MOST:
        for each in mine:
            network = say.put(where(dossier, each.network, say))
            yield say(f"s_{each.kind}", network=network, country=country, when=when(each, say))
        return
    for kind in _NETWORKS:
        names = [say.put(where(dossier, n, say)) for n in dict.fromkeys(each.network for each in of(dossier, kind))]
        if names:
            since, until = _between(dossier, of(dossier, kind), say)
            count = len(of(dossier, kind))
            yield say(f"s_{kind}_many", networks=say.names(names), country=country, n=count, since=since, until=until)


def _between(dossier: Dossier, events: list[Event], say: Tongue) -> tuple[str, str]:
    """The first beginning and the last end; of what had not ended, the end of the window."""
    hull = _hull(events)
    return say.brief(hull.from_ms), say.brief(hull.until_ms or dossier.until_ms)


def _of_services(dossier: Dossier, country: str, say: Tongue) -> Iterator[str]:
    """One for each service: from its first beginning to its last end, wherever."""
    for kind in (Kind.BLOCKED, Kind.DOWN, Kind.REFUSED):
        mine = of(dossier, kind)
        services = list(dict.fromkeys(each.service for each in mine))
        for service in services if len(services) <= _MOST else ():
            its = [each for each in mine if each.service == service]
            yield say(
                f"s_{kind}", service=service_name(dossier, service, say), networks=_networks(dossier, its, say),
                country=country, when=when(_hull(its), say),
            )  # fmt: skip
        if len(services) > _MOST:
            names = say.names([service_name(dossier, each, say) for each in services])
            networks, time = _networks(dossier, mine, say), when(_hull(mine), say)
            yield say(f"s_{kind}_many", services=names, networks=networks, country=country, when=time)


def _networks(dossier: Dossier, events: list[Event], say: Tongue) -> str:
    return say.names([say.put(where(dossier, n, say)) for n in dict.fromkeys(each.network for each in events)])


def _hull(events: list[Event]) -> Event:
    ends = [each.until_ms for each in events]
    until_ms = None if None in ends else max(each for each in ends if each is not None)
    return replace(min(events, key=lambda each: each.from_ms), until_ms=until_ms)


def when(event: Event, say: Tongue) -> str:
    """`from 21 September 2022, 15:32 UTC (20:02 in Iran), for 6 h 30 min`."""
    if not event.fine and event.until_ms is not None and not event.began_before:
        return say("when_hours", since=say.brief(event.from_ms), until=say.brief(event.until_ms))
    key = "when_before" if event.began_before else "when_since"
    if event.until_ms is None:
        return say("when_still", since=say(key, since=say.brief(event.from_ms)))
    since = say(key, since=say.brief(event.from_ms))
    return say("when_for", since=since, length=say.length(event.from_ms, event.until_ms))


def of(dossier: Dossier, kind: Kind) -> list[Event]:
    return [each for each in dossier.events if each.kind is kind]


def service_name(dossier: Dossier, service: str, say: Tongue) -> str:
    return say.title(dossier.title_of(service), service)


def part(dossier: Dossier, say: Tongue) -> str:
    lies = dict.fromkeys(
        f.finding for p in dossier.proofs for f in p.found if say.knows(f"finding_{f.finding}") and f.finding in _LIES
    )
    found = say("semicolon").join(say(f"finding_{each}") for each in lies)
    one = dossier.counts.lines == 1 and dossier.form is Form.SEALED
    return section(
        "summary",
        say("h_summary"),
        *(paragraph(each, "lead") for each in sentences(dossier, say)),
        paragraph(_weight(dossier, say), "lead"),
        paragraph(say("s_proof", found=found), "lead") if lies else "",
        _glance(dossier, say),
        paragraph(say("s_one_line"), "caution") if one else "",
        paragraph(say("s_unknown"), "caution"),
    )


def _weight(dossier: Dossier, say: Tongue) -> str:
    """Of the country's users, how many were on networks that were cut; by whoever counted them."""
    cut = {each.network for each in of(dossier, Kind.SHUTDOWN)}
    mine = [each for each in dossier.networks if each.network in cut]
    known = [(each.weight, each.weight_by) for each in mine if each.weight is not None]
    if not known:
        return ""
    key = "s_weight" if len(known) == len(mine) else "s_weight_least"
    share, source = say.share(sum(weight for weight, _ in known)), say.names(list(dict.fromkeys(by for _, by in known)))
    return say(key, share=share, country=say.place, source=source)


_LIES = frozenset(
    {"forged_dns_answer", "injected_dns_answer", "forged_certificate", "block_page", "injected_reset", "name_filtered"}
)


def _glance(dossier: Dossier, say: Tongue) -> str:
    least = dossier.form is Form.PUBLIC
    cuts = dict.fromkeys(each.network for each in dossier.events if each.kind in _NETWORKS)
    blocks = dict.fromkeys(each.service for each in of(dossier, Kind.BLOCKED))
    cards = (
        (say("glance_cut"), say.names([say.put(where(dossier, each, say)) for each in cuts]) or say("none")),
        (say("glance_blocked"), say.names([service_name(dossier, each, say) for each in blocks]) or say("none")),
        (say("glance_lines"), say.count(dossier.counts.lines, least=least)),
        (say("glance_controls"), say.count(dossier.counts.controls, least=least)),
    )
    items = "".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in cards)
    return f'<dl class="glance">{items}</dl>'


# ---------------------------------------------------------------- the table beside the timeline


def events(dossier: Dossier, say: Tongue) -> str:
    header = ["t_what", "t_where", "t_from", "t_from_local", "t_until", "t_length", "t_lines", "t_controls", "t_sure"]
    rows = [_event(dossier, each, say) for each in dossier.events]
    return table([say(each) for each in header], rows, caption=say("timeline_title"), style="events") if rows else ""


def _event(dossier: Dossier, event: Event, say: Tongue) -> list[str]:
    least = dossier.form is Form.PUBLIC
    what = say(f"kind_{event.kind}")
    if event.service:
        what = f"{service_name(dossier, event.service, say)}: {what}"
    began = say.short(event.from_ms)
    until_ms = event.until_ms or dossier.until_ms
    return [
        said(event.kind.value, what),
        text(say.put(where(dossier, event.network, say))),
        text(say("before", time=began) if event.began_before else began),
        text(say.short_local(event.from_ms)),
        text(say.short(event.until_ms) if event.until_ms is not None else say("still")),
        text(say.length(event.from_ms, until_ms))
        + ("" if event.fine else f"<br><small>{text(say('rounded_hour'))}</small>"),
        text(say.count(event.lines, least=least)),
        text(say.count(event.controls, least=least)) if event.service else "–",
        text(say("because", sure=say(f"sure_{event.sure}"), why=say(f"why_{event.why_sure}"))),
    ]
