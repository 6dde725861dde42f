"""A tick as text, in Prometheus's format or OpenMetrics, once a tick and not once a scrape; never holds the loop long.

The words are prometheus-client's, byte for byte (tests/monitor/told/test_exposition.py); it is not asked for them,
because it makes a dictionary of labels for each line: ten times the work, in one go (tests/bench/exposition.py).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter

from prometheus_client.exposition import choose_encoder
from prometheus_client.utils import floatToGoString

from monitor.metrics import Family, Series, Shape
from monitor.tick import Tick

_PIECE = 500  # lines between two breaths of the loop: about a millisecond
_SORTED_AT_ONCE = 5_000
_USUAL = {0.0: "0.0", 1.0: "1.0"}  # nearly every value; minus zero is written as the zero it equals


class Exposition:
    """Holds the last tick, and its text in each format somebody asked for."""

    def __init__(self, identity: Mapping[str, str]) -> None:
        self._identity = identity
        self._tick: Tick | None = None
        self._rendered: dict[str, list[bytes]] = {}

    @property
    def ready(self) -> bool:
        return self._tick is not None

    def publish(self, tick: Tick) -> None:
        self._tick = tick
        self._rendered = {}  # whoever still renders the tick before, keeps it to himself

    def text(self, accept: str) -> tuple[bytes, str]:
        """The text and its content type, as the scraper's Accept header asks."""
        _, content_type = choose_encoder(accept)
        return b"".join(self._pieces(content_type)), content_type

    async def rendered(self, accept: str) -> tuple[list[bytes], str]:
        """The same in pieces; between two of them the loop may do something else."""
        _, content_type = choose_encoder(accept)
        kept = self._rendered
        if content_type not in kept:
            made: list[bytes] = []
            for piece in self._pieces(content_type):
                made.append(piece)
                await asyncio.sleep(0)
            kept[content_type] = [piece for piece in made if piece]
        return kept[content_type], content_type

    def _pieces(self, content_type: str) -> Iterator[bytes]:
        by_family: defaultdict[Family, list[tuple[Series, float]]] = defaultdict(list)
        for number, sample in enumerate(self._tick.samples.items() if self._tick else (), 1):
            by_family[sample[0].family].append(sample)
            if number % _SORTED_AT_ONCE == 0:
                yield b""
        bare = "openmetrics" in content_type
        for family, samples in by_family.items():
            yield _head(family, bare=bare)
            lines = _Lines(self._identity)
            for at in range(0, len(samples), _PIECE):
                yield lines.of(samples[at : at + _PIECE]).encode()
        if bare:
            yield b"# EOF\n"


def _head(family: Family, *, bare: bool) -> bytes:
    """`bare`: OpenMetrics calls a counter by its name without `_total`, and escapes quotes."""
    name, text = family.name, family.help.replace("\\", r"\\").replace("\n", r"\n")
    if bare:
        name, text = name.removesuffix("_total") if family.shape is Shape.COUNTER else name, text.replace('"', r"\"")
    return f"# HELP {name} {text}\n# TYPE {name} {family.shape.value}\n".encode()


class _Lines:
    """Of one family: what is the same in every line is written once."""

    def __init__(self, identity: Mapping[str, str]) -> None:
        self._identity = identity
        self._forms: dict[str, _Form] = {}

    def of(self, samples: Sequence[tuple[Series, float]]) -> str:
        written: list[str] = []
        for series, value in samples:
            _, values, suffix, le = series
            shown = _USUAL.get(value) or _number(value)
            if le:
                values = (*values, le)
            text = "".join(values)
            if "" in values or '"' in text or "\\" in text or "\n" in text:
                written.append(f"{self._spelt(series)} {shown}\n")
                continue
            if (form := self._forms.get(suffix)) is None:
                form = self._forms[suffix] = _Form(series, self._identity)
            written.append(form.line % (*(form.sorted(values) if form.sorted else values), shown))
        return "".join(written)

    def _spelt(self, series: Series) -> str:
        """A line with a label that is left out, or with a letter that has to be escaped."""
        return series.name + _braced({key: _escaped(value) for key, value in series.labels(self._identity).items()})


class _Form:
    """A line with places for its own labels, in the order of their names, and for its value."""

    def __init__(self, series: Series, identity: Mapping[str, str]) -> None:
        own = (*series.family.labels, *(("le",) if series.le else ()))
        fixed = {key: _escaped(value).replace("%", "%%") for key, value in identity.items() if value}
        self.line = f"{series.name}{_braced(fixed | dict.fromkeys(own, '%s'))} %s\n"
        order = sorted(range(len(own)), key=own.__getitem__)
        self.sorted = itemgetter(*order) if order != list(range(len(own))) else None


def _braced(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return f"{{{inner}}}" if inner else ""


def _number(value: float) -> str:
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


def _escaped(value: str) -> str:
    return str(value).replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
