"""Whether the ways that are named are enough for a page: two that do not fall together, one that is not watched."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from monitor.notify.settings import Notify, Ways

_THROUGH = {  # which watched service a way goes through, if its catalogue row is there
    "telegram": "telegram",
    "signal": "signal",
}


def notices(notify: Notify, watched: Collection[str]) -> Iterator[str]:
    """What is to be said of `notify:`. `watched`: the ids of services that are measured here."""
    ways = list(_names(notify))
    if not ways:
        yield "notify: nobody is told"
        return
    straight = [each for each in ways if each not in ("ntfy", "signal", "matrix")]
    if len(ways) < 2:
        yield f"notify: {ways[0]} is the only way for a page: give a second one that does not fail with it"
    elif not straight:
        yield f"notify: {', '.join(ways)} all leave through the relay: give one that does not, such as email"
    free = [each for each in ways if _THROUGH.get(each) not in watched]
    if not free:
        yield f"notify: {', '.join(ways)}: each goes through a service that is watched: name one that does not"
    if notify.watchdog is None:
        yield "notify: no watchdog: nobody outside hears when alerting itself is dead"
    if (notify.ntfy or notify.signal or notify.matrix) and notify.pages.url is None:
        yield 'notify: no pages.url: messages have no link "I have it", and links to runbooks lead to 127.0.0.1'


def _names(ways: Ways) -> Iterator[str]:
    for name in ("email", "telegram", "pagerduty", "webhook", "ntfy", "signal", "matrix"):
        if getattr(ways, name):
            yield name
