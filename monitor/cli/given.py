"""What a dossier is made of, as it was given on the command line: spools, exports, a database, and who runs the hub."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.common import WRONG_USE, fail, loaded, refuse
from monitor.cli.look import is_hub
from monitor.disk.file import Unusable
from monitor.evidence import given, lines
from monitor.evidence.given import Part
from monitor.evidence.lines import Box
from monitor.evidence.window import Window
from monitor.home import querying
from monitor.home.querying import Far, Unanswered
from monitor.settings import ClientTls
from monitor.stored.recalled import Recalled

if TYPE_CHECKING:
    from monitor.config import Loaded
    from monitor.hub.settings import LoadedHub

_BEFORE_MS = 2 * 3_600_000  # what rules remember when the window begins (monitor/dossier/played.py)
_NONE = "give spools (--storage.path), folders of `didban export --sealed` (--from) or a hub's database (--query)"


@dataclass(frozen=True, slots=True)
class Told:
    """`exports`, `spools`: folders. `query`: a database instead of the configured one."""

    config_file: Path
    spools: Sequence[Path]
    exports: Sequence[Path]
    query: str | None
    key: str | None


@dataclass(slots=True)
class Given:
    """`weights`: by network, the share of the country's users and who says so. `spools`: folders that were read."""

    boxes: list[Box]
    exports: list[Part]
    spools: Sequence[Path]
    config: Loaded | None
    weights: Mapping[str, tuple[float, str]] = field(default_factory=dict)


def given_by(told: Told, country: str, window: Window, stack: contextlib.ExitStack) -> Given:
    """Opens all of it; `stack` closes it. Raises Unusable."""
    hub = _hub(told.config_file)
    bare = not (told.spools or told.exports or told.query)
    config = loaded(told.config_file) if hub is None and (bare or told.config_file.is_file()) else None
    spools = told.spools or ([config.path(config.config.storage.path)] if config and bare else [])
    kept = lines.boxes(spools, told.key)
    for box in kept:
        stack.callback(box.kept.close)
    far = _database(told.query, hub)
    names = _names() if told.exports or far else frozenset[str]()
    sent = _sent(far, country, window, names) if far is not None else {}
    parts = given.parts(told.exports)
    cohorts = {each.id: each.cohort for each in hub.registry.vantages.values()} if hub else {}
    found = given.boxes(kept, parts, sent, names, cohorts)
    if not found and hub is not None:
        fail(_NONE, WRONG_USE)
    rows = hub.registry.networks if hub else ()
    weights = {r.network: (r.weight, r.source) for r in rows if r.country == country and r.weight is not None}
    return Given(found, parts, spools, config, weights)


def _names() -> frozenset[str]:
    """Of every series rules read, and those that are shown themselves."""
    from monitor.dossier.played import wanted

    return wanted()


def _hub(file: Path) -> LoadedHub | None:
    from monitor.hub import settings

    if not file.is_file() or not is_hub(file):
        return None
    found, mistakes = settings.load(file)
    if found is None:
        refuse(mistakes)
    return found


def _database(query: str | None, hub: LoadedHub | None) -> Far | None:
    if query is not None:
        return Far.of(query, None, ClientTls(), Path())
    forward = hub.config.forward if hub is not None else None
    if hub is None or forward is None or forward.query is None:
        return None
    return Far.of(forward.query, forward.basic_auth, forward.tls, hub.folder)


def _sent(far: Far, country: str, window: Window, names: frozenset[str]) -> Mapping[str, Recalled]:
    since_ms = window.since_ms - _BEFORE_MS
    series: list[dict[str, str]] = []
    for matching in given.matching(country):
        said = asyncio.run(querying.series(far, matching, since_ms, window.until_ms))
        if isinstance(said, Unanswered):
            raise Unusable(f"{far.url}: the database does not answer: {said.why}")
        series += said

    def of(vantage: str) -> Callable[[int, int], Mapping[querying.Named, list[tuple[int, float]]]]:
        def ask(from_ms: int, until_ms: int) -> Mapping[querying.Named, list[tuple[int, float]]]:
            said = asyncio.run(querying.stated(far, vantage, names, from_ms, until_ms))
            if isinstance(said, Unanswered):
                raise Unusable(f"{far.url}: the database does not answer: {said.why}")
            return said

        return ask

    return given.recalled(series, of)
