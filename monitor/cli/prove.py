"""The command that proves the receiver against the spool, and mends what it lacks: verify."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from monitor import metrics
from monitor.beat.limits import Budget
from monitor.cli.common import COULD_NOT, NO, WRONG_USE, fail, loaded, refuse
from monitor.cli.options import ConfigFile, StoragePath
from monitor.config import Loaded
from monitor.disk.file import InUse
from monitor.home import holders
from monitor.home.holders import Holder
from monitor.home.querying import Far, Unanswered
from monitor.home.ways import home_device
from monitor.hub import settings
from monitor.keeping import again
from monitor.pace import Pace
from monitor.settings import Destination
from monitor.ship import Home, Shipper
from monitor.spool import Spool
from monitor.stored.kept import Kept
from monitor.stored.proof import Proof, prove
from monitor.telling import proven
from probes.doors import schema
from probes.doors.clock import SystemClock
from probes.doors.yamlfile import read

app = typer.Typer()

_SHOWN_MS = 120_000  # VictoriaMetrics does not show the last half minute, and a daemon has a tick on its way
_MARGIN_MS = 120_000  # what is about to be too old is too old when it arrives
_DAY_MS = 86_400_000
_DOUBTED_MS = 15 * _DAY_MS  # a clock so far ahead of the last tick may be wrong: by it nothing is too old
_TRIES = 3
_SHOWS_AFTER_S = 2.0
_HUB_KEYS = {"forward", "registry", "credentials"}


def _duration(given: str) -> float:
    try:
        return schema.seconds(given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command("verify")
def verify(
    copies: Annotated[
        list[Path] | None, typer.Argument(metavar="[SPOOL ...]", help="Copies of spools: hub.yml.")
    ] = None,
    config_file: ConfigFile = Path("didban.yml"),
    since: Annotated[str, typer.Option(help="How far back, such as 7d.")] = "7d",
    destination: Annotated[str | None, typer.Option(help="This one alone.")] = None,
    resend: Annotated[bool, typer.Option("--resend", help="Send again what is missing.")] = False,
    storage_path: StoragePath = None,
    seal_key: Annotated[
        Path | None, typer.Option("--seal.key-file", help="Opens sealed hours; else the hub's.")
    ] = None,
) -> None:
    """Compare what receivers hold with what the spool says they were sent, series by series.

    Exit codes: 0 all of it is there; 1 something is missing or different; 3 nobody answered.
    """
    now_ms = SystemClock().now_ms()
    since_ms, until_ms = now_ms - int(_duration(since) * 1000), now_ms - _SHOWN_MS
    value = read(config_file).value
    if isinstance(value, dict) and _HUB_KEYS & value.keys():
        proofs = asyncio.run(_at_hub(config_file, copies or (), destination or "hub", seal_key, since_ms, until_ms))
    elif copies:
        fail("copies of spools are compared at the hub: give its hub.yml", WRONG_USE)
    else:
        proofs = asyncio.run(_Box(loaded(config_file), storage_path, since_ms, until_ms).verify(destination, resend))
    typer.echo("\n".join(proven.table(proofs)))
    if any(proof.lacking for proof in proofs):
        raise typer.Exit(NO)
    if any(proof.unanswered is not None for proof in proofs):
        raise typer.Exit(COULD_NOT)


class _Box:
    """The box's own spool, beside a daemon or without one."""

    def __init__(self, found: Loaded, storage: Path | None, since_ms: int, until_ms: int) -> None:
        self._loaded, self._since_ms, self._until_ms = found, since_ms, until_ms
        self._storage = storage or found.path(found.config.storage.path)
        self._device = home_device(found.config)

    async def verify(self, name: str | None, resend: bool) -> list[Proof]:
        chosen = [each for each in self._loaded.config.ship if name in (None, each.name)]
        if not chosen:
            fail(f"{name}: no such destination" if name else "nothing is shipped: there is no `ship`", WRONG_USE)
        proofs = []
        for each in chosen:
            proof = await self._prove(each)
            if resend and proof.lacking and await self._resend(each, proof):
                proof = await self._prove_again(each)
            proofs.append(proof)
        return proofs

    async def _prove(self, destination: Destination) -> Proof:
        vantage = self._loaded.config.vantage.id
        holder = holders.of(destination, self._loaded.folder, vantage, self._device)
        with contextlib.closing(Kept(self._storage)) as kept:
            return await _proof(
                kept, destination.name, holder, destination.series_beyond, self._since_ms, self._until_ms
            )

    async def _prove_again(self, destination: Destination) -> Proof:
        """VictoriaMetrics shows what it took after some seconds."""
        proof = await self._prove(destination)
        for _ in range(_TRIES):
            if not proof.lacking:
                break
            await asyncio.sleep(_SHOWS_AFTER_S)
            proof = await self._prove(destination)
        return proof

    async def _resend(self, destination: Destination, proof: Proof) -> bool:
        """Whether it was sent here and now; a daemon that runs does it by itself."""
        oldest_ms = self._until_ms + _SHOWN_MS + _MARGIN_MS - int(destination.accepts_age_s * 1000)
        ticks = {at_ms: samples for at_ms, samples in proof.lacking.items() if at_ms >= oldest_ms}
        if len(ticks) < len(proof.lacking):
            typer.echo(
                f"{destination.name}: {len(proof.lacking) - len(ticks)} ticks are older than it accepts", err=True
            )
        spool = Spool(self._storage, now_ms=SystemClock().now_ms)
        try:
            await spool.open()
        except InUse:
            owed = again.owe(self._storage, destination.name, ticks)
            typer.echo(f"{destination.name}: {owed} ticks are owed again; the daemon at work sends them within minutes")
            return False
        else:
            owed = again.owe(self._storage, destination.name, ticks)
            typer.echo(f"{destination.name}: {owed} ticks are sent again")
            await self._ship(spool, destination)
            return True
        finally:
            await spool.close()

    async def _ship(self, spool: Spool, destination: Destination) -> None:
        config, clock, last = self._loaded.config, SystemClock(), await spool.last_tick()
        pace, now_ms = Pace.of(config), clock.now_ms()
        shipper = Shipper(
            Home.of(destination, self._loaded.folder, self._device),
            metrics.identity(config.as_vantage()),
            clock=clock,
            budget=Budget(cap=config.bytes_per_day, day_s=pace.day_s, essential_per_day=0, ordinary_per_day=0),
            pace=pace,
            spool=spool,
            believed_ms=lambda: now_ms if last and 0 <= now_ms - last[0] <= _DOUBTED_MS else None,
        )
        try:
            for _ in range(_TRIES):
                if await shipper.settle():
                    return
                await asyncio.sleep(pace.ship_backoff_s)
        finally:
            await shipper.close()


async def _at_hub(
    file: Path, copies: Sequence[Path], destination: str, key_file: Path | None, since_ms: int, until_ms: int
) -> list[Proof]:
    """Each copy against the hub's own database."""
    found, mistakes = settings.load(file)
    if found is None:
        refuse(mistakes)
    if not copies:
        fail("give copies of spools: folders, or files", WRONG_USE)
    forward = found.config.forward
    if forward.query is None:
        fail("forward.query says where the database is asked, and is not set", WRONG_USE)
    far = Far.of(forward.query, forward.basic_auth, forward.tls, found.folder)
    own_key = found.folder / found.config.seal_key
    key_file = key_file or (own_key if own_key.is_file() else None)
    key = key_file.read_text().strip() if key_file is not None else None
    proofs = []
    for copy in copies:
        with contextlib.closing(Kept(copy, key)) as kept:
            if kept.vantage not in found.registry.vantages:
                whose = f"of {kept.vantage}, who is not enrolled" if kept.vantage else "empty, or all of it is sealed"
                fail(f"{copy}: the spool is {whose}", WRONG_USE)
            holder = holders.Database(far, kept.vantage)
            proof = await _proof(kept, destination, holder, frozenset(), since_ms, until_ms)
            proof.destination = f"{kept.vantage} ({copy})"
        proofs.append(proof)
    return proofs


async def _proof(
    kept: Kept, name: str, holder: Holder | Unanswered, also: frozenset[str], since_ms: int, until_ms: int
) -> Proof:
    if isinstance(holder, Unanswered):
        return Proof(name, unanswered=holder.why)
    return await prove(kept, name, holder, also=also, since_ms=since_ms, until_ms=until_ms)
