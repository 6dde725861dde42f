"""A world as frozen values: causes on paths, where our lines stand, how samples get home, who should hear of what.

It holds no state and no failure of anything: what a box sees of a cause is for the simulation to find out. All is
unfolded (a repeated cause has all its spans, an expectation stands for one moment and one network), every time is UTC
in milliseconds, and `reading.py` has seen to it that names mentioned anywhere exist. How one is written:
monitor/scenarios/README.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.backtest.worlds.expected import Allowed, Expect
from monitor.backtest.worlds.noise import Noise
from monitor.backtest.worlds.words import How, Path, Precision, Set, Sort, Way, What
from probes.words import Access, LandmarkKind

_KNOWN_BEFORE_MS = (
    65 * 60_000
)  # so long before the world boxes start: every target walked four times, every hour's memory full


@dataclass(frozen=True, slots=True)
class Network:
    """One network of a country. `weight_ratio` is its share of the country's users, None where no source gives one."""

    network: str
    operator: str
    access: Access
    source: str
    weight_ratio: float | None = None
    weight_source: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What was broken in a country before we came, on these networks (none named: on all)."""

    service: str
    hows: tuple[How, ...]
    source: str
    networks: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Country:
    country: str
    time_zone: str
    networks: tuple[Network, ...]
    standing: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class Home:
    """One way home; `network` is whose foreign path it crosses, none for a satellite."""

    way: Way
    network: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One box of ours inside a country.

    Attributes:
        id: its vantage id in the simulation.
        network: none where the box counts for its country only.
        cohort: shared by boxes that count as one line; none for a box by itself.
        home: ways home in turn; a box whose every way is cut keeps its samples and sends them later.
        noise: what happens to this line by itself.
    """

    id: str
    country: str
    network: str
    access: Access
    home: tuple[Home, ...]
    cohort: str = ""
    region: str = ""
    noise: tuple[Noise, ...] = ()


@dataclass(frozen=True, slots=True)
class Control:
    id: str
    country: str
    network: str
    noise: tuple[Noise, ...] = ()


@dataclass(frozen=True, slots=True)
class Landmark:
    """`hosts` of that kind inside a network, walked from controls.

    Attributes:
        falls: whether they stop answering when the foreign path of that network is cut. Behind a mobile operator's
            translation of addresses no subscriber is seen from outside: what answers there may go on answering.
        answers: whether they ever answered anybody abroad; a geo-fenced host never did.
    """

    country: str
    network: str
    kind: LandmarkKind
    hosts: int
    falls: bool
    answers: bool = True


@dataclass(frozen=True, slots=True)
class Where:
    """Whom a cause touches: everything given must fit. All empty: everybody, controls too (FAR_END, HUB).

    Attributes:
        share: of the boxes that fit, the share it touches, chosen by a keyed hash of world, cause and line.
    """

    country: str = ""
    networks: tuple[str, ...] = ()
    access: Access | None = None
    regions: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Drop:
    """What one cause does to what it names.

    Attributes:
        service, targets, how: of what=SERVICE (SINKHOLE: the service). No target: all of the service.
        share: of the attempts it hits, 1: every one. Several rows of one service are tried in order, each on its own.
        factor: how many times slower (THROTTLE, SLOW). stall_bytes: after how many it stops (STALL).
        status, page: what the authentic service answers (STATUS), and the id of a shipped fingerprint, if any.
        delay_ms: added to a round trip (DELAY). offset_s: of the box's clock (CLOCK).
    """

    what: What
    service: str = ""
    targets: tuple[str, ...] = ()
    how: How | None = None
    share: float = 1.0
    factor: float = 1.0
    stall_bytes: int = 0
    status: int = 0
    page: str = ""
    delay_ms: float = 0.0
    offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Passes:
    """The allow-list of a cut: what gets through all the same.

    Attributes:
        services: reached as if nothing were.
        canaries: the share of the canaries of that scope which still answer (always the same ones).
        hub: whether samples get home by that path.
    """

    services: tuple[str, ...] = ()
    canaries: float = 0.0
    hub: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment until another, which it does not hold."""

    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that somebody or something does to a path, in each of its spans.

    Attributes:
        precision, until_precision: how exactly the source gives the beginnings and the ends.
        assumed: the time is ours, for no source gives one.
        ramp_s: from nothing to the full share, linearly, at each beginning. tail_s: the same at each end, after it.
        spread_s: whom it touches is hit one after another over that length, in the order of a keyed hash.
    """

    id: str
    spans: tuple[Span, ...]
    precision: Precision
    until_precision: Precision
    assumed: bool
    source: str
    where: Where
    path: Path
    drops: tuple[Drop, ...]
    passes: Passes = Passes()
    ramp_s: float = 0.0
    tail_s: float = 0.0
    spread_s: float = 0.0


@dataclass(frozen=True, slots=True)
class World:
    """One scenario file, unfolded.

    Attributes:
        from_ms, until_ms: what is simulated. Each cause lies within.
        history_s: how long the hub has known these lines before, with standing blocks and noise; 0: a fresh hub.
        services: what boxes walk, by names of the catalogue; canaries, protocols, international come by themselves.
        not_walked: what sources name and no catalogue has: its causes are kept, and nobody sees them.
        watched: countries under `hub watch` all the time.
        noise: what a line has that is placed later, by whoever tries other coverage.
        allowed: neither right nor false. never: of the wrong class, at whatever severity.
    """

    name: str
    title: Mapping[str, str]
    set: Set
    sort: Sort
    source: str
    from_ms: int
    until_ms: int
    history_s: float
    countries: tuple[Country, ...]
    services: tuple[str, ...]
    not_walked: tuple[str, ...]
    watched: tuple[str, ...]
    lines: tuple[Line, ...]
    controls: tuple[Control, ...]
    landmarks: tuple[Landmark, ...]
    noise: tuple[Noise, ...]
    causes: tuple[Cause, ...]
    expect: tuple[Expect, ...]
    allowed: tuple[Allowed, ...]
    never: tuple[Allowed, ...]

    @property
    def boxes_start_ms(self) -> int:
        """A hub that knows more than that hour is not simulated: rules that look back over days see it again."""
        return self.from_ms - int(min(self.history_s * 1000, _KNOWN_BEFORE_MS))

    def noise_of(self, id: str) -> tuple[Noise, ...]:
        """Of a line, or of a control."""
        noises = {**{each.id: each.noise for each in self.lines}, **{each.id: each.noise for each in self.controls}}
        return noises.get(id, ())

    def country(self, code: str) -> Country:
        return next(each for each in self.countries if each.country == code)

    def network(self, id: str) -> Network:
        return next(each for country in self.countries for each in country.networks if each.network == id)

    def cause(self, id: str) -> Cause:
        return next(each for each in self.causes if each.id == id)
