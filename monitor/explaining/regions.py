"""Parts of a network, and the same hour again: when these are told. Rows, held to the rules by a test."""

from __future__ import annotations

from monitor.explaining.rows import Condition, Explanation, Needs, Place, Unit, Way

_NOT_CUT = Condition(
    "the whole network counts as cut",
    "didban:network_shutdown:timestamp{$network} or didban:network_outage:timestamp{$network}",
    Needs.NOT_THERE,
    unit=Unit.MOMENT,
    otherwise="All of it counts as cut: that is told, and not a part of it.",
)
_REGION_LATELY = "last_over_time(didban:region_cut:timestamp{$network}[15m1s])"

REGION = Explanation(
    "RegionalShutdown",
    Place.NETWORK,
    "our lines in one region of it are lost, elsewhere it is well",
    begins=(
        Way(
            "by the lines of one region",
            (
                Condition(
                    "lines of ours in a region of it, all of them lost within ten minutes, while others are well",
                    "didban:region_lost:lines{$network}",
                    Needs.AT_LEAST,
                    1,
                    unknown="In no region of it all our lines are lost while others are well; or where they stand is"
                    " not known: `region:` is off by default.",
                ),
                Condition(
                    "... and with the other networks there",
                    "sum by (country, region) (didban:region_lost:lines{$country})"
                    " and on (country, region) didban:region_lost:lines{$network}",
                    Needs.AT_LEAST,
                    2,
                    otherwise="One line is a box or a home, not a region.",
                    unknown="No region is lost.",
                ),
                _NOT_CUT,
            ),
        ),
    ),
    holds=(Condition("a region lost within 15 minutes", _REGION_LATELY, Needs.THERE, unit=Unit.MOMENT), _NOT_CUT),
)

_NO_REGION = Condition(
    "a region of it was lost within 15 minutes",
    _REGION_LATELY,
    Needs.NOT_THERE,
    unit=Unit.MOMENT,
    otherwise="It is told as a region: see RegionalShutdown.",
)
_REACH = 'didban:network_reach:ratio{source="inside",$network}'
_HALF = (
    "count by (country, network) (group by (country, network, line) ("
    '(didban:vantage_connectivity:ratio{role="inside",scope="international",$network} < 0.5'
    ' unless on (vantage) didban:vantage_connectivity:ratio{scope="gateway"} == 0)'
    " * on (vantage) group_left (line) didban:vantage_line:info))"
)

PART = Explanation(
    "RegionalOrPartialDegradation",
    Place.NETWORK,
    "reaches abroad in part only: no shutdown by our measure",
    begins=(
        Way(
            "by how much is reached",
            (
                Condition(
                    "when it was last well",
                    "didban:network_last_well:timestamp{$network}",
                    Needs.THERE,
                    unit=Unit.MOMENT,
                    otherwise="It was never seen well: no news.",
                ),
                Condition(
                    "hosts abroad that our lines there reach (their median, at its highest in 5 minutes)",
                    f"max_over_time({_REACH}[5m1s])",
                    Needs.LESS,
                    0.5,
                    Unit.SHARE,
                    otherwise="They reach half of what lies abroad and more.",
                    unknown="No line of ours there has said anything in the last minutes.",
                ),
                Condition(
                    "somebody there was heard 4 minutes before as well",
                    f"{_REACH} offset 4m",
                    Needs.THERE,
                    unit=Unit.SHARE,
                    otherwise="It is less than five minutes old.",
                ),
                Condition(
                    "lines of ours there that reach less than half",
                    _HALF,
                    Needs.AT_LEAST,
                    2,
                    otherwise="One line alone may be its own fault.",
                ),
                _NOT_CUT,
                _NO_REGION,
            ),
        ),
        Way(
            "by lines that were lost together",
            (
                Condition(
                    "lines cut or silent since the same minutes, while others are well, at the fewest in 15 minutes",
                    "min_over_time(didban:network_lost:lines{$network}[15m1s])",
                    Needs.AT_LEAST,
                    2,
                    otherwise="One line is a box, not a part of the network; or it is not so for 15 minutes yet.",
                    unknown="No lines there were lost together while others are well.",
                ),
                Condition(
                    "... 14 minutes ago already",
                    "didban:network_lost:lines{$network} offset 14m",
                    Needs.THERE,
                    otherwise="It is less than a quarter of an hour old.",
                ),
                _NOT_CUT,
                _NO_REGION,
            ),
        ),
    ),
    holds=(
        Condition(
            "so within 15 minutes",
            "last_over_time(didban:network_degraded:timestamp{$network}[15m1s])",
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
        _NOT_CUT,
        _NO_REGION,
    ),
)

CURFEW = Explanation(
    "RecurringCurfew",
    Place.NETWORK,
    "lost at the same hour on three days of seven",
    begins=(
        Way(
            "by the onsets that were seen",
            (
                Condition(
                    "an onset seen within ten minutes",
                    "didban:network_onset:timestamp_5m{$network}",
                    Needs.THERE,
                    unit=Unit.MOMENT,
                    otherwise="It was not lost just now.",
                ),
                Condition(
                    "days of seven, this one included, with an onset within ten minutes of that hour",
                    "didban:network_curfew:days{$network}",
                    Needs.AT_LEAST,
                    3,
                    otherwise="Not often enough at this hour to say that it recurs.",
                    unknown="On no day before was it lost at this hour.",
                ),
            ),
        ),
    ),
    holds=(
        Condition(
            "seen within 26 hours",
            "last_over_time(didban:network_curfew:timestamp{$network}[26h])",
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
    ),
)

REGIONS = (REGION, PART, CURFEW)
