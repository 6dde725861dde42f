"""The parts of an engine, each made from a configuration. Starts nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from monitor import metrics
from monitor.beat.errands import Errand, walked_by
from monitor.beat.hearings import Hearings
from monitor.beat.limits import Budget, Limits
from monitor.beat.pairs import Transfers
from monitor.beat.rests import Rests
from monitor.begin import cost
from monitor.config import Loaded
from monitor.home import heartbeat
from monitor.home.asking import Asker, Far
from monitor.home.credentials import client_context
from monitor.home.ways import home_device
from monitor.meaning import outside
from monitor.meaning.baseline import Baselines
from monitor.meaning.canaries import Canaries
from monitor.meaning.landmarks import Landmarks
from monitor.meaning.outside import Trust
from monitor.meaning.view import View
from monitor.pace import Pace
from monitor.settings import ClientTls, Config
from monitor.ship import Home, Shipper
from monitor.spool import Spool
from monitor.telling.histogram import Histogram
from monitor.tools import resolvers
from probes import catalogue
from probes.book import Book
from probes.doors.dates import OURS, Dates
from probes.facts import Service
from probes.issuers import Issuers
from probes.place import Tools


def book(loaded: Loaded, services: tuple[Service, ...], pace: Pace, counts: Trust) -> Book:
    """The good book as it is at the start: what service files ship, and what controls saw."""
    shipped = dict(loaded.book.addresses()) if loaded.book is not None else {}
    for service in services:
        shipped.update(
            {host: tuple(dict.fromkeys([*known, *shipped.get(host, ())])) for host, known in service.book.items()}
        )
    issuers = Issuers(keep_ms=pace.book_s * 1000)
    if loaded.book is not None and counts.issuers:
        issuers = Issuers(keep_ms=pace.book_s * 1000, signed=loaded.book.signed(), at_ms=loaded.book.at_ms)
    return Book(keep_ms=pace.book_s * 1000, shipped=shipped, issuers=issuers)


def view(loaded: Loaded, services: tuple[Service, ...], todo: tuple[Errand, ...], pace: Pace, book: Book) -> View:
    vantage = loaded.config.as_vantage()
    canaries = (target for errand in todo for target in errand.targets if target.scope is not None)
    turn_s = {target.name: pace.period_s(target) for service in services for target in service.targets}
    turn_s |= {target.name: errand.turn_s for errand in todo for target in errand.targets}
    return View(
        vantage=vantage,
        services=services,
        turn_s=turn_s,
        canaries=Canaries(canaries, vantage, standing_s=pace.standing_s, day_s=pace.day_s, turn_s=turn_s),
        landmarks=Landmarks(day_s=pace.day_s),
        baselines=Baselines(day_s=pace.day_s),
        book=book,
        histograms=defaultdict(Histogram) if loaded.config.histograms else None,
        transfers=Transfers(looked_back_s=pace.pairs_looked_back_s),
    )


def budget(loaded: Loaded, pace: Pace) -> Budget:
    essential, ordinary = cost.split(loaded.config, loaded.services)
    cap = loaded.config.bytes_per_day
    return Budget(cap=cap, day_s=pace.day_s, essential_per_day=essential, ordinary_per_day=ordinary)


def hearings(
    loaded: Loaded,
    hands: Tools,
    spool: Spool,
    view: View,
    budget: Budget,
    pace: Pace,
    secret: bytes,
    rests: Rests,
    dates: Dates = OURS,
) -> Hearings | None:
    """None where no responder can be asked. Raises OSError when its token cannot be read."""
    far, clock = Far.of(loaded.config, loaded.folder), hands.clock
    if far is None:
        return None

    def spend(sent: int, received: int) -> None:
        budget.spend(purpose="ship", sent=sent, received=received, now_ms=clock.now_ms())

    return Hearings(
        Asker(far, clock=clock, patience_s=pace.ship_patience_s, spend=spend, dates=dates),
        spool=spool,
        pace=pace,
        secret=secret,
        clock=clock,
        affordable=lambda: not rests.hushed and budget.share(clock.now_ms()) >= 1,
        told=view.witnessed,
    )


def shippers(
    loaded: Loaded, hands: Tools, budget: Budget, pace: Pace, spool: Spool, view: View, rests: Rests, dates: Dates
) -> Iterator[Shipper]:
    device = home_device(loaded.config)
    identity = metrics.identity(loaded.config.as_vantage())
    for destination in loaded.config.ship:
        home = Home.of(destination, loaded.folder, device, dates)
        yield Shipper(
            home,
            identity,
            clock=hands.clock,
            budget=budget,
            pace=pace,
            spool=spool,
            keeps_still=lambda: rests.hushed,
            believed_ms=lambda: view.around.time.believed_ms(hands.clock.boot_ms()),
        )


def walked(loaded: Loaded, now_ms: int, pace: Pace) -> tuple[tuple[Service, ...], Trust]:
    """The services this vantage walks, without what controls found dead; and what of their book counts now."""
    config = loaded.config
    services = walked_by(config.as_vantage(), loaded.services, list(config.dns.isp) or resolvers(loaded))
    counts = outside.trust(loaded.book, config.as_vantage(), now_ms, pace)
    return outside.without_the_dead(services, loaded.book, counts), counts


def limits(config: Config, hands: Tools, time_scale: float) -> Limits:
    return Limits(
        hands.clock,
        concurrency=config.limits.concurrency,
        starts_per_second=config.limits.starts_per_second * time_scale,
    )


def heartbeat_switch(loaded: Loaded) -> heartbeat.Switch | None:
    """Raises OSError when a file that is named cannot be read."""
    if (file := loaded.config.heartbeat.url_file) is None:
        return None
    roots = ClientTls(ca_file=loaded.config.tls.ca_file)
    return heartbeat.Switch(loaded.path(file).read_text().strip(), client_context(roots, loaded.folder))


def catalogue_digest(loaded: Loaded) -> str:
    """Twelve hex digits over the service files in use, and what was added to ours: what was asked, and how."""
    digest = hashlib.sha256()
    renewed = loaded.renewed.folder if loaded.renewed else None
    for name in sorted(loaded.config.services):
        path: Path | None = catalogue.locate(name, loaded.folder, renewed / "services" if renewed else None)
        digest.update(path.read_bytes() if path else b"")
    for path in sorted((renewed / "fingerprints").glob("*.yml")) if renewed else ():
        digest.update(path.read_bytes())
    for name in (*loaded.config.fingerprints, *([loaded.config.book] if loaded.config.book else [])):
        digest.update(loaded.path(name).read_bytes())
    return digest.hexdigest()[:12]
