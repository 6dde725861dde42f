"""`make demo`: the evening of 21 September 2022 in fast motion, on the terminal; no internet needed, none reached."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tests.lab import enter, world
from tests.lab.evening import EVENING, NETWORKS, SERVICES, Evening, Key, Told, verdicts
from tests.lab.lab import Lab, scratch
from tests.lab.world import FIXED, MOBILE

_COLOURS = {"ok": "green", "blocked": "bold red", "cut_off": "bold magenta", "down": "yellow", "mixed": "yellow"}
_NAMES = {MOBILE: f"{MOBILE} mobile", FIXED: f"{FIXED} fixed"}
_TITLES = {"whatsapp": "WhatsApp", "instagram": "Instagram", "imo": "imo", "vpn": "VPN"}


class Screen:
    """Draws the evening: live on a terminal, line by line elsewhere."""

    def __init__(self, console: Console, live: Live | None) -> None:
        self._console, self._live = console, live
        self._said: set[str] = set()
        self._verdicts: dict[tuple[str, str], str] = {}
        self._asked_s = 0.0

    def __call__(self, evening: Evening) -> None:
        if time.monotonic() - self._asked_s > 1:
            self._asked_s = time.monotonic()
            self._verdicts = verdicts(evening.lab)
        if self._live is not None:
            self._live.update(self.drawn(evening))
        else:
            self._say_what_is_new(evening)

    def drawn(self, evening: Evening) -> Group:
        title = evening.step.title if evening.step else "the laboratory is being built"
        head = Text.assemble(
            (f"{evening.clock:%d %B %Y  %H:%M} UTC", "bold"), f"   x{evening.lab.times:g}   ", (title, "bold cyan")
        )
        return Group(head, Text(), self._table(), Text(), self._arrived(evening))

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        table.add_column("network")
        for service in SERVICES:
            table.add_column(_TITLES[service])
        for net in NETWORKS:
            cells = (self._verdicts.get((net, service), "no data") for service in SERVICES)
            table.add_row(_NAMES[net], *(Text(word, style=_COLOURS.get(word, "dim")) for word in cells))
        return table

    def _arrived(self, evening: Evening) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), title_justify="left")
        for name in ("told", "alert", "", "about", "after", "= real", "by"):
            table.add_column(name, no_wrap=True)
        for cells in rows(evening):
            table.add_row(*cells)
        return table

    def _say_what_is_new(self, evening: Evening) -> None:
        title = evening.step.title if evening.step else ""
        if title and title not in self._said:
            self._said.add(title)
            self._console.print(f"{evening.clock:%H:%M} UTC  -- {title}")
        for cells in rows(evening):
            about, by = " ".join(cells[1:4]), cells[-1]
            if by == _BOTH and about not in self._said:
                self._said.add(about)
                self._console.print(f"           {'  '.join(cells)}", soft_wrap=True)


_BOTH = "mail, hook"


def rows(evening: Evening) -> Iterator[tuple[str, ...]]:
    """One row an alert: when it was first told, of what, how long after the onset of its step, by which ways."""
    first: dict[Key, Told] = {}
    ways: dict[Key, set[str]] = {}
    for told in sorted(evening.told, key=lambda each: each.at_s):
        first.setdefault(told.key, told)
        ways.setdefault(told.key, set()).add(told.by)
    times = evening.lab.times
    for each in first.values():
        labels = dict(each.key)
        minutes, seconds = divmod(round(each.delay_s * times), 60)
        yield (
            f"{Evening.clock_at(each.at_s, times):%H:%M}",
            labels["alertname"],
            labels["severity"],
            " ".join(labels[name] for name in ("network", "service", "vantage") if name in labels),
            f"{each.delay_s:.1f} s",
            f"{minutes} min {seconds:02} s",
            _BOTH if len(ways[each.key]) == 2 else {"smtp": "mail", "webhook": "hook"}[each.by],
        )


def main() -> int:
    if not enter.inside():
        if (why_not := enter.missing()) is not None:
            sys.stderr.write(f"demo: {why_not}\n")
            return 3
        return enter.enter([sys.executable, "-m", "tests.lab.demo"])
    console = Console(highlight=False)
    console.print("Building a country: two networks, four boxes inside, three controls and a hub abroad, and a liar.")
    with scratch() as folder, Lab(folder) as lab:
        lab.start_hub()
        for box in world.VANTAGES:
            lab.start_vantage(box)
        evening = Evening(lab)
        if console.is_terminal:
            with Live(console=console, refresh_per_second=4) as live:
                evening.show = Screen(console, live)
                evening.live(EVENING)
        else:
            evening.show = Screen(console, None)
            evening.live(EVENING)
        return _farewell(console, evening)


def _farewell(console: Console, evening: Evening) -> int:
    crossed = sum(evening.lab.stats()["crossed"].values())
    console.print()
    console.print(
        f"{len(evening.messages)} messages arrived. {crossed} packets crossed the middlebox; none left this machine. "
        f"ServiceUnblocked would follow after two hours (four minutes here)."
    )
    for late in evening.late:
        console.print(f"[red]{late}[/red]")
    return 1 if evening.late else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
