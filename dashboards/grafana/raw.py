"""What networks reach and services are, computed from what boxes sent and not from what rules recorded of it.

Rules run once, at the moment itself: of what came home later their series know nothing. What is here is asked anew each
time somebody looks, so that a backfill shows. It follows monitor/rules/didban.yml, without what matters live only
(who is being asked again, what is quarantined). Boxes count singly: cohorts are the rules' to know.
"""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.grafana import words
from dashboards.grafana.words import CUT, IN_PART, SILENT, VERDICTS

PLACE = 'country=~"$country", network=~"$network", network!=""'
INSIDE = f'role="inside", {PLACE}'
OF = "country, network"
_SERVICE = f"{OF}, service"


def ratio(scope: str, where: str = INSIDE) -> str:
    """Of each box: the share of that scope's canaries that answer; where it is scraped and shipped, once."""
    return f'max by ({OF}, vantage) (didban_connectivity_ratio{{scope="{scope}", {where}}})'


def reach(scope: str = "international", where: str = INSIDE) -> str:
    """Of each network: the median of its boxes, but for those whose own gateway is dead."""
    return f"quantile by ({OF}) (0.5, {ratio(scope, where)} unless on (vantage) {ratio('gateway', where)} == 0)"


def landmarks() -> str:
    """Of each network: what controls reach of hosts in it."""
    median = (
        "quantile by (about_country, about_network) (0.5, max by (about_country, about_network, vantage) ("
        'didban_landmarks_ratio{role="control", kind="access", about_country=~"$country", about_network=~"$network"}))'
    )
    country = f'label_replace({median}, "country", "$1", "about_country", "(.+)")'
    return f'max by ({OF}) (label_replace({country}, "network", "$1", "about_network", "(.+)"))'


def expected(where: str = INSIDE) -> str:
    """Each box somebody waits for: not those whose silence is agreed."""
    whole = f"{OF}, vantage"
    return f"(max by ({whole}) (didban_vantage_expected{{{where}}}) unless on (vantage) didban_vantage_paused == 1)"


def heard(where: str = INSIDE) -> str:
    """Each box that stated a tick in the last minutes, whenever it came home."""
    return f"max by ({OF}, vantage) (didban_heartbeat_timestamp_seconds{{{where}}})"


def network_state() -> str:
    """Each network as a number of words.REACHES."""
    found = reach()
    return (
        f"({IN_PART} * ({found} <= bool 0.8) + {CUT - IN_PART} * ({found} < bool 0.2) or on ({OF}) (max by ({OF}) "
        f"({expected()}) * 0 + {SILENT}))"
    )


def cut() -> str:
    """Networks of which the median box reaches under a fifth of what lies abroad."""
    return f"({reach()} < 0.2)"


def either(exprs: Iterable[str]) -> str:
    """The first of them that says anything of a place."""
    return f"({' or '.join(f'({expr})' for expr in exprs)})"


# ---------------------------------------------------------------- services


def _says(states: str, where: str) -> str:
    by = f"{_SERVICE}, vantage"
    return f'max by ({by}) (didban_service_state{{state=~"{states}", {where}}} == 1)'


def _fails(where: str, role: str) -> str:
    """A failure counts where the box reaches abroad: else it is not about this service."""
    abroad = f'max by (vantage) (didban_connectivity_ratio{{scope="international", {role}}}) > 0.8'
    return f"({_says('broken|interfered', where)} and on (vantage) {abroad})"


def controls(states: str) -> str:
    """By service: how many networks of healthy controls say so."""
    return f"count by (service) ({_networks_of_controls(states)})"


def _networks_of_controls(states: str) -> str:
    said = f'didban_service_state{{role="control", state=~"{states}", service=~"$service"}} == 1'
    well = 'didban_connectivity_ratio{role="control", scope="international"} > 0.8'
    return f"group by (service, network) ({said} and on (vantage) {well})"


_UP = 2 + 2**-10  # a hair more than two; exact in binary, and so are its sums


def _elsewhere() -> str:
    """By service: `_UP` for each network of healthy controls that reaches it, less one for each that does not.

    Below 0.5 two thirds and more do not reach it: it is down, unless it is -1, one network that alone was asked. Above
    more do: it is up, unless it is `_UP`, one that alone was asked. One number, since a fleet has many controls, and to
    read anew what they say for each condition was most of what a country cost.
    """
    does_not = f'label_replace({_networks_of_controls("broken|interfered")} * -1, "says", "no", "", "")'
    return f"sum by (service) ({_UP} * {_networks_of_controls('ok|slow')} or {does_not})"


def verdict() -> str:
    """Each service of each network as a number of the palette's VERDICTS: what two thirds of its boxes say."""
    where = f'{INSIDE}, service=~"$service"'
    fails, by = _fails(where, INSIDE), f"count by ({_SERVICE})"
    speaking = f"{by} ({_says('ok|slow|refused|cut_off', where)} or {fails})"

    def most(said: str) -> str:
        return f"{by} ({said}) / {speaking} >= 0.666"

    enough, down = f"(({_elsewhere()} > 0.5) != {_UP})", f"(({_elsewhere()} < 0.5) != -1)"
    first_that_fits = (
        (most(_says("ok|slow", where)), "ok"),
        (most(_says("refused", where)), "refused"),
        (most(_says("cut_off", where)), "cut_off"),
        (f"({most(fails)}) and on (service) {enough}", "blocked"),
        (f"({most(fails)}) and on (service) {down}", "down"),
        (most(fails), "unknown"),
        (speaking, "mixed"),
        (f"{by} ({_says('insufficient|broken|interfered', where)})", "unknown"),
    )
    return either(f"({expr}) * 0 + {words.number(VERDICTS, word)}" for expr, word in first_that_fits)


def state(metric: str, where: str, by: str) -> str:
    """One box's own word as a number of the palette's STATES."""
    return either(
        f'max by ({by}) ({metric}{{state="{word}", {where}}} == 1) * 0 + {place}'
        for place, word in enumerate(words.STATES)
    )


_INTERFERENCE = (
    "forged_dns_answer|injected_dns_answer|forged_certificate|unexpected_issuer|block_page|injected_reset|name_filtered|"
    "protocol_filtered|throttled_by_name|stalled_transfer"
)


def proof(where: str) -> str:
    """Findings of interference: what a box's own house does, and what may be the provider's doing, is none."""
    return f'didban_target_finding{{finding=~"{_INTERFERENCE}", {where}}}'


# ---------------------------------------------------------------- what was told

_TOLD_BY = "alertname, country, network, service, vantage, extent"


def alerts(where: str, severity: str = ".+") -> str:
    return f'ALERTS{{alertstate="firing", product="didban", alertname!="Watchdog", severity=~"{severity}", {where}}}'


def told(where: str) -> str:
    """Each alert while it fired, as a number of words.TOLD."""
    return either(
        f"max by ({_TOLD_BY}) ({alerts(where, word)} * {words.number(words.TOLD, word)})"
        for word in ("page", "ticket", "info")
    )


def since(where: str) -> str:
    """Each alert that fires, with the moment it became active, in milliseconds."""
    by = f"severity, {_TOLD_BY}"
    began = f'max by ({by}) (ALERTS_FOR_STATE{{product="didban", alertname!="Watchdog", {where}}})'
    return f"{began} * 1000 and on ({by}) max by ({by}) ({alerts(where)})"


def late(where: str) -> str:
    """What the rules would have said, had it come in time: written into the past by the late look."""
    return f"max by (alert, country, network, service, extent) (didban_incident{{{where}}})"
