"""Countries: when one is said to be cut; networks: when one is well again. Rows, held to the rules by a test."""

from __future__ import annotations

from monitor.explaining.rows import Condition, Explanation, Needs, Place, Unit, Way

OVER = Explanation(
    "ShutdownOver",
    Place.NETWORK,
    "well again for a quarter of an hour; told for one hour",
    begins=(
        Way(
            "by the lines that were there before the cut",
            (
                Condition(
                    "a cut, or a silence that somebody was paged for, within the last 24 hours",
                    "last_over_time(didban:network_down:timestamp{$network}[24h])"
                    " or last_over_time(didban:network_silence_told:timestamp{$network}[24h])",
                    Needs.THERE,
                    unit=Unit.MOMENT,
                    otherwise="There was none, so nothing can be over.",
                ),
                Condition(
                    "lines of before the cut that reach abroad again, at the fewest in 15 minutes",
                    "min_over_time(didban:network_back:ratio{$network}[15m])",
                    Needs.AT_LEAST,
                    0.8,
                    Unit.SHARE,
                    otherwise="Too few of those who were there before are back, or not for 15 minutes yet.",
                    unknown="Of the lines that were there before nobody is heard: silence is never the end of a cut.",
                ),
                Condition(
                    "they were back 14 minutes ago already",
                    "didban:network_back:ratio{$network} offset 14m",
                    Needs.THERE,
                    unit=Unit.SHARE,
                    otherwise="It is too early to say over: a spike of some minutes is not the end.",
                ),
                Condition(
                    "a cut still held",
                    "didban:network_down:timestamp{$network} or didban:network_silence:timestamp{$network}",
                    Needs.NOT_THERE,
                    unit=Unit.MOMENT,
                    otherwise="It still counts as cut, or as silent.",
                ),
            ),
        ),
    ),
    holds=(
        Condition(
            "recovered within the last hour",
            "last_over_time(didban:network_recovered:timestamp{$network}[1h])",
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
    ),
)

_OPERATORS = "operators of whom a network is cut"

COUNTRY = Explanation(
    "CountryShutdown",
    Place.COUNTRY,
    "networks of several operators cut at the same moment",
    begins=(
        Way(
            "by the weight of the networks",
            (
                Condition(
                    _OPERATORS,
                    "didban:country_cut:operators{$country}",
                    Needs.AT_LEAST,
                    2,
                    otherwise="One operator alone is told of as a network, not as a country.",
                    unknown="No network of that country counts as cut.",
                ),
                Condition(
                    "share of the country's users on networks that are cut",
                    "didban:country_cut:weight{$country}",
                    Needs.AT_LEAST,
                    0.3,
                    Unit.SHARE,
                    otherwise="Networks are cut, but they carry too few people to speak of the country.",
                    unknown="How many people those networks carry is not known (`networks:` in the registry).",
                ),
            ),
        ),
        Way(
            "by the number of operators, where weights are not known",
            (
                Condition(
                    _OPERATORS,
                    "didban:country_cut:operators{$country}",
                    Needs.AT_LEAST,
                    3,
                    otherwise="Without weights three operators are needed.",
                    unknown="No network of that country counts as cut.",
                ),
                Condition(
                    "networks cut of which nobody knows how many people they carry",
                    "didban:country_cut:unweighed{$country}",
                    Needs.AT_LEAST,
                    1,
                    unknown="All weights are known: they decide.",
                ),
            ),
        ),
    ),
    holds=(
        Condition(
            "the last network that was part of it is not over",
            "min(didban:country_shutdown:timestamp{$country})",
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
    ),
)

COUNTRIES = (COUNTRY, OVER)
