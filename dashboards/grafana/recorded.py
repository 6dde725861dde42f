"""What the rules said of services at the time, as they recorded it, and what the late look added to it since.

Of all networks at once this is what can be asked every minute: a verdict computed anew reads seven series of each
service of every box (raw.py), this one of each service of every network. Rules run once: of what came home later
their series know nothing, so that what the late look wrote into the past stands beside them (didban_incident). It
writes news: a block, a cut. What else came home late only raw.py shows.
"""

from __future__ import annotations

from dashboards.grafana import raw, words
from dashboards.grafana.raw import OF
from dashboards.grafana.words import SAID

VERDICT = "didban:service_verdict"  # its value is 1
DELIVERING = "didban:vantage_delivering:count"  # who was heard
READ = (VERDICT, DELIVERING)
PLACE = 'country=~"$country", network=~"$network"'
_CHOSEN = f'{PLACE}, service=~"$service"'
_SERVICE = f"{OF}, service"
_CUTS = "NetworkShutdown|NetworkOutage"
_OTHERS = ("down", "refused", "unknown", "mixed", "ok")  # of what the rules say


def _said(where: str, verdict: str) -> str:
    return f'max by ({_SERVICE}) ({VERDICT}{{verdict="{verdict}", {where}}})'


def blocked(where: str = PLACE) -> str:
    """1 for each service of each network that is blocked: as the rules said, or as came to light later.

    An incident holds through cuts, and in a network that is cut nothing is blocked.
    """
    late = f'max by ({_SERVICE}) (didban_incident{{alert="ServiceBlocked", {where}}})'
    return f"({_said(where, 'blocked')} or {late} unless on ({_SERVICE}) {_said(where, 'cut_off')})"


def share_blocked(where: str = PLACE) -> str:
    """Of each service of each country: the share of its networks in which it is blocked, of those that said anything.

    A block was none where boxes have come home since and by all of them the network did not reach abroad: half of them
    then said nothing of services. On average two where it is blocked and one where it is not, less one: so every series
    is read but once.
    """
    none = f"({raw.reach()} <= 0.8 and on ({OF}) {_came_late()})"
    counts = f"({blocked(where)} unless on ({OF}) {none})"
    return f"(avg by (country, service) (2 * {counts} or on ({_SERVICE}) {VERDICT}{{{where}}}) - 1)"


def networks_blocked() -> str:
    """In how many networks the chosen service is blocked; none where the rules say nothing of it."""
    return f"(count(max by ({OF}) ({blocked(_CHOSEN)})) or 0 * count({VERDICT}{{{_CHOSEN}}}))"


def verdict() -> str:
    """The chosen service on each network as a number of words.SAID.

    A cut that came to light later counts where the rules said nothing, or that they did not know; a block that did,
    where they had not said that nothing abroad answers. Where nobody said anything and boxes measured: `came_late`.
    """
    late_cut = f'max by ({OF}) ({_late_cuts()}) unless on ({OF}) {VERDICT}{{verdict!="unknown", {_CHOSEN}}}'
    first_that_fits = (
        (f"max by ({OF}) ({_said(_CHOSEN, 'cut_off')})", "cut_off"),
        (late_cut, "cut_off"),
        (f"max by ({OF}) ({blocked(_CHOSEN)})", "blocked"),
        *((f"max by ({OF}) ({_said(_CHOSEN, word)})", word) for word in _OTHERS),
    )
    said = [f"({expr}) * 0 + {words.number(SAID, word)}" for expr, word in first_that_fits]
    more = f"{_came_late()} * 0 + 1"
    no_more = f"0 * max by ({OF}) ({VERDICT}{{{_CHOSEN}}} or {_late_cuts()})"
    return f"({raw.either([*said, f'{more} - 2'])} + on ({OF}) {raw.either([more, no_more])})"


def _late_cuts() -> str:
    return f'didban_incident{{alert=~"{_CUTS}", {PLACE}}}'


def _came_late() -> str:
    """Networks of which a box measured that the rules did not hear; a minute later, when they would have."""
    ticks = f"count_over_time(didban_heartbeat_timestamp_seconds{{{raw.INSIDE}}}[2m] offset 1m)"
    return f"max by ({OF}) ({ticks} unless on (vantage) {DELIVERING})"
