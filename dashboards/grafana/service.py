"""One service: where it is blocked, at which step, with what failure and proof, and how slow it is beside controls."""

from __future__ import annotations

from dashboards.grafana import choices, panels, raw, recorded, words
from dashboards.grafana.asking import Ask, held, now
from dashboards.grafana.board import Board, Shelf
from dashboards.grafana.words import SAID
from dashboards.palette import STATES, VERDICTS

_WHERE = f'{raw.INSIDE}, service=~"$service"'
_CONTROLS = 'role="control", service=~"$service"'
_STEPS = ("resolve", "connect", "handshake", "knock", "fetch", "transfer")
_COLOURS = panels.in_turn(*_STEPS)
_SHARES = tuple((value, look.fill) for value, _, look in words.SHARES)


def _now() -> Shelf:
    return Shelf("Here and now", 4, (
        (6, panels.number(
            "Networks where it is blocked",
            "It fails there on lines that reach abroad, and controls reach it, as the rules say.",
            "no line says anything of it.", now(recorded.networks_blocked()), unit="none",
            steps=((None, VERDICTS["ok"].fill), (1, VERDICTS["blocked"].fill)),
        )),
        (6, panels.number(
            "Networks of controls", "How many networks elsewhere reach it, and how many do not. Two and more must "
            "reach it before anybody speaks of a block.", "no healthy control walks it.",
            now(f"sum({raw.controls('ok|slow')})", "reach it"),
            now(f"sum({raw.controls('broken|interfered')}) or 0 * sum({raw.controls('ok|slow')})", "do not"),
            unit="none", named=True,
        )),
        (6, panels.number(
            "Lines with proof", "Lines with a finding in hand that shows interference, and no mere failure.",
            "no line has proof; a failure alone proves nothing.",
            now(f"count(group by (vantage) ({raw.proof(_WHERE)}))"), unit="none", nothing="none",
            steps=((None, VERDICTS["blocked"].fill),),
        )),
        (6, panels.number(
            "A block wakes people", "Whether its service file says that a block is worth a page.", "no hub states it.",
            now('max(didban_service_info{service=~"$service", page="true"}) or 0 * '
            'max(didban_service_info{service=~"$service"})'),
            unit="bool_yes_no",
        )),
    ))  # fmt: skip


def _where() -> Shelf:
    place = {"country": "country", "network": "network"}
    box = {"country": "country", "network": "network", "vantage": "vantage"}
    return Shelf("Where", 9, (
        (12, panels.timeline(
            "On each network",
            "What the rules said of it at the time: what two thirds of the lines of a network say, compared with "
            "controls. Blocks and cuts of which they did not know are drawn when they come to light. More since: boxes "
            "that were not heard then have come home, and may say otherwise. Came late: nobody else was heard. What "
            "such boxes measured stands beside this, line by line, and in Country, computed anew.",
            "no box of that network was heard, not even later, or nobody evaluates the rules.",
            held(recorded.verdict(), "{{country}} {{network}}"), table=SAID,
            links=[panels.link("This country", "didban-country", place)],
        )),
        (12, panels.timeline(
            "On each line",
            "What each box says by itself. No box says blocked: interfered means that it holds proof of interference, "
            "broken that it does not.", "that box was not heard, not even later.",
            Ask(raw.state("didban_service_state", _WHERE, f"{raw.OF}, vantage"),
            "{{network}} {{vantage}}"), table=STATES,
            links=[panels.link("This box", "didban-vantage", box)],
        )),
    ))  # fmt: skip


def _how() -> Shelf:
    by_step = f"count by (step) (didban_target_failure{{{_WHERE}}})"
    by_finding = f"count by (finding) (group by (finding, vantage) ({raw.proof(_WHERE)}))"
    fails = "on which step the walk of a target stops: the name's lookup, the connection, the handshake, the page."
    return Shelf("How", 9, (
        (8, panels.curves(
            "Targets that fail, by step",
            f"Of all targets on all lines, {fails} Many steps at once: many ways of blocking.",
            "every target is reached, or nobody is heard.", Ask(by_step, "{{step}}"), unit="none", colours=_COLOURS,
            stacked=True,
        )),
        (8, panels.shares(
            "Which part of it fails",
            "Share of lines that do not reach each of its targets: chat, media, registration may go one by one.",
            "nobody is heard.", Ask(f"1 - avg by (target) (didban_target_up{{{_WHERE}}})", "{{target}}"),
            steps=_SHARES,
        )),
        (8, panels.shares(
            "Proof in hand",
            "Of the lines that are heard, the share that holds each proof. An address that is filtered is none: "
            "the provider may do the same.", "no line has proof in hand.",
            Ask(f"{by_finding} / on () group_left () count({raw.heard()})", "{{finding}}"), steps=_SHARES,
        )),
    ))  # fmt: skip


def _detail() -> Shelf:
    by = "network, target, step, failure"
    return Shelf("How, in detail", 10, (
        (10, panels.rows(
            "Failures now", "What each target fails with most often, on how many lines.",
            "every target is reached.",
            now(f"count by ({by}) (didban_target_failure{{{_WHERE}}})"), by="lines",
            columns={
                "network": "network", "target": "target", "step": "step", "failure": "failure", "Value": "lines",
            },
            widths={"network": 85, "target": 100, "step": 80, "failure": 185},
        )),
        (8, panels.rows(
            "Proof now", "Findings in hand, on how many lines.", "no line has proof in hand.",
            now(f"count by (network, target, finding) ({raw.proof(_WHERE)})"), by="lines",
            columns={"network": "network", "target": "target", "finding": "finding", "Value": "lines"},
            widths={"network": 85, "target": 100, "finding": 155},
        )),
        (6, panels.rows(
            "What it answered last",
            "The class of the last authenticated answer, inside and at controls. Refused here and served there is "
            "the service's own doing, and no block.", "it speaks no HTTP, or nobody has reached it.",
            now(f"count by (role, target, answer) (didban_target_answer{{{_WHERE}}} or "
            f"didban_target_answer{{{_CONTROLS}}})"),
            columns={"role": "seen from", "target": "target", "answer": "answer", "Value": "lines"}, by="lines",
            widths={"seen from": 80, "target": 100, "answer": 70},
        )),
    ))  # fmt: skip


def _speed() -> Shelf:
    def median(where: str) -> str:
        return f"quantile by (step) (0.5, didban_step_duration_seconds{{{where}}})"

    colours = {f"{step}, {who}": colour for step, colour in _COLOURS.items() for who in ("inside", "controls")}

    def pairs(who: str) -> str:
        """Rows of `transfers` begin with the name of the service they are about."""
        own = f'didban_transfer_ratio{{{who}, service=~"$service"}}'
        return f'quantile(0.5, didban_transfer_ratio{{{who}, service="transfers", target=~"($service).*"}} or {own})'

    return Shelf("Delay and rate", 9, (
        (12, panels.curves(
            "Delay of each step",
            "How long a step took when it last succeeded: the median of lines inside (unbroken), and of controls "
            "(broken line). What fails has no delay.", "it is reached nowhere, or nobody is heard.",
            Ask(median(_WHERE), "{{step}}, inside"), Ask(median(_CONTROLS), "{{step}}, controls"), unit="s",
            colours=colours,
            dashed=[f"{step}, controls" for step in _STEPS],
        )),
        (12, panels.curves(
            "How much slower under its name",
            "The same bytes under a neutral name and under the tested one, fetched in pairs: 3 is three times slower, "
            "which is called throttled where no control sees the same.",
            "no transfers are measured for it: they are chosen, for they cost bytes.",
            Ask(pairs(raw.INSIDE), "inside"),
            Ask(pairs('role="control"'), "controls"), unit="none",
            dashed=["controls"], marks=((None, "transparent"), (3, VERDICTS["blocked"].fill)),
        )),
    ))  # fmt: skip


BOARD = Board(
    uid="didban-service",
    says="One service: where it is blocked, how (by step, failure and proof), and its delay and rate against controls.",
    back="24h",
    choices=(choices.country(), choices.network(), choices.service(one=True)),
    marks='country=~"$country|", network=~"$network|", service=~"$service|"',
    shelves=(_now(), _where(), _how(), _detail(), _speed()),
)
