"""Lines behind a wall: when one is a home's affair, and when it is a network's. Rows, held to the rules by a test."""

from __future__ import annotations

from monitor.explaining.rows import Condition, Needs, Unit, Way

_LINES = "didban:network_walled:lines{$network}"
_AT_HOME = 'didban:vantage_walled:max{$network,finding="walled_garden"}'

_WALLED = (
    Condition(
        "lines of ours there for which somebody else answers abroad, well until within 10 minutes of each other",
        _LINES,
        Needs.AT_LEAST,
        1,
        unknown="No line there is behind a login page or the like, or another of that network sees more.",
    ),
    Condition(
        "two of that network, or lines of two operators of the country at the same time",
        f"{_LINES} >= 2 or {_LINES} and on (country) didban:country_walled:operators >= 2",
        Needs.THERE,
        unit=Unit.BARE,
        otherwise="One line alone: an empty data bundle or a login page in that house looks the same.",
    ),
    Condition(
        "... and did so a minute before", f"{_LINES} offset 1m", Needs.THERE, otherwise="It is less than a minute old."
    ),
)

CUT = Way(
    "by walls that several lines met at once",
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
    "by walls that several lines met at once",
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
