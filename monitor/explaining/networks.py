"""Networks: when one is said to be cut, lost or silent. Rows, held to the rules by a test."""

from __future__ import annotations

from monitor.explaining import walled
from monitor.explaining.rows import Condition, Explanation, Needs, Place, Unit, Way

_REACH = 'didban:network_reach:ratio{source="inside",$network}'
_LANDMARKS = 'didban:network_reach:ratio{source="landmarks",$network}'

_DARK = (
    Condition(
        "hosts abroad that our lines there reach (their median, at its highest in 3 minutes)",
        f"max_over_time({_REACH}[3m1s])",
        Needs.LESS,
        "didban:network_cut_below:ratio{$network}",
        Unit.SHARE,
        otherwise="Our lines there do reach abroad, or did so within the last 3 minutes: it is not cut.",
        unknown="No line of ours there has said anything in the last minutes: from inside nothing is known.",
    ),
    Condition(
        "times that was said within 3 minutes",
        f"count_over_time({_REACH}[3m1s])",
        Needs.AT_LEAST,
        2,
        otherwise="It was said too rarely yet to be believed; the next tick decides.",
        unknown="No line of ours there has said anything in the last minutes.",
    ),
    Condition(
        "somebody there was heard 2 minutes before as well",
        f"{_REACH} offset 2m",
        Needs.THERE,
        unit=Unit.BARE,
        otherwise="Our lines there are only just heard again, their first words may still be of the dark. Wait 2 min.",
    ),
    Condition(
        "lines of ours there on which nothing abroad answers",
        "didban:network_dark:lines{$network}",
        Needs.AT_LEAST,
        1,
        otherwise="No line says so by itself. A line whose gateway is dead is left out: that is a fault at home.",
    ),
)

_SILENT_TOGETHER = Condition(
    "lines of ours there that fell silent within 10 minutes of each other, while others report",
    "didban:network_silent:lines{$network}",
    Needs.AT_LEAST,
    2,
    otherwise="One silent line is a box or a home, not a network.",
    unknown="No lines there fell silent together: somebody in it is heard, or nobody is expected there, or paused.",
)

_LANDMARKS_SILENT = Condition(
    "hosts in that network that answer our controls (landmarks), of their usual number",
    f"max_over_time({_LANDMARKS}[1m1s])",
    Needs.LESS,
    0.2,
    Unit.SHARE,
    otherwise="Hosts in that network answer from abroad: our lines alone are silent, or its subscribers are cut.",
    unknown="We watch no host in that network from abroad: silence alone cannot be told from a block of our hub.",
)

_SECOND = (
    Way(
        "two lines say so",
        (Condition("lines that say so", "max(didban:network_cut:lines{$network})", Needs.AT_LEAST, 2),),
    ),
    Way("landmarks agree", (_LANDMARKS_SILENT,)),
    Way(
        "it was so since it began",
        (
            Condition(
                "two witnesses agreed at some time in it",
                "didban:network_shutdown_sure:timestamp{$network}",
                Needs.THERE,
                unit=Unit.MOMENT,
            ),
        ),
    ),
)

SHUTDOWN = Explanation(
    "NetworkShutdown",
    Place.NETWORK,
    "cut off from abroad, while the country's own hosts answer",
    begins=(
        Way(
            "by what our lines there say",
            (
                *_DARK,
                Condition(
                    "hosts in the country, outside that network, that our lines there reach",
                    "didban:network_domestic:ratio{$network}",
                    Needs.MORE,
                    0.2,
                    Unit.SHARE,
                    otherwise="The country's own hosts do not answer either: that is an outage, not a cut from abroad.",
                    unknown="Whether the country's own hosts answer is not known, so it is no cut from abroad.",
                ),
                Condition(
                    "lines of ours there on which the country's own hosts were dead as well, within 5 minutes",
                    "last_over_time(didban:network_dead:lines{$network}[5m1s])",
                    Needs.NOT_THERE,
                    otherwise="Both were dead until just now: an outage that ends, or only its half. Wait 5 minutes.",
                ),
            ),
        ),
        Way(
            "by silence, and silent landmarks",
            (
                _SILENT_TOGETHER,
                Condition(
                    "... and did so a minute before",
                    "didban:network_silent:lines{$network} offset 1m",
                    Needs.THERE,
                    otherwise="It is less than a minute old.",
                ),
                _LANDMARKS_SILENT,
            ),
        ),
        walled.CUT,
    ),
    holds=(
        Condition(
            "a cut in the last 24 hours that is not over",
            "didban:network_shutdown:timestamp{$network}",
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
    ),
    page=_SECOND,
)

OUTAGE = Explanation(
    "NetworkOutage",
    Place.NETWORK,
    "connectivity lost: neither abroad nor the country's own hosts answer",
    begins=(
        Way(
            "by what our lines there say",
            (
                *_DARK,
                Condition(
                    "hosts in the country, outside that network, that our lines there reach (at most in a minute)",
                    "max_over_time(didban:network_domestic:ratio{$network}[1m1s])",
                    Needs.NOT_MORE,
                    0.2,
                    Unit.SHARE,
                    otherwise="The country's own hosts answer: that would be a cut from abroad, NetworkShutdown.",
                ),
                Condition(
                    "a second line or the landmarks agree",
                    "didban:network_dark:lines{$network} >= 2 or on (country, network)"
                    " didban:network_landmarks_silent:bool{$network}",
                    Needs.THERE,
                    unit=Unit.BARE,
                    otherwise="One line's word alone: a dead modem looks the same. Nobody is woken for it.",
                ),
            ),
        ),
        walled.LOST,
    ),
    holds=(
        Condition(
            "an outage in the last 24 hours that is not over, and no shutdown",
            "didban:network_outage:timestamp{$network}",
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
    ),
)

SILENT = Explanation(
    "NetworkSilent",
    Place.NETWORK,
    "our lines there fell silent together: a cut, or our hub is blocked there",
    begins=(
        Way(
            "by silence",
            (
                Condition(
                    "the hub hears others, and has for a while",
                    "didban:hub_hears:bool",
                    Needs.AT_LEAST,
                    1,
                    otherwise="The hub hears nobody, or has only just begun to: then silence says nothing.",
                    unknown="The hub says nothing of itself: is it at work?",
                ),
                Condition(
                    "lines of ours there that fell silent within 10 minutes of each other, while others report",
                    "didban:network_silent:lines{$network}",
                    Needs.AT_LEAST,
                    1,
                    unknown="Not silent: a line is heard there, or it is stopped, paused, or not expected.",
                ),
                Condition(
                    "waited for the landmarks of that network to agree (up to 3 minutes)",
                    "didban:network_silent:timestamp{$network}",
                    Needs.THERE,
                    unit=Unit.MOMENT,
                    otherwise="Landmarks watch that network: they are asked first, and make a shutdown of it.",
                ),
                Condition(
                    "one line alone is silent, in a network that is well by its landmarks and not watched",
                    "didban:network_silent_last:lines{$network} < 2"
                    ' and on (country, network) didban:network_reach:ratio{source="landmarks",$network} > 0.8'
                    " unless on (country) last_over_time(didban:country_watch:max{$country}[1h1s]) == 1",
                    Needs.NOT_THERE,
                    otherwise="Its network is well: it is a box, and told as VantageSilent.",
                ),
            ),
        ),
    ),
    holds=(
        Condition(
            "silent, as last heard: where the hub itself hears nobody, what it heard before stands",
            "didban:network_silent:timestamp{$network}",
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
    ),
    page=(
        Way("two lines", (Condition("lines", "didban:network_silent_last:lines{$network}", Needs.AT_LEAST, 2),)),
        Way(
            "a watched country",
            (
                Condition(
                    "the country is under `didban hub watch`",
                    "last_over_time(didban:country_watch:max{$country}[1h1s])",
                    Needs.AT_LEAST,
                    1,
                ),
            ),
        ),
    ),
)

NETWORKS = (SHUTDOWN, OUTAGE, SILENT)
