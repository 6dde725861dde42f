"""The command that rehearses: drill."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from monitor.beside import stack
from monitor.cli.common import NO, fail, loaded
from monitor.cli.look import USUAL, ClientConfig, ListenAddress, RelayToken, RelayUrl, book_of, client_of
from monitor.cli.options import ConfigFile, StoragePath, checked
from monitor.drilling import hops
from monitor.drilling.hops import Follow, NotBegun, Seen, Where
from monitor.explaining.receipts import Receipt
from monitor.home import addresses, clientfile
from monitor.home.querying import Far
from monitor.settings import ClientTls
from probes.doors.clock import SystemClock

app = typer.Typer()

_NOT_SEEN = {"taken by the hub": "nothing is shipped from here: the database scrapes"}


@app.command("drill")
def drill_command(
    config_file: ConfigFile = Path("didban.yml"),
    listen_address: ListenAddress = None,
    http_config_file: ClientConfig = None,
    storage_path: StoragePath = None,
    query: Annotated[
        str | None, typer.Option(callback=checked(addresses.query), help="The database the hub forwards to.")
    ] = None,
    alertmanager: Annotated[
        str | None, typer.Option(callback=checked(addresses.query), help="Such as http://127.0.0.1:9093.")
    ] = None,
    relay: RelayUrl = None,
    relay_token_file: RelayToken = None,
    patience: Annotated[int, typer.Option(min=1, max=600, help="Seconds to wait for each hop.")] = 300,
    as_json: Annotated[bool, typer.Option("--json", help="One object a hop.")] = False,
) -> None:
    """Have the box at work state an exercise, and say when each hop on the way to people had it.

    It pages whoever would be paged, and every word of it says EXERCISE. It ends by itself within ten minutes. Whom the
    relay tells, its book says; of other ways only that Alertmanager counts a request that went well.
    Exit codes: 0 every hop that can be seen from here had it; 1 one did not; 3 no daemon answers.
    """
    client, folder = client_of(http_config_file)
    found = loaded(config_file)
    up = stack.addresses((storage_path or found.path(found.config.storage.path)) / "up")
    where = Where(
        clientfile.far(listen_address or up.get("daemon", USUAL), client, folder),
        _far(query or (f"http://{up['prometheus']}" if "prometheus" in up else None)),
        _far(alertmanager or (f"http://{up['alertmanager']}" if "alertmanager" in up else None)),
        book_of(config_file, relay, relay_token_file, up.get("relay")),
    )
    try:
        complete = asyncio.run(_drill(where, patience, as_json))
    except NotBegun as error:
        fail(f"the daemon at {where.daemon.url} begins no exercise: {error}")
    if not complete:
        raise typer.Exit(NO)


def _far(url: str | None) -> Far | None:
    return Far.of(url, None, ClientTls(), Path()) if url else None


async def _drill(where: Where, patience_s: int, as_json: bool) -> bool:
    clock = SystemClock()
    before = await hops.notifications(where.alertmanager) if where.alertmanager else {}
    begun = await hops.begin(where.daemon)
    if not as_json:
        typer.echo(f"EXERCISE at {begun.vantage}, no event. Each hop, and the seconds since it began:")
    follow, complete, last_s = Follow(begun, where, clock, before), True, 0.0
    try:
        for hop, asked in follow.hops():
            if asked is None:
                _say(
                    Seen(hop, None, _NOT_SEEN.get(hop, "cannot be seen from here: give --query and --alertmanager")),
                    last_s,
                    as_json,
                )
                continue
            after_s = await follow.until(asked, clock.elapsed_s() + patience_s)
            never = f"never reached ({follow.trouble})" if follow.trouble else "never reached"
            _say(Seen(hop, after_s, "" if after_s is not None else never), last_s, as_json)
            if after_s is None:
                complete = False
                break
            last_s = max(last_s, after_s)
        if not as_json:
            _say_whom(follow.told, begun.began_ms)
    finally:
        await hops.end(where.daemon)
    return complete


def _say(seen: Seen, last_s: float, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"exercise": True, "hop": seen.hop, "after_s": seen.after_s, "why": seen.why or None}))
    elif seen.after_s is None:
        typer.echo(f"  {seen.hop:36} {'-':>8}  {seen.why}")
    else:
        typer.echo(f"  {seen.hop:36} {seen.after_s:8.1f}  +{max(0.0, seen.after_s - last_s):.1f}")


def _say_whom(told: Sequence[Receipt], began_ms: int) -> None:
    """By name, as the relay's book has it."""
    for each in sorted(told, key=lambda receipt: receipt.done_ms or 0):
        after = f"{((each.done_ms or 0) - began_ms) / 1000:8.1f}" if each.done_ms else f"{'-':>8}"
        typer.echo(f"    {f'{each.person} by {each.way}':34} {after}  {each.state.replace('_', ' ')}")
