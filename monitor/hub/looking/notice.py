"""The one notice of a late look: what happened, from when to when, by evidence that was not there at the time."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import aiohttp

from monitor.beside.rulefiles import DASHBOARD_URL, RUNBOOK_URL, relinked
from monitor.explaining import muted
from monitor.home.ways import NO_WAY, Way
from monitor.hub.looking.again import Incident
from monitor.hub.looking.marks import Landed, Notice
from monitor.logs import Log
from monitor.notify.settings import Pages
from monitor.telling.localtime import zone_of
from monitor.telling.status import instant

ALERT = "LateLook"

_MOST = 12  # incidents written out; the rest is counted
_PATIENCE_S = 10.0
_SAYS = {
    "CountryShutdown": "networks of several operators were cut off from abroad",
    "CountryOutage": "several networks lost all connectivity",
    "CountrySilent": "our lines of several operators fell silent",
    "NetworkShutdown": "was cut off from abroad, while hosts in the country answered",
    "NetworkOutage": "lost connectivity, abroad and at home",
    "NetworkSilent": "our lines there fell silent together",
    "ServiceBlocked": "was not reached on lines that reached abroad; controls reached it",
}

_log = Log()


def parents_of(incidents: Sequence[Incident]) -> list[Incident]:
    """Those that no other speaks for, as it would have been live."""
    rules = muted.shipped()
    return [
        each
        for each in incidents
        if not any(
            other.fired_ms < each.ended_ms
            and each.fired_ms < other.ended_ms
            and any(rule.applies(other.as_alert(), each.as_alert()) for rule in rules)
            for other in incidents
        )
    ]


def notice(country: str, incidents: Sequence[Incident], landed: Landed, pages: Pages) -> Notice:
    """One for all of them. `incidents`: at least one; `pages`: where its links lead, also in Alertmanager's mails."""
    first, last = min(each.onset_ms for each in incidents), max(each.ended_ms for each in incidents)
    known = [f"{_place(each)}: {_said(each)}, {_span(each, country)}." for each in incidents[:_MOST]]
    more = len(incidents) - len(known)
    networks = sorted({text for each in incidents for key, text in each.labels if key == "network"})
    where = f"{country}, {', '.join(networks)}" if 0 < len(networks) <= 3 else country
    return Notice(
        labels={"alertname": ALERT, "severity": "info", "product": "didban", "family": "shutdown", "country": country},
        annotations={
            "summary": f"{where}: seen afterwards: {_said(incidents[0])} ({_day(first)} to {_day(last)} UTC)",
            "summary_fa": (
                f"⁨{country}⁩: داده‌های دیررسیده نشان می‌دهند: ⁨{_place(incidents[0])}⁩ قطع بوده است، "
                f"از ⁨{_day(first)}⁩ تا ⁨{_day(last)}⁩ (⁨UTC⁩)"
            ),
            "description": (
                f"Samples of {_day(landed.since_ms)} to {_day(landed.until_ms)} UTC reached the hub late, the last at "
                f"{_day(landed.last_ms)} UTC. By that evidence, which was not there at the time: {' '.join(known)}"
                + (f" And {more} more, on the dashboard." if more else "")
                + " Nobody was told of these when they happened."
            ),
            "onset": f"{_day(first)} UTC",
            "onset_local": _local(first, country),
            "confidence": "as the rules would have had it, live; told late",
            "lines": "see the incidents on the dashboard",
            "not_known": "who did it and why; what no line of ours saw",
            "runbook_url": relinked(f"{RUNBOOK_URL}/{ALERT}", pages),
            "dashboard_url": relinked(
                f"{DASHBOARD_URL}/didban-incident?var-country={country}&from={landed.since_ms}&to={landed.until_ms}",
                pages,
            ),
        },
    )


def _place(incident: Incident) -> str:
    labels = incident.as_alert()
    return " ".join(filter(None, (labels.get("service"), labels.get("network") or labels["country"])))


def _said(incident: Incident) -> str:
    alert = incident.as_alert()["alertname"]
    return _SAYS.get(alert, alert)


def _span(incident: Incident, country: str) -> str:
    till = _day(incident.ended_ms) if incident.over else "the end of what was looked at"
    local = _local(incident.onset_ms, country)
    return f"{_day(incident.onset_ms)} to {till} UTC{f' (began {local})' if local else ''}"


def _day(at_ms: int) -> str:
    return f"{datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC):%Y-%m-%d %H:%M}"


def _local(at_ms: int, country: str) -> str:
    zone = zone_of(country)
    return f"{datetime.datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M} in {country}" if zone else ""


async def post(alertmanagers: Sequence[str], said: Notice, now_ms: int, lasts_ms: int) -> bool:
    """Whether one of them has it: members of one cluster send it once.

    POST /api/v2/alerts (github.com/prometheus/alertmanager, api/v2/openapi.yaml).
    """
    times = {"startsAt": instant(now_ms), "endsAt": instant(now_ms + lasts_ms)}
    body = [{"labels": said.labels, "annotations": said.annotations, **times}]
    taken = False
    for url in alertmanagers:
        try:
            async with (
                Way().session(_PATIENCE_S) as session,
                session.post(f"{url.rstrip('/')}/api/v2/alerts", json=body, allow_redirects=False) as answer,
            ):
                taken |= answer.status == 200
                if answer.status != 200:
                    _log.warning("alertmanager_refuses", status=answer.status)
        except (*NO_WAY, aiohttp.ClientError) as error:
            _log.warning("alertmanager_unreachable", why=type(error).__name__)
    return taken
