"""The whole dossier as one HTML file: no outside asset, no script; reads on a phone, prints, and keeps for years."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.report import charts, proven, strips, style, summary
from dashboards.report.markup import code, figure, paragraph, said, section, table, text
from dashboards.report.model import Dossier, Form, Language, Service
from dashboards.report.numbers import appendix, reach_beside
from dashboards.report.tongue import Tongue

_VERDICTS = ("ok", "blocked", "cut_off", "down", "refused", "throttled", "mixed", "unknown")
ROOTS = "tsa-roots.pem"
BY_HAND = (
    "openssl ts -verify -digest $(printf HEAD | xxd -r -p | sha256sum | cut -c1-64) -in STAMP.tsr"
    f" -attime SECONDS -CAfile {ROOTS}"
)
COMMAND = "python3 {folder}/verify.py {folder}"


def render(dossier: Dossier, language: Language) -> str:
    say = Tongue.of(dossier, language)
    parts = [
        _head(dossier, say),
        summary.part(dossier, say),
        _timeline(dossier, say),
        _reach(dossier, say),
        _services(dossier, say),
        proven.part(dossier, say),
        proven.others(dossier, say),
        _method(dossier, say),
        _check(dossier, say),
        appendix(dossier, say),
    ]
    title = text(heading(dossier, say))
    direction = "rtl" if say.rtl else "ltr"
    return (
        f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="referrer" content="no-referrer"><title>{title}</title>'
        f"<style>{style.sheet(_running(dossier, say), rtl=say.rtl)}{strips.STYLE}</style></head>"
        f"<body>{_banner(dossier, say)}<main>{''.join(parts)}</main>"
        f"<footer>{paragraph(say('footer'))}</footer></body></html>\n"
    )


def heading(dossier: Dossier, say: Tongue) -> str:
    return say("title", country=dossier.country_title.get(say.language.value, dossier.country))


def _running(dossier: Dossier, say: Tongue) -> str:
    """Stands on every printed page."""
    form = say(f"form_{dossier.form}")
    return f"{say('simulation')} · {form}" if dossier.simulated else form


def _banner(dossier: Dossier, say: Tongue) -> str:
    if not dossier.simulated:
        return ""
    means = say("simulation_means", name=dossier.simulated, country=say.place)
    name = text(say("simulation"))
    return f'<aside class="banner" aria-label="{name}"><strong>{name}.</strong> {text(means)}</aside>'


def _head(dossier: Dossier, say: Tongue) -> str:
    window = say("window", since=say.moment(dossier.since_ms), until=say.moment(dossier.until_ms))
    links = "".join(f'<li><a href="#{id}">{text(say(f"h_{id}"))}</a></li>' for id in _parts(dossier))
    return (
        f"<header><h1>{text(heading(dossier, say))}</h1>{paragraph(window, 'window')}"
        f"{paragraph(say(f'form_{dossier.form}_means'), 'soft')}"
        f"{paragraph(say('written', date=say.date(dossier.written_ms, local=False)), 'soft')}"
        f'<nav aria-label="{text(say("contents"))}"><ol>{links}</ol></nav></header>'
    )


def _parts(dossier: Dossier) -> list[str]:
    there = {"proof": bool(dossier.proofs), "others": bool(dossier.others), "timeline": bool(dossier.events)}
    order = ("summary", "timeline", "reach", "services", "proof", "others", "method", "check", "appendix")
    return [each for each in order if there.get(each, True)]


def _timeline(dossier: Dossier, say: Tongue) -> str:
    if not dossier.events:
        return ""
    drawn = figure(charts.timeline(dossier, say).on_page(), say("timeline_means", place=say.place))
    return section("timeline", say("h_timeline"), drawn, summary.events(dossier, say))


def _reach(dossier: Dossier, say: Tongue) -> str:
    drawn = figure(charts.reach(dossier, say).on_page(), say("reach_means"))
    outside = paragraph(say("outside_means")) if any(each.outside for each in dossier.networks) else ""
    return section("reach", say("h_reach"), drawn, outside, reach_beside(dossier, say))


def _services(dossier: Dossier, say: Tongue) -> str:
    slot = say.length(0, dossier.slot_ms)
    signs = "".join(f"<li>{said(word, say(f'verdict_{word}'))}</li>" for word in _VERDICTS)
    parts = [part for each in dossier.services for part in _service(dossier, each, say)]
    return section(
        "services", say("h_services"), paragraph(say("services_means", slot=slot)),
        f'<ul class="legend" aria-label="{text(say("legend"))}">{signs}</ul>', *parts,
    )  # fmt: skip


def _service(dossier: Dossier, each: Service, say: Tongue) -> Iterator[str]:
    yield f"<h3>{text(say.title(each.title, each.service))}</h3>"
    not_seen = say.title(each.not_seen, "")
    depth = say(f"depth_{each.depth}") if each.depth else ""
    means = say("service_depth", depth=depth, not_seen=not_seen) if depth and not_seen else ""
    yield figure(charts.service(dossier, each, say).on_page(), means)


# ---------------------------------------------------------------- method, and how to check it


def _method(dossier: Dossier, say: Tongue) -> str:
    least, counts = dossier.form is Form.PUBLIC, dossier.counts
    many = say(
        "counts",
        lines=say.count(counts.lines, least=least),
        networks=say.count(counts.networks, least=least),
        controls=say.count(counts.controls, least=least),
        control_networks=say.count(counts.control_networks, least=least),
    )
    limits = "".join(f"<li>{text(say(f'limit_{number}'))}</li>" for number in range(1, 5))
    walks = say("counts_walks", walks=counts.walks, hours=counts.hours_without or 0) if counts.walks is not None else ""
    method = dossier.method
    versions = say("method_versions", didban=method.didban, judges=", ".join(method.judges), rules=method.rules[:16])
    return section(
        "method", say("h_method"), *(paragraph(say(f"method_{number}")) for number in range(1, 4)), paragraph(many),
        paragraph(walks), *_origins(dossier, say), paragraph(say("confidence_means")), f"<ul>{limits}</ul>",
        paragraph(versions, "soft"),
    )  # fmt: skip


def _origins(dossier: Dossier, say: Tongue) -> Iterator[str]:
    """What came from where, and which part of it carries commitments."""
    method = dossier.method
    ticks, walks = (say.names([say(f"from_{each}") for each in of]) for of in (method.ticks_from, method.walks_from))
    yield paragraph(say("from_ticks", sources=ticks))
    yield paragraph(say("from_walks", sources=walks) if walks else say("from_walks_none"))
    if method.without_walks is not None:
        yield paragraph(say("from_without", n=method.without_walks))


def _check(dossier: Dossier, say: Tongue) -> str:
    found = dossier.evidence
    if not found.root:
        return section("check", say("h_check"), paragraph(say("check_none")))
    return section(
        "check", say("h_check"), paragraph(say("check_commit")), paragraph(say("check_root")),
        f'<p>{code(found.root)}</p>', *_how(dossier, say),
        paragraph(_stamped(dossier, say)),
        *_stamps(dossier, say), _heads(dossier, say),
    )  # fmt: skip


def _how(dossier: Dossier, say: Tongue) -> Iterator[str]:
    if dossier.form is Form.PUBLIC or not dossier.evidence.folder:
        yield paragraph(say("check_public"))
        return
    folder = dossier.evidence.folder
    yield paragraph(say("check_sealed", folder=folder))
    yield f"<pre dir=ltr>{text(COMMAND.format(folder=folder))}</pre>{paragraph(say('check_command_note'), 'soft')}"


def _stamped(dossier: Dossier, say: Tongue) -> str:
    found = dossier.evidence
    if found.stamped_days or found.authorities:
        who = ", ".join(found.authorities)
        return say("check_stamps", days=found.days, stamped=found.stamped_days, authorities=who)
    return say("check_no_stamps_public" if dossier.form is Form.PUBLIC else "check_no_stamps")


def _stamps(dossier: Dossier, say: Tongue) -> Iterator[str]:
    """How to check them; in the public form by whom and on which day alone."""
    found = dossier.evidence
    if not (found.stamped_days or found.authorities):
        return
    if dossier.form is Form.SEALED:
        if found.folder:
            yield paragraph(say("check_stamp_how", file=ROOTS))
            yield f"<pre dir=ltr>{text(BY_HAND)}</pre>"
        return
    yield paragraph(say("check_stamp_public"))
    rows = [[text(say.put(each.day)), "<br>".join(map(code, each.authorities)) or "–"] for each in found.seen]
    if rows:
        yield table([say("t_day"), say("t_stamped")], rows, caption=say("t_stamped_days"))


def _heads(dossier: Dossier, say: Tongue) -> str:
    rows = [
        [
            code(each.box),
            text(say.put(each.day)),
            code(each.head),
            "<br>".join(f"{code(stamp.authority)} {text(say.moment(stamp.at_ms))}" for stamp in each.stamps) or "–",
        ]
        for each in dossier.evidence.heads
    ]
    header = [say(each) for each in ("t_box", "t_day", "t_head", "t_stamps")]
    return table(header, rows, caption=say("t_heads"), style="heads") if rows else ""
