"""Whether Didban itself works: is it heard, does the hub take and pass on, do rules run, do messages reach people."""

from __future__ import annotations

from dashboards.grafana import panels, words
from dashboards.grafana.asking import Ask, now
from dashboards.grafana.board import Board, Shelf
from dashboards.palette import SEVERITIES, VERDICTS

_WELL, _ODD, _BAD = VERDICTS["ok"].fill, VERDICTS["mixed"].fill, VERDICTS["blocked"].fill
_EXPECTED = "(max by (vantage, role, country) (didban_vantage_expected) unless on (vantage) didban_vantage_paused == 1)"
_HEARD = "max by (vantage, role, country) (didban_heartbeat_timestamp_seconds)"
_NO_HUB = "no hub writes here: a single machine with `didban up` has none."
_NOT_SCRAPED = "nobody scrapes {} into this database: deploy/prometheus does."
_OURS = 'rule_group=~".*;didban.*"'


def _now() -> Shelf:
    role = "count by (role) ({} and on (vantage) " + _EXPECTED + ")"
    lasting = (
        'count by (alertname) (ALERTS{alertstate="firing", product="didban", family="own", alertname!="Watchdog"})'
    )
    return Shelf("Is anybody told", 5, (
        (4, panels.number(
            "Alerting", "Whether the alert that always fires does. Without it nobody is told anything.",
            "alerting is dead, or its rules are not loaded.", now(
            'max(ALERTS{alertname="Watchdog", product="didban"})'),
            unit="none", table=words.LIVES, nothing="▲ dead",
        )),
        (4, panels.number(
            "Boxes heard", "Of the boxes somebody waits for, the share that is heard: inside, and controls. With fewer "
            "than two controls nothing can be said of a block.", "no box is expected.",
            now(f"{role.format(_HEARD)} / count by (role) ({_EXPECTED})", "{{role}}"), unit="percentunit", named=True,
            steps=((None, _BAD), (0.5, _ODD), (0.8, _WELL)),
        )),
        (4, panels.number(
            "Paused", "Boxes whose silence is agreed.", "no hub says so.",
            now("count(didban_vantage_paused == 1) or 0 * count(didban_vantage_expected)"), unit="none", nothing="none",
        )),
        (12, panels.rows(
            "What Didban says of itself", "Alerts of its own health that fire now.",
            "all is well, or alerting is dead.",
            now(
            f"max by (severity, alertname, vantage, country) (ALERTS{{family=\"own\"}}) and on (alertname) {lasting}"),
            columns={"severity": "severity", "alertname": "alert", "country": "country", "vantage": "box"},
            words={"severity": SEVERITIES},
            links={"box": panels.link("This box", "didban-vantage", {"vantage": "vantage"})},
        )),
    ))  # fmt: skip


def _fleet() -> Shelf:
    who = "vantage, role, country, network"
    return Shelf("The fleet", 10, (
        (10, panels.timeline(
            "Who is heard", "Every box that is expected: a gap is silence that nothing has filled since.",
            "no box is expected.",
            Ask(f"max by ({who}) (didban_vantage_expected) * on (vantage) group_left () (count by (vantage) ({_HEARD}) "
            "or 0 * count by (vantage) (didban_vantage_expected))",
                "{{vantage}}"),
            table={"silent": VERDICTS["unknown"], "heard": VERDICTS["ok"]}, named=False,
            links=[panels.link("This box", "didban-vantage", {"vantage": "vantage"})],
        )),
        (7, panels.curves(
            "Rounds not walked", "Over all boxes, by reason: overlap, late, or a limit.", "no box is heard.",
            Ask("sum by (reason) (rate(didban_schedule_missed_total[$__rate_interval])) * 60",
            "{{reason}}"), unit="rpm",
            colours=panels.in_turn("overlap", "late", "limit"),
        )),
        (7, panels.rows(
            "What they run", "Catalogue, judge and build on which each box's words rest: more than one of each is an "
            "update under way, or forgotten.", "no box is heard.",
            now("count by (catalogue, judge, build, contract) (didban_method_info)"), by="boxes",
            columns={"catalogue": "catalogue", "judge": "judge", "build": "build", "contract": "contract",
                     "Value": "boxes"},
            widths={"catalogue": 95, "judge": 60, "build": 65, "contract": 75, "boxes": 60},
        )),
    ))  # fmt: skip


def _hub() -> Shelf:
    return Shelf("The hub", 8, (
        (6, panels.curves(
            "Batches from boxes", "What boxes handed in, by what became of it.", _NO_HUB,
            Ask("sum by (result) (rate(didban_hub_batches_total[$__rate_interval])) * 60", "{{result}}"), unit="rpm",
            colours={"taken": _WELL},
        )),
        (6, panels.curves(
            "Waiting for the database", "Samples the hub took and the database does not have yet.", _NO_HUB,
            Ask("sum(didban_hub_queue_samples)", "waiting"), unit="short",
        )),
        (6, panels.curves(
            "Since the database took something", "How long ago the database last took what a box wrote.", _NO_HUB,
            Ask("time() - max(didban_hub_forward_last_success_timestamp_seconds)", "since the last success"), unit="s",
        )),
        (6, panels.curves(
            "Set aside", "Samples the database will not take, in the time looked at so far.",
            f"{_NO_HUB} With one, a line at zero is what it should be.",
            Ask("sum by (reason) (rate(didban_hub_quarantined_total[$__rate_interval])) * 60",
            "{{reason}}"), unit="cpm",
        )),
    ))  # fmt: skip


def _told() -> tuple[Shelf, Shelf]:
    took = f"prometheus_rule_group_last_duration_seconds{{{_OURS}}}"
    every = f"prometheus_rule_group_interval_seconds{{{_OURS}}}"
    by = "rule_group"
    return (
        Shelf("Rules", 8, (
            (8, panels.curves(
                "How much of their time rules take",
                "The group that takes most of its interval: at 100 % rules fall behind.",
                _NOT_SCRAPED.format("Prometheus"), Ask(f"max({took} / on ({by}) {every})", "the dearest group"),
                unit="percentunit", marks=((None, "transparent"), (0.8, _BAD)),
            )),
            (8, panels.curves(
                "Rules that failed or were missed",
                "A failed evaluation is a sentence nobody hears; a missed one is a moment nobody looked at.",
                _NOT_SCRAPED.format("Prometheus"),
                Ask(f"sum(rate(prometheus_rule_evaluation_failures_total{{{_OURS}}}[$__rate_interval])) * 60",
                "failed"),
                Ask(f"sum(rate(prometheus_rule_group_iterations_missed_total{{{_OURS}}}[$__rate_interval])) * 60",
                "missed"),
                unit="cpm",
            )),
            (8, panels.curves(
                "Series", "What the database holds just now: its memory follows.", _NOT_SCRAPED.format("Prometheus"),
                Ask("max(prometheus_tsdb_head_series)", "series"), unit="short",
            )),
        )),
        Shelf("Delivery", 8, (
            (6, panels.curves(
                "From rules to Alertmanager", "Alerts handed over, and those that could not be.",
                _NOT_SCRAPED.format("Prometheus"),
                Ask("sum(rate(prometheus_notifications_sent_total[$__rate_interval])) * 60", "sent"),
                Ask("sum(rate(prometheus_notifications_errors_total[$__rate_interval])) * 60", "errors"),
                Ask("sum(rate(prometheus_notifications_dropped_total[$__rate_interval])) * 60", "dropped"), unit="cpm",
            )),
            (6, panels.curves(
                "From Alertmanager to people", "Messages sent, and requests that failed.",
                _NOT_SCRAPED.format("Alertmanager"),
                Ask("sum(rate(alertmanager_notifications_total[$__rate_interval])) * 60", "sent"),
                Ask("sum(rate(alertmanager_notification_requests_failed_total[$__rate_interval])) * 60", "failed"),
                unit="cpm",
            )),
            (12, panels.rows(
                "From the relay to people", "Messages the hub's relay carries itself, by way and what became of them.",
                "no hub with a relay writes here.", now("sum by (hub, way, state) (didban_hub_relay_messages)"),
                columns={"hub": "hub", "way": "way", "state": "state", "Value": "messages"}, by="messages",
            )),
        )),
    )  # fmt: skip


BOARD = Board(
    uid="didban-itself",
    says="Whether Didban itself works: who is heard, what the hub takes and passes on, what rules cost, who is told.",
    back="24h",
    choices=(),
    marks='family="own"',
    shelves=(_now(), _fleet(), _hub(), *_told()),
)
