"""Services: when one is said to be blocked, reached again, or down for everyone. Rows, held to the rules by a test."""

from __future__ import annotations

from monitor.explaining.rows import Condition, Explanation, Needs, Place, Unit, Way

_SPEAKING = (
    "didban:service_control_ok:count{$name}"
    " + on (service) (didban:service_control_fails:count{$name} or 0 * didban:service_control_ok:count{$name})"
    " or didban:service_control_fails:count{$name}"
)

_FAILING = (
    "didban:service_control_fails:count{$name} / (didban:service_control_fails:count{$name} + on (service)"
    " (didban:service_control_ok:count{$name} or 0 * didban:service_control_fails:count{$name}))"
)

BLOCKED = Explanation(
    "ServiceBlocked",
    Place.SERVICE,
    "fails on lines that reach abroad, while controls reach it; it worked here before",
    begins=(
        Way(
            "by what our lines and our controls say",
            (
                Condition(
                    "the network itself is cut off",
                    "didban:service_cut_off:bool{$service}",
                    Needs.NOT_THERE,
                    unit=Unit.BARE,
                    otherwise="In a network that is cut no service is blocked: all of them are cut off.",
                ),
                Condition(
                    "lines of ours there that reach abroad (over 80 %) and do not reach it",
                    "didban:service_failing:lines{$service}",
                    Needs.AT_LEAST,
                    1,
                    unknown="No line there says that it fails: it is reached, or a line says too little to count.",
                ),
                Condition(
                    "networks abroad in which a healthy control says anything of it",
                    _SPEAKING,
                    Needs.AT_LEAST,
                    2,
                    otherwise="With fewer than two controls nobody can tell a block from an outage of the service.",
                    unknown="No control says anything of it. One that reaches less than 80 % of its own canaries is"
                    " left out. So a block cannot be told from an outage of the service.",
                ),
                Condition(
                    "networks abroad in which it fails as well, where that is two thirds of them or more",
                    "didban:service_down:ratio{$name}",
                    Needs.NOT_THERE,
                    unit=Unit.SHARE,
                    otherwise="It is down for everyone: see ServiceDown.",
                ),
                Condition(
                    "controls that reached it within 5 minutes and now do not",
                    "didban:service_control_doubt:count{$name}",
                    Needs.NOT_THERE,
                    otherwise="A control is being asked again: it may be an outage that begins. Wait for what it says.",
                ),
                Condition(
                    "share of the lines that say anything of it and say blocked",
                    'didban:service_verdict:lines{verdict="blocked",$service}'
                    " / on (country, network, service) group_left () didban:service_speaking:lines{$service}",
                    Needs.AT_LEAST,
                    0.666,
                    Unit.SHARE,
                    otherwise="The lines there do not agree: on some of them it is reached, or refused.",
                    unknown="No line says blocked: nothing fails there, or our controls cannot say whose fault it is.",
                ),
                Condition(
                    "when it was last reached there, within 14 days",
                    "didban:service_worked:timestamp{$service}",
                    Needs.THERE,
                    unit=Unit.MOMENT,
                    otherwise="It was never seen to work on this network: it is standing, and no news.",
                ),
                Condition(
                    "it stands on a dated list of what is blocked in that country",
                    "didban:service_standing:listed{$country,$name}",
                    Needs.NOT_THERE,
                    unit=Unit.BARE,
                    otherwise="It is listed as blocked there: it is standing, and no news.",
                ),
                Condition(
                    "was down for everyone within 10 minutes",
                    "max_over_time(didban:service_down:ratio{$name}[10m1s])",
                    Needs.NOT_THERE,
                    unit=Unit.SHARE,
                    otherwise="It comes back from an outage of its own: lines that are later are not blocked.",
                ),
                Condition(
                    "said blocked a minute ago as well",
                    'didban:service_verdict{verdict="blocked",$service} offset 1m',
                    Needs.THERE,
                    unit=Unit.BARE,
                    otherwise="It is less than a minute old.",
                ),
                Condition(
                    "waited for other networks that may be blocked too (up to 3 minutes)",
                    "didban:service_block_told:timestamp{$service}",
                    Needs.THERE,
                    unit=Unit.MOMENT,
                    otherwise="It still waits for other networks, so that one message tells of all of them.",
                ),
            ),
        ),
    ),
    holds=(
        Condition(
            "a block in the last 24 hours that was not seen to end, or did so less than half an hour ago",
            "didban:service_block:timestamp{$service}",
            Needs.THERE,
            unit=Unit.MOMENT,
        ),
    ),
    page=(
        Way(
            "sure, and of a service that wakes people",
            (
                Condition(
                    "two lines said so, or a proof of interference was in hand",
                    "didban:service_block_sure:timestamp{$service}",
                    Needs.THERE,
                    unit=Unit.MOMENT,
                    otherwise="One line's word without proof is a ticket.",
                ),
                Condition(
                    "its service file says `page: true`",
                    'last_over_time(didban:service_info:max{page="true",$name}[1d])',
                    Needs.THERE,
                    unit=Unit.BARE,
                    otherwise="A block of this service wakes nobody: its service file does not say `page: true`.",
                ),
            ),
        ),
    ),
)

UNBLOCKED = Explanation(
    "ServiceUnblocked",
    Place.SERVICE,
    "reached again for two hours; told for one",
    begins=(
        Way(
            "by the lines that had shown the block",
            (
                Condition(
                    "when it was last blocked there",
                    "didban:service_last_blocked:timestamp{$service}",
                    Needs.THERE,
                    unit=Unit.MOMENT,
                    otherwise="It was not blocked there, so it cannot be unblocked.",
                ),
                Condition(
                    "is reached there now",
                    'didban:service_verdict{verdict="ok",$service}',
                    Needs.THERE,
                    unit=Unit.BARE,
                    otherwise="It is not reached on most lines there, or too few of them say anything.",
                ),
                Condition(
                    "for how long nothing else was said",
                    "time() - last_over_time(didban:service_not_ok:timestamp{$service}[4h1s])",
                    Needs.MORE,
                    7200,
                    Unit.LENGTH,
                    otherwise="Two hours are waited for: blocks flicker.",
                    unknown="Nothing else was said for four hours: it was told before.",
                ),
                Condition(
                    "... and told for one hour",
                    "time() - last_over_time(didban:service_not_ok:timestamp{$service}[4h1s])",
                    Needs.LESS,
                    10800,
                    Unit.LENGTH,
                    otherwise="It was told before.",
                    unknown="It was told before.",
                ),
                Condition(
                    "told before, since it was last blocked",
                    "last_over_time(didban:service_unblocked:timestamp{$service}[24h] offset 65m)"
                    " >= on (country, network, service) didban:service_last_blocked:timestamp{$service}",
                    Needs.NOT_THERE,
                    unit=Unit.MOMENT,
                    otherwise="It was told before.",
                ),
            ),
        ),
    ),
)

DOWN = Explanation(
    "ServiceDown",
    Place.SERVICE,
    "fails at the controls too: an outage of its own",
    begins=(
        Way(
            "by our controls",
            (
                Condition(
                    "networks abroad in which healthy controls do not reach it",
                    "didban:service_control_fails:count{$name}",
                    Needs.AT_LEAST,
                    2,
                    otherwise="One network abroad is not everyone.",
                    unknown="Every healthy control that says anything reaches it.",
                ),
                Condition(
                    "... of all that say anything",
                    _FAILING,
                    Needs.AT_LEAST,
                    0.666,
                    Unit.SHARE,
                    otherwise="Most controls reach it: it is not down for everyone.",
                    unknown="Every healthy control that says anything reaches it.",
                ),
                Condition(
                    "... a minute ago as well",
                    "didban:service_down:ratio{$name} offset 1m",
                    Needs.THERE,
                    unit=Unit.SHARE,
                    otherwise="It is less than a minute old.",
                ),
                Condition(
                    "our own list of addresses for it is in doubt",
                    "last_over_time(didban:service_quarantined:timestamp{$name}[15m1s])",
                    Needs.NOT_THERE,
                    unit=Unit.MOMENT,
                    otherwise="What we walk of it fails everywhere at once: CatalogueOld, our list may be stale.",
                ),
            ),
        ),
    ),
)

SERVICES = (BLOCKED, UNBLOCKED, DOWN)
