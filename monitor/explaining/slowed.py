"""Transfers: when a service, or all that lies abroad, is said to be slowed. Rows, held to the rules by a test."""

from __future__ import annotations

from collections.abc import Callable

from monitor.explaining.rows import Condition, Explanation, Needs, Place, Unit, Way

_OF_SERVICE = "{0}{{$pairs}} or {0}{{$service}}"
_FOREIGN = '{0}{{service="international",$network}}'


Series = Callable[[str], str]  # of a name, as a query


def _ways(which: str, control: str, also: tuple[Condition, ...] = ()) -> tuple[Way, ...]:
    """`which`: the series of a name that are meant; `control`: what a control says of the same."""
    worked, slower, proven = _worked(which.format), _slower(which.format, control), _proven(which.format)
    return Way("slower than its own week", (worked, *slower, *also)), Way("by proof", (worked, *proven, *also))


def _worked(series: Series) -> Condition:
    return Condition(
        "when it was last at its usual speed, within 7 days",
        f"max({series('didban:network_transfer_worked:timestamp')})",
        Needs.THERE,
        unit=Unit.MOMENT,
        otherwise="It was never seen at a usual speed there, or its usual speed is not known yet: no news.",
    )


def _slower(series: Series, control: str) -> tuple[Condition, ...]:
    return (
        Condition(
            "times slower than what it is compared with, in the middle of half an hour",
            f"max({series('didban:network_transfer:median_30m')})",
            Needs.AT_LEAST,
            3,
            otherwise="Less than three times: evenings do as much.",
            unknown="For half an hour no pairs were fetched there, on a line that reaches abroad well.",
        ),
        Condition(
            "... against twice what is usual there",
            f"max({series('didban:network_transfer:median_30m')})",
            Needs.AT_LEAST,
            f"2 * max({series('didban:network_transfer_usual:ratio')})",
            otherwise="It is hardly slower there than in its own week: distance alone slows.",
            unknown="No pairs.",
        ),
        Condition(
            "controls that see it three times slower too",
            control,
            Needs.NOT_THERE,
            otherwise="A control sees the same: it is slow for everyone.",
        ),
        Condition(
            "all of it in one row, and still so",
            series("didban:network_transfer_lost:timestamp"),
            Needs.THERE,
            unit=Unit.MOMENT,
            otherwise="Not of one row alone, or the last pair was quick again.",
        ),
    )


def _proven(series: Series) -> tuple[Condition, ...]:
    return (
        Condition(
            "a proof in hand: ten pairs, or the place at which transfers stand still",
            series("didban:network_transfer_proof:max"),
            Needs.THERE,
            unit=Unit.BARE,
            otherwise="No proof.",
        ),
        Condition(
            "... a minute ago as well",
            " or ".join(f"{each} offset 1m" for each in series("didban:network_transfer_proof:max").split(" or ")),
            Needs.THERE,
            unit=Unit.BARE,
            otherwise="It is less than a minute old.",
        ),
    )


THROTTLED = Explanation(
    "ServiceThrottled",
    Place.SERVICE,
    "slowed by its name: pairs of fetches differ three times and more",
    begins=_ways(
        _OF_SERVICE,
        'didban:vantage_transfer:ratio{role="control",$about} >= 3'
        ' or didban:vantage_transfer:ratio{role="control",$name} >= 3',
    ),
    holds=(
        Condition(
            "slowed within 24 hours, and not seen well since",
            "didban:service_slowed:timestamp{$service}",
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
    ),
)

_SHARE = (
    Condition(
        "share of what lies abroad and is measured that is slowed",
        "didban:network_international_slowed:ratio{$network}",
        Needs.AT_LEAST,
        0.666,
        Unit.SHARE,
        otherwise="Only some of what lies abroad is slowed: a path, not all of it.",
        unknown="Nothing of what lies abroad is slowed.",
    ),
)

FOREIGN = Explanation(
    "InternationalThrottled",
    Place.PROTOCOL,
    "all that lies abroad is slowed, against what lies at home",
    begins=_ways(_FOREIGN, 'didban:vantage_transfer:ratio{role="control",service="international"} >= 3', _SHARE),
    holds=(
        Condition(
            "slowed within 24 hours, and not seen well since",
            'didban:network_transfer_slowed:timestamp{service="international",$network}',
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
        *_SHARE,
    ),
)

SLOWED = (THROTTLED, FOREIGN)
