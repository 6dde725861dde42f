"""What it means to watch a country: until when, and what it costs, in words that are said before it is done."""

from __future__ import annotations

import datetime
import re

from monitor.hub.registry import Registry, moment
from probes.doors.schema import seconds
from probes.words import Role

LONGEST_S = 60 * 86400.0


def until(given: str, now_ms: int) -> str:
    """A date (its first moment, UTC), an RFC 3339 time, or a duration from now, as the registry keeps it.

    Raises ValueError.
    """
    try:
        at_ms = now_ms + int(seconds(given) * 1000)
    except ValueError:
        try:
            at_ms = moment(f"{given}T00:00:00Z" if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", given) else given)
        except ValueError:
            raise ValueError("must be a date, a time such as 2026-12-01T00:00:00Z, or a duration such as 7d") from None
    if at_ms <= now_ms:
        raise ValueError("is over already")
    if at_ms > now_ms + LONGEST_S * 1000:
        raise ValueError("is more than 60 days away: what pages for ever is soon read by nobody")
    return at(at_ms)


def at(at_ms: int) -> str:
    """As RFC 3339 has it, to the second."""
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def price(registry: Registry, country: str) -> str:
    """No figure is made up: none was measured."""
    boxes = [each for each in registry.vantages.values() if each.role is Role.INSIDE and each.country == country]
    lines = {each.cohort or each.id for each in boxes if each.network and each.id not in registry.paused}
    have = f"{len(lines)} line{'s' if len(lines) != 1 else ''} of yours in {country}"
    return f"""\
What it costs: while {country} is watched, one line that falls silent is a page (NetworkSilent), where otherwise it is
a ticket unless a second line falls silent with it. So every reboot, power cut or loose cable that keeps one box silent
for more than about three minutes wakes somebody. {have} can do that.
How many false pages a week that makes was not measured yet, so no figure is given here. Before you decide, count how
often your boxes there fell silent in an ordinary week: VantageSilent and NetworkSilent in your alert history."""
