"""One box of ours: what it sees, what its line carries, what it keeps and has sent, and whether it is in its wits."""

from __future__ import annotations

from dashboards.grafana import choices, panels, raw, words
from dashboards.grafana.asking import Ask, now
from dashboards.grafana.board import Board, Shelf
from dashboards.palette import STATES, VERDICTS

_BOX = 'vantage="$vantage"'
_SCOPES = panels.in_turn("domestic", "international", "gateway")
_WELL, _ODD, _BAD = VERDICTS["ok"].fill, VERDICTS["mixed"].fill, VERDICTS["blocked"].fill
_UNHEARD = "the box was not heard, not even later."


def _last(series: str) -> str:
    """What it said last in the time looked at, of what has come home: a silent box has no present."""
    return f"max(last_over_time({series}{{{_BOX}}}[$__range]))"


def _now() -> Shelf:
    return Shelf("Here and now", 4, (
        (4, panels.number(
            "Last heard",
            "How long ago it last stated a tick in which a walk had finished, of what has come home.", _UNHEARD,
            now(f"time() - {_last('didban_heartbeat_timestamp_seconds')}"), unit="dtdurations",
            steps=((None, _WELL), (180, _ODD), (600, _BAD)), nothing="not heard",
        )),
        (4, panels.number(
            "Clock off by",
            "Its clock minus true time, as hosts abroad that proved themselves say. Over two minutes it is wrong.",
            "too few hosts said what time it is.", now(_last("didban_clock_offset_seconds")), unit="s",
            steps=((None, _BAD), (-120, _WELL), (120, _BAD)), nothing="unknown",
        )),
        (4, panels.number(
            "Not yet sent home", "Samples that no receiver has acknowledged, as the box said last.", _UNHEARD,
            now(_last("didban_ship_pending_samples")), unit="short",
            steps=((None, _WELL), (5000, _ODD), (500000, _BAD)),
        )),
        (4, panels.number(
            "Spool full", "How much of the room its spool may take is taken.", _UNHEARD,
            now(f"{_last('didban_spool_bytes')} / {_last('didban_spool_limit_bytes')}"), unit="percentunit",
            steps=((None, _WELL), (0.8, _ODD), (0.97, _BAD)),
        )),
        (4, panels.number(
            "Keeps since", "When the oldest walk was made that it still keeps.", _UNHEARD,
            now(f"{_last('didban_spool_oldest_timestamp_seconds')} * 1000"), unit="dateTimeAsIso",
        )),
        (4, panels.number(
            "Rounds missed",
            "Rounds that were due in the time looked at and were not walked, whatever the reason.", _UNHEARD,
            now(f"sum(increase(didban_schedule_missed_total{{{_BOX}}}[$__range]))"), unit="short",
            steps=((None, _WELL), (10, _ODD), (1000, _BAD)),
        )),
    ))  # fmt: skip


def _sees() -> tuple[Shelf, Shelf]:
    return (
        Shelf("What it sees", 10, (
            (12, panels.timeline(
                "Services, as this box says", "Its own word, unlike a verdict: interfered with proof in hand, broken "
                "without; insufficient where it can say nothing.", _UNHEARD,
                Ask(raw.state("didban_service_state", _BOX, "service"), "{{service}}"), table=STATES,
                links=[panels.link("This service", "didban-service", {"service": "service"})],
            )),
            (12, panels.rows(
                "What fails now", "The most frequent failure of each target that it does not reach, and proof in hand.",
                "it reaches all it walks, or is not heard.",
                now(f"max by (service, target, step, failure) (didban_target_failure{{{_BOX}}})"),
                now(f"max by (service, target, finding) (didban_target_finding{{{_BOX}}})"),
                columns={"service": "service", "target": "target", "step": "step", "failure": "failure",
                "finding": "finding"},
                widths={"service": 90, "target": 110, "step": 90, "failure": 170},
            )),
        )),
        Shelf("Its line", 9, (
            (12, panels.curves(
                "Canaries", "Share of usable hosts that answer, at its gateway, in its country and abroad: hosts "
                "nobody has a reason to block. What breaks with them is not broken by itself.", _UNHEARD,
                Ask(f"max by (scope) (didban_connectivity_ratio{{{_BOX}}})", "{{scope}}"), unit="percentunit",
                colours=_SCOPES,
                ceiling=1,
            )),
            (6, panels.curves(
                "Canaries set aside",
                "Hosts that say nothing of the line: dead for everybody, or answered by somebody nearer.",
                f"none is; or {_UNHEARD}", Ask(f"sum by (scope) (didban_canaries_set_aside{{{_BOX}}})", "{{scope}}"),
                unit="none", colours=_SCOPES,
            )),
            (6, panels.timeline(
                "Protocols that pass", "To hosts that are no watched service, asked every 15 minutes.",
                f"the protocol never passed on this line; or {_UNHEARD}",
                Ask(f"max by (protocol) (didban_protocol_up{{{_BOX}}})", "{{protocol}}"), table=words.PASSES,
                named=False,
            )),
        )),
    )  # fmt: skip


def _keeps() -> Shelf:
    return Shelf("What it keeps and sends", 8, (
        (6, panels.curves(
            "Spool", "Bytes on disk, and what they may grow to as the disk stands. What is full is thinned: what "
            "no receiver has had goes last.", _UNHEARD, Ask(f"max(didban_spool_bytes{{{_BOX}}})", "kept"),
            Ask(f"max(didban_spool_limit_bytes{{{_BOX}}})", "limit"), unit="bytes", dashed=["limit"],
        )),
        (6, panels.curves(
            "Waiting to go home", "Samples no receiver has acknowledged. It grows while every way home is closed, "
            "and falls when one opens.", _UNHEARD,
            Ask(f"max by (destination) (didban_ship_pending_samples{{{_BOX}}})",
            "waiting at {{destination}}"), unit="short",
        )),
        (6, panels.curves(
            "Time since it got through", "How long ago a receiver last took something.",
            f"nothing was ever taken; or {_UNHEARD}",
            Ask(f"time() - max(didban_ship_last_success_timestamp_seconds{{{_BOX}}})",
            "since the last success"), unit="s",
        )),
        (6, panels.rows(
            "Lost or set aside",
            "In the time looked at: what was given up for want of room, and what a receiver will not take.",
            "nothing; or the box was not heard.",
            now(f"sum by (what) (increase(didban_spool_lost_total{{{_BOX}}}[$__range])) > 0"),
            now(f"sum by (reason) (increase(didban_ship_quarantined_total{{{_BOX}}}[$__range])) > 0"),
            columns={"what": "lost", "reason": "set aside", "Value #A": "walks", "Value #B": "samples"},
        )),
    ))  # fmt: skip


def _wits() -> Shelf:
    late = "didban_schedule_lateness_seconds_bucket"
    return Shelf("Is it in its wits", 8, (
        (6, panels.curves(
            "Clock", "Its clock minus true time, either way.", "too few hosts said what time it is.",
            Ask(f"abs(max(didban_clock_offset_seconds{{{_BOX}}}))", "off by"), unit="s",
            marks=((None, "transparent"), (120, _BAD)),
        )),
        (6, panels.curves(
            "Lateness", "How long after it was due a round began: nine of ten began within this.",
            "only a Prometheus that scrapes the box itself has this; it is not shipped home.",
            Ask(f"histogram_quantile(0.9, sum by (le) (rate({late}{{{_BOX}}}[$__rate_interval])))",
            "nine of ten"), unit="s",
        )),
        (6, panels.curves(
            "Rounds not walked",
            "By reason: overlap (the one before still ran), late, or a limit on starts or bytes.", _UNHEARD,
            Ask(f"sum by (reason) (rate(didban_schedule_missed_total{{{_BOX}}}[$__rate_interval])) * 60",
            "{{reason}}"),
            unit="rpm", colours=panels.in_turn("overlap", "late", "limit"),
        )),
        (6, panels.curves(
            "Bytes on the line", "What its walks and its reports cost the household, both ways.", _UNHEARD,
            Ask(f"sum by (purpose) (rate(didban_bytes_total{{{_BOX}}}[$__rate_interval]))", "{{purpose}}"), unit=
            "Bps",
            colours=panels.in_turn("walk", "ship"),
        )),
    ))  # fmt: skip


BOARD = Board(
    uid="didban-vantage",
    says="One box of ours: what it sees, its canaries and protocols, its spool and its way home, its clock and its "
    "schedule.",
    back="24h",
    choices=choices.anywhere(),
    marks='country=~"$country|", network=~"$network|", vantage=~"$vantage|"',
    shelves=(_now(), *_sees(), _keeps(), _wits()),
)
