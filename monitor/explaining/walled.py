"""Lines that can say nothing of their network: one is a home, several at once are not. Held to the rules by a test."""

from __future__ import annotations

from monitor.explaining.rows import Condition, Needs, Unit, Way

_LINES = "didban:network_shut_in:lines{$network}"
_AT_HOME = 'didban:vantage_walled:max{$network,finding="walled_garden"}'

_WALLED = (
    Condition(
        "lines of ours there behind a wall, or whose gateway is dead too, well until within 10 minutes of each other",
        _LINES,
        Needs.AT_LEAST,
        1,
        unknown="No line there is behind a wall or without its gateway, or another of that network sees more.",
    ),
    Condition(
        "two of that network, or lines of two operators of the country at the same time",
        f"{_LINES} >= 2 or {_LINES} and on (country) didban:country_shut_in:operators >= 2",
        Needs.THERE,
        unit=Unit.BARE,
        otherwise="One line alone: an empty data bundle, a login page or a dead router in that house looks the same.",
    ),
    Condition(
        "... and did so a minute before", f"{_LINES} offset 1m", Needs.THERE, otherwise="It is less than a minute old."
    ),
)

CUT = Way(
    "by what several lines met at once: walls, or no gateway",
    (
        *_WALLED,
        Condition(
            "lines behind such a wall on which hosts in the country prove themselves",
            _AT_HOME,
            Needs.THERE,
            otherwise="The country's own hosts do not prove themselves either: that would be an outage.",
        ),
    ),
)

LOST = Way(
    "by what several lines met at once: walls, or no gateway",
    (
        *_WALLED,
        Condition(
            "lines behind such a wall on which hosts in the country prove themselves",
            _AT_HOME,
            Needs.NOT_THERE,
            otherwise="The country's own hosts prove themselves: that would be a cut from abroad, NetworkShutdown.",
        ),
    ),
)
