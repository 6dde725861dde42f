"""What a bench hands back: a figure beside its peer's, as rows of `bench.json` and of a table. Measures nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table


class Missing(Exception):
    """A bench cannot be run here; the message says in one line what is missing."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` and `peer_value` are in `unit`; `peer` None: nobody does the same work. `more_is_better`: a rate."""

    name: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """`value` over `peer_value`."""
        return self.value / self.peer_value if self.peer_value else None


def write(path: Path, figures: Iterable[Figure]) -> None:
    """`{name: {value, unit, peer, peer_value, ratio}}`, four significant digits each; what was not measured stays."""
    kept = json.loads(path.read_text()) if path.is_file() else {}
    rows = kept | {
        each.name: {
            "value": _rounded(each.value),
            "unit": each.unit,
            "peer": each.peer,
            "peer_value": _rounded(each.peer_value),
            "ratio": _rounded(each.ratio),
        }
        for each in figures
    }
    path.write_text(json.dumps(rows, indent=2) + "\n")


def table(figures: Sequence[Figure]) -> Table:
    """The same for a person; the ratio is green where Didban does better than its peer by a tenth, red where worse."""
    drawn = Table(title="Didban beside its peers, measured in turn in one run: only the ratios travel")
    for title in ("bench", "Didban", "unit", "peer", "peer's", "ratio"):
        drawn.add_column(title, justify="right" if title in ("Didban", "peer's", "ratio") else "left", no_wrap=True)
    for each in figures:
        drawn.add_row(
            each.name, _text(each.value), each.unit, each.peer or "-", _text(each.peer_value), _coloured(each)
        )
    return drawn


def _coloured(figure: Figure) -> str:
    if figure.ratio is None:
        return "-"
    cost = 1 / figure.ratio if figure.more_is_better else figure.ratio
    colour = "green" if cost < 0.9 else "red" if cost > 1.1 else "default"
    return f"[{colour}]{figure.ratio:.2f}[/]"


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.4g}")


def _text(number: float | None) -> str:
    if number is None:
        return "-"
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
