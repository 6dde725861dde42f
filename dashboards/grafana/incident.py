"""One window with all evidence in it: what was told at the time, what is known now, and what it rests on."""

from __future__ import annotations

from dashboards.grafana import choices, panels, raw, words
from dashboards.grafana.asking import Ask, held, now
from dashboards.grafana.board import Board, Shelf
from dashboards.palette import VERDICTS

_MARKS = 'country=~"$country|", network=~"$network|"'
_ABROAD, _HOME = VERDICTS["blocked"].fill, VERDICTS["throttled"].fill


def _figures() -> Shelf:
    none = f"or on ({raw.OF}) max by ({raw.OF}) ({raw.expected()}) * 0"
    minutes = f"sum_over_time(({raw.cut()} * 0 + 1)[$__range:1m]) {none}"
    silent = f"sum_over_time((({raw.network_state()} == {words.SILENT}) * 0 + 1)[$__range:1m]) {none}"
    lowest = f"min by ({raw.OF}) (min_over_time({raw.reach()}[$__range:1m]))"
    ticks = f"count_over_time(didban_heartbeat_timestamp_seconds{{{raw.INSIDE}}}[$__range])"
    spoke = f"count by ({raw.OF}) (max by ({raw.OF}, vantage) ({ticks}))"
    return Shelf("In figures", 9, ((24, panels.rows(
        "Each network in this window",
        "How long it was cut off (less than a fifth of what lies abroad answered) and how long nobody was heard, of "
        "all that has come home by now; the least it reached; of how many boxes there is evidence.",
        "no box of these networks was heard in this window, not even later.",
        now(minutes), now(silent), now(lowest), now(spoke),
        columns={
            "country": "country", "network": "network", "Value #A": "cut off for", "Value #B": "silent for",
            "Value #C": "least reach", "Value #D": "boxes with evidence",
        },
        units={"cut off for": "m", "silent for": "m", "least reach": "percentunit"}, by="cut off for",
    )),))  # fmt: skip


def _told() -> Shelf:
    return Shelf("What was told at the time, and what came to light later", 9, (
        (16, panels.timeline(
            "Told at the time",
            "Alerts while the rules said so live, by how loud they are. A box that is cut cannot report: live, a "
            "shutdown may have been known as silence only. This is never changed afterwards.",
            "no alert fired in this window.", Ask(raw.told(_MARKS), "{{alertname}} {{network}} {{service}} {{extent}}"),
            table=words.TOLD,
        )),
        (8, panels.timeline(
            "Known late",
            "What the rules would have said, had the evidence been there in time: the late look writes it into the "
            "past when a backlog has come home.",
            "nothing was learned later that was not told at the time, or no backlog is home yet.",
            Ask(f"{raw.late(_MARKS)} * 0 + {words.number(words.TOLD, 'page')}", "{{alert}} {{network}} {{service}}"),
            table=words.TOLD,
        )),
    ))  # fmt: skip


def _reach() -> tuple[Shelf, Shelf]:
    place = {"country": "country", "network": "network"}
    boxes = f"count by ({raw.OF}) ({raw.heard()})"
    return (
        Shelf("What networks reached, by all that is known now", 8, ((24, panels.timeline(
            "Networks", "More than 80 % of what lies abroad, in part, less than 20 % (cut off), or nobody heard "
            "(silent). Computed anew from what boxes measured, so that what came home late is in it.",
            "no box is expected in any of these networks.", held(raw.network_state(), "{{country}} {{network}}"),
            table=words.REACHES, links=[panels.link("This country", "didban-country", place)],
        )),)),
        Shelf("Why it is a shutdown, or is not", 8, (
            (8, panels.curves(
                "Abroad, and at home", "The network that reaches least abroad, and the one that reaches least at home. "
                "Abroad gone while home answers: consistent with a shutdown. Both gone: power, cables, a fault and an "
                "order look alike.",
                "no box of these networks was heard.", Ask(f"min({raw.reach()})", "abroad, the least"),
                Ask(f"min({raw.reach('domestic')})", "at home, the least"), unit="percentunit", ceiling=1,
                colours={"abroad, the least": _ABROAD, "at home, the least": _HOME},
            )),
            (8, panels.curves(
                "Others", "The network that reaches most abroad: a fault of ours would take all. And controls in other "
                "countries: if they reach nothing, it is not about this country.", "nobody was heard.",
                Ask(f"max({raw.reach()})", "abroad, the most"),
                Ask('quantile(0.5, didban_connectivity_ratio{role="control", scope="international"})', "controls"),
                Ask(f"min({raw.landmarks()})", "seen from outside, the least"), unit="percentunit", ceiling=1,
                dashed=["controls"],
            )),
            (8, panels.curves(
                "Boxes that measured", "How many boxes there is evidence of at each moment, whenever it came home, and "
                "how many are expected. The difference is what nobody knows.", "no box is expected there.",
                Ask(f"sum({boxes})", "measured"), Ask(f"count({raw.expected()})", "expected"), unit="none",
                dashed=["expected"],
            )),
        )),
    )  # fmt: skip


def _services() -> tuple[Shelf, Shelf]:
    about = {"country": "country", "service": "service", "network": "network"}
    failing = f'count by (step) (didban_target_failure{{{raw.INSIDE}, service=~"$service"}})'
    where = f'{raw.INSIDE}, service=~"$service"'
    found = f"count by (finding) ({raw.proof(where)})"
    return (
        Shelf("What services were, by all that is known now", 11, ((24, panels.timeline(
            "Services", "What two thirds of the boxes of a network say of each, compared with controls.",
            "no box of that network was heard, or none could say.", held(raw.verdict(), "{{network}} {{service}}"),
            table=VERDICTS, links=[panels.link("How it is done", "didban-service", about)],
        )),)),
        Shelf("What it rests on", 8, (
            (12, panels.curves(
                "Targets that fail, by step",
                "On which step walks stop: the name's lookup, the connection, the handshake, the page.",
                "every target was reached, or nobody was heard.", Ask(failing, "{{step}}"), unit="none", stacked=True,
                colours=panels.in_turn("resolve", "connect", "handshake", "knock", "fetch", "transfer"),
            )),
            (12, panels.curves(
                "Proof in hand",
                "How many targets on how many lines show each proof of interference.",
                "nobody held proof in this window.", Ask(found, "{{finding}}"), unit="none", stacked=True,
                colours=panels.in_turn(
                    "forged_dns_answer", "injected_dns_answer", "forged_certificate", "block_page", "injected_reset",
                    "name_filtered", "protocol_filtered", "unexpected_issuer",
                ),
            )),
        )),
    )  # fmt: skip


BOARD = Board(
    uid="didban-incident",
    says=(
        "One window with all evidence: what was told at the time, what is known now, and what it rests on. Choose the "
        "hours around an onset. Times in UTC."
    ),
    back="24h",
    choices=(choices.country(), choices.network(), choices.service()),
    marks=_MARKS,
    shelves=(_figures(), _told(), *_reach(), *_services()),
)
