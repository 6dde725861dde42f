"""One country: what each network reaches, what each service is, what comes before a shutdown, and at which hours."""

from __future__ import annotations

from dashboards.grafana import choices, panels, raw, words
from dashboards.grafana.asking import Ask, held, now
from dashboards.grafana.board import Board, Shelf
from dashboards.palette import VERDICTS

_SHARES = tuple((value, look.fill) for value, _, look in words.SHARES)
_OFFSET = 'max(didban_country_utc_offset_seconds{country=~"$country"})'
_STEP_MINUTES = 10


def _here() -> Shelf:
    weights = 'max by (country, network) (didban_network_weight_ratio{country=~"$country", network=~"$network"})'
    of_cut = f"sum({weights} and on ({raw.OF}) {raw.cut()}) or 0 * sum({weights})"
    local = f"(vector(time()) + on () ({_OFFSET})) * 1000"
    return Shelf("Here and now", 4, (
        (5, panels.number(
            "Time in UTC", "The last moment of the time looked at.", "Prometheus does not answer.",
            now("vector(time()) * 1000"), unit="dateTimeAsIso",
        )),
        (5, panels.number(
            "Time in the country",
            "The same moment by the clocks of the country, by the offset the hub states; it changes with summer time.",
            "no hub states this country's offset from UTC.", now(local), unit="dateTimeAsIso",
        )),
        (5, panels.number(
            "Users on networks cut off",
            "Share of the country's users whose network reaches less than a fifth of what lies abroad, as far as it is "
            "known how many users a network has.",
            "nobody has said how many users these networks have.", now(of_cut), unit="percentunit",
            steps=((None, VERDICTS["ok"].fill), (0.01, VERDICTS["mixed"].fill), (0.3, VERDICTS["blocked"].fill)),
        )),
        (5, panels.number(
            "Boxes heard", "Boxes inside that are heard, of those somebody waits for.", "no box is expected there.",
            now(f"(count({raw.heard()} and on (vantage) {raw.expected()}) or 0 * count({raw.expected()}))", "heard"),
            now(f"count({raw.expected()})", "expected"), unit="none", named=True,
        )),
        (4, panels.number(
            "Watched more closely", "Whether `hub watch` has lowered the thresholds for single boxes.",
            "nobody has asked for it.", now('max(didban_country_watch{country=~"$country"})'), unit="bool_yes_no",
            nothing="no",
        )),
    ))  # fmt: skip


def _reach() -> Shelf:
    only = raw.INSIDE.replace('network=~"$network"', 'network="$network"')
    colours = {
        "abroad": VERDICTS["blocked"].fill, "in the country": VERDICTS["throttled"].fill,
        "seen from outside": VERDICTS["unknown"].fill,
    }  # fmt: skip
    small = panels.curves(
        "Reach of $network",
        "Abroad: what its boxes reach of hosts abroad that nobody has a reason to block, the median box. In the "
        "country: the same of hosts at home, outside that network. Abroad gone and home there: consistent with a "
        "shutdown; both gone: with an outage. Seen from outside: hosts in that network, asked by controls.",
        "no box of that network was heard, not even later; it has no hosts that controls may ask.",
        Ask(raw.reach("international", only), "abroad"), Ask(raw.reach("domestic", only), "in the country"),
        Ask(raw.landmarks().replace('about_network=~"$network"', 'about_network="$network"'), "seen from outside"),
        unit="percentunit", colours=colours, dashed=["seen from outside"], ceiling=1,
        marks=((None, "transparent"), (0.2, VERDICTS["unknown"].fill)),
    )  # fmt: skip
    return Shelf("What each network reaches", 7, ((24, small.repeat("network").repeat_direction("h")),))


def _services() -> Shelf:
    about = {"country": "country", "service": "service", "network": "network"}
    return Shelf("Services", 12, ((24, panels.timeline(
        "What each service is, on each network",
        "What two thirds of the boxes of a network say, compared with controls. Blocked: it fails on lines that reach "
        "abroad, and controls reach it. Down: it fails at controls too. Cut off: nothing abroad answers at all.",
        "no box of that network was heard, or none could say.",
        held(raw.verdict(), "{{network}} {{service}}"), table=VERDICTS,
        links=[panels.link("How it is done", "didban-service", about)],
    )),))  # fmt: skip


def _early() -> Shelf:
    passes = f"max by ({raw.OF}, protocol) (didban_protocol_up{{{raw.INSIDE}}}) and on ({raw.OF}) ({raw.reach()} > 0.8)"
    forged = 'didban_target_finding{finding=~"forged_dns_answer|injected_dns_answer"'
    return Shelf("Early warnings", 9, (
        (12, panels.timeline(
            "Protocols that pass",
            "Protocols that pass on some box of a network to hosts that are no watched service; asked every 15 "
            "minutes. What stops here often stops before services do. While a network is cut it says nothing of "
            "protocols.",
            "the protocol never passed on these lines, or the network is cut, or nobody was heard.",
            Ask(passes, "{{network}} {{protocol}}"), table=words.PASSES, named=False,
        )),
        (6, panels.curves(
            "Lines with forged DNS answers",
            "On how many lines names of a service are answered with addresses that do not prove themselves.",
            "no such answer is in hand.",
            Ask(f"count(max by (vantage) ({forged}, {raw.INSIDE}}}))", "lines"), unit="none",
        )),
        (6, panels.curves(
            "How much slower",
            "The same bytes fetched in pairs, under a neutral name and under the tested one: 3 is three times slower. "
            "The slowest line here, and the slowest control.",
            "no transfers are measured: they are chosen, for they cost bytes.",
            Ask(f"max(didban_transfer_ratio{{{raw.INSIDE}}})", "slowest line"),
            Ask('max(didban_transfer_ratio{role="control"})', "slowest control"), unit="none",
            dashed=["slowest control"],
            colours={"slowest line": VERDICTS["throttled"].fill, "slowest control": VERDICTS["ok"].fill},
            marks=((None, "transparent"), (3, VERDICTS["blocked"].fill)),
        )),
    ))  # fmt: skip


def _cut_by_hour(clock: str) -> str:
    """Minutes for each hour of the day, of networks that were cut, the average network of those chosen."""
    hour = f"floor(({clock}) % 86400 / 3600)"
    cut = f'count_values by (country, network) ("hour", {raw.cut()} * 0 + on () group_left () {hour})'
    looked = f'count_values("hour", {hour})'
    networks = f"scalar(count(max by ({raw.OF}) (max_over_time(didban_vantage_expected{{{raw.INSIDE}}}[$__range]))))"

    def minutes(ones: str) -> str:
        return f"sum by (hour) (sum_over_time(({ones})[$__range:{_STEP_MINUTES}m])) * {_STEP_MINUTES}"

    return f"{minutes(cut)} / {networks} or 0 * {minutes(looked)}"


def _hours() -> Shelf:
    share = f"count({raw.cut()}) / count({raw.reach()}) or 0 * count({raw.reach()})"
    days = [Ask(share, "today")]
    days += [Ask(_earlier(share, day), f"{day} d before") for day in range(1, 7)]
    empty = "no network was cut in that hour of the time looked at, or nobody who was has come home yet."
    return Shelf("The hours of cuts", 9, (
        (12, panels.shares(
            "The same hours, day by day",
            "Share of networks cut off, with the six days before below each other: a curfew stands as a column. Look "
            "at 24 hours.",
            "no box was heard on that day, not even later.", *days, steps=_SHARES, named=False,
        )),
        (6, panels.by_hour(
            "Minutes cut, by hour (UTC)",
            "For each hour of the day in UTC, how long the average network was cut in the time that is looked at; "
            "choose a week or more to see a curfew.", empty, now(_cut_by_hour("vector(time())")), unit="m",
            colour=VERDICTS["cut_off"].fill,
        )),
        (6, panels.by_hour(
            "Minutes cut, by hour (local)",
            "The same by the clocks of the country, as they stood at each moment: through a change of summer time a "
            "curfew that is kept by the clock stays in its hours here.",
            f"{empty} Or no hub states the offset.", now(_cut_by_hour(f"vector(time()) + on () ({_OFFSET})")), unit="m",
            colour=VERDICTS["cut_off"].fill,
        )),
    ))  # fmt: skip


def _earlier(expr: str, days: int) -> str:
    """The same some days before: every selector of raw.reach ends in a brace."""
    return f"({expr.replace('}', f'}} offset {days}d')})"


BOARD = Board(
    uid="didban-country",
    says=(
        "One country: what each network reaches, what each service is on it, early warnings, and the hours of cuts, in "
        "UTC and local time."
    ),
    back="24h",
    choices=(choices.country(one=True), choices.network(), choices.service()),
    marks='country=~"$country|", network=~"$network|", service=~"$service|"',
    shelves=(_here(), _reach(), _services(), _early(), _hours()),
)
