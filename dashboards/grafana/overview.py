"""The first thing anybody looks at: what is cut and what is blocked, where, since when, and what has changed."""

from __future__ import annotations

from dashboards.grafana import choices, panels, raw, recorded, words
from dashboards.grafana.asking import held, now
from dashboards.grafana.board import Board, Shelf
from dashboards.palette import SEVERITIES, VERDICTS

_MARKS = 'country=~"$country|", network=~"$network|"'
_ALARM = ((None, VERDICTS["ok"].fill), (1.0, VERDICTS["blocked"].fill))
_NOTICE = ((None, VERDICTS["ok"].fill), (1.0, VERDICTS["unknown"].fill))
_SHARES = tuple((value, look.fill) for value, _, look in words.SHARES)
_NONE = f"or 0 * count({raw.expected()})"


def _counted() -> Shelf:
    of_all = f"count({raw.expected()})"
    return Shelf("Now", 4, (
        (4, panels.number(
            "Networks cut off",
            "How many networks reach less than a fifth of what lies abroad, by what their boxes say.",
            "no box is expected there.", now(f"count({raw.cut()}) {_NONE}"), unit="none", steps=_ALARM,
        )),
        (4, panels.number(
            "Networks silent", "Networks of which no box is heard: a cut looks like this, and so does a box unplugged.",
            "no box is expected there.", now(f"count({raw.network_state()} == {words.SILENT}) {_NONE}"), unit="none",
            steps=_NOTICE,
        )),
        (4, panels.number(
            "Blocks",
            "How many services are blocked, each counted once for every network in which it is, as the rules say; of a "
            "moment that is past, also as came to light later.",
            "no box is expected there.", now(f"count({recorded.blocked()}) {_NONE}"), unit="none", steps=_ALARM,
        )),
        (4, panels.number(
            "Pages open", "Alerts of the kind that wakes people, as the rules say now; muted ones among them.",
            "no box is expected there.", now(f"count({raw.alerts(_MARKS, 'page')}) {_NONE}"), unit="none", steps=_ALARM,
        )),
        (4, panels.number(
            "Boxes heard", "Of the boxes inside that somebody waits for, the share that is heard.",
            "no box is expected there.",
            now(f"(count({raw.heard()} and on (vantage) {raw.expected()}) {_NONE}) / {of_all}"),
            unit="percentunit", steps=((None, VERDICTS["unknown"].fill), (0.8, VERDICTS["ok"].fill)),
        )),
        (4, panels.number(
            "Alerting", "Whether the alert that always fires does. Without it nobody is told anything.",
            "alerting is dead, or its rules are not loaded.",
            now('max(ALERTS{alertname="Watchdog", product="didban"})'), unit="none", table=words.LIVES, nothing=
            "▲ dead",
        )),
    ))  # fmt: skip


def _over_time() -> tuple[Shelf, Shelf]:
    place = {"country": "country", "network": "network"}
    return (
        Shelf("Countries and networks", 9, ((24, panels.timeline(
            "Networks",
            "How much of what lies abroad each network reaches: more than 80 %, in part, or less than 20 % (cut off). "
            "Silent: boxes are expected there, and none is heard. What came home late is drawn where it belongs, so "
            "that silence may turn into something else when a box comes back.",
            "no box is expected in any network.", held(raw.network_state(), "{{country}} {{network}}"),
            table=words.REACHES, links=[panels.link("This country", "didban-country", place)],
        )),)),
        Shelf("Services", 8, ((24, panels.shares(
            "Where services are blocked",
            "Share of the networks of a country in which a service is blocked: it fails on lines that reach abroad, "
            "and controls elsewhere reach it. A network that is cut off is no block, and counts as none. By what the "
            "rules said at the time of networks that were heard; blocks that came to light later count too, and "
            "none where it came to light that the network was cut off, in whole or in part. With all else that came "
            "home late it is computed anew in Country and Incident.",
            "the rules said nothing of services there: no box was heard, or nobody evaluates them (see `Alerting`).",
            held(recorded.share_blocked(), "{{country}} {{service}}"), steps=_SHARES,
            links=[panels.link("This service", "didban-service", {"country": "country", "service": "service"})],
        )),)),
    )  # fmt: skip


def _news() -> Shelf:
    line = "country, network, service, state"
    states = f"count by ({line}) (didban_service_state{{{raw.INSIDE}}} == 1"
    changed = f"{states}) unless on ({line}) {states.replace('} ==', '} offset 1h ==')})"
    incident = {"country": "country", "network": "network"}
    return Shelf("Told, and changed", 10, (
        (15, panels.rows(
            "Open incidents",
            "What the rules say now, and since when. Muted ones are here too: Alertmanager knows which.",
            "no alert fires. See `Alerting` above: if that is dead, this is empty too.", now(raw.since(_MARKS)),
            columns={
                "Value": "since (UTC)", "severity": "severity", "alertname": "alert", "country": "country",
                "network": "network", "service": "service", "vantage": "box",
            },
            widths={"since (UTC)": 165, "severity": 85, "alert": 145, "country": 75, "network": 95, "service": 100},
            units={"since (UTC)": "dateTimeAsIso"}, words={"severity": SEVERITIES}, by="since (UTC)",
            links={"alert": panels.link("All evidence", "didban-incident", incident)},
        )),
        (9, panels.rows(
            "Changed in the last hour",
            "What lines inside say of a service now that none of that network said an hour ago, and how many say it.",
            "nothing has changed, or nobody is heard.", now(changed),
            columns={
                "country": "country", "network": "network", "service": "service", "state": "now", "Value": "lines",
            },
            words={"now": words.STATES}, widths={"country": 75, "network": 95, "service": 115, "now": 110},
        )),
    ))  # fmt: skip


BOARD = Board(
    uid="didban-overview",
    says=(
        "Which networks are cut off and which services are blocked, where and since when; what was told, and what has "
        "changed. Times in UTC."
    ),
    back="6h",
    choices=(choices.country(), choices.network()),
    marks=_MARKS,
    shelves=(_counted(), *_over_time(), _news()),
)
