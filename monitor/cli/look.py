"""The commands of whoever looks: status."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from monitor.beside import stack
from monitor.cli.common import WRONG_USE, fail, loaded, refuse, show
from monitor.cli.options import ConfigFile, StoragePath
from monitor.decoding import Undecodable, from_json
from monitor.explaining import receipts
from monitor.home import clientfile
from monitor.home.clientfile import ClientFile
from monitor.home.querying import Far, Unanswered
from monitor.hub import fleet
from monitor.hub import settings as hub_settings
from monitor.telling import board, fleetboard
from probes.doors.clock import SystemClock
from probes.doors.yamlfile import read

app = typer.Typer()

Json = Mapping[str, Any]
ClientConfig = Annotated[
    Path | None, typer.Option("--http.config.file", help="Password and roots, as promtool and amtool take them.")
]
ListenAddress = Annotated[str | None, typer.Option("--web.listen-address", help="Where the daemon listens.")]
RelayUrl = Annotated[str | None, typer.Option("--relay", help="The relay, such as http://127.0.0.1:9811.")]
RelayToken = Annotated[Path | None, typer.Option("--relay.token-file", help="What opens its book.")]
USUAL = "127.0.0.1:9810"
_HUB_KEYS = {"forward", "registry", "credentials"}


@app.command("status")
def status_command(
    config_file: ConfigFile = Path("didban.yml"),
    listen_address: ListenAddress = None,
    http_config_file: ClientConfig = None,
    storage_path: StoragePath = None,
    as_json: Annotated[bool, typer.Option("--json", help="What the API says, as it says it.")] = False,
) -> None:
    """Show the running view of a box as a table; of a hub.yml, the fleet.

    Exit codes: 0 shown; 3 nobody answers.
    """
    if is_hub(config_file):
        said, shown = _of_hub(config_file)
    else:
        client, folder = client_of(http_config_file)
        said = _of_box(config_file, listen_address, client, folder, storage_path)
        shown = board.board(said)
    show(json.dumps(said, ensure_ascii=False) if as_json else shown)


def is_hub(file: Path) -> bool:
    value = read(file).value
    return isinstance(value, dict) and bool(_HUB_KEYS & value.keys())


def client_of(file: Path | None) -> tuple[ClientFile | None, Path]:
    if file is None:
        return None, Path()
    client, mistakes = clientfile.load(file)
    return (client, file.absolute().parent) if client is not None else refuse(mistakes)


def book_of(file: Path, url: str | None, token_file: Path | None, listens: str | None) -> Far | None:
    """The relay's, of whom it told what: as named, or beside this file; None where there is no relay.

    `listens`: where `didban up` said that it does.
    """
    if (url is None) is not (token_file is None):
        fail("--relay and --relay.token-file go together", WRONG_USE)
    try:
        if url is not None and token_file is not None:
            return receipts.relay(url, token_file)
        return receipts.beside(file, listens)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")


def _of_box(file: Path, listen: str | None, client: ClientFile | None, folder: Path, storage: Path | None) -> Json:
    """Of the daemon at work on this configuration; where `didban up` said it listens, or at the usual place."""
    found = loaded(file)
    up = stack.addresses((storage or found.path(found.config.storage.path)) / "up").get("daemon")
    asked = [listen] if listen else list(dict.fromkeys(filter(None, [up, USUAL])))
    why = ""
    for address in asked:
        said = asyncio.run(clientfile.far(address, client, folder).ask("/api/v1/status", {}))
        if isinstance(said, Unanswered):
            why = f"nobody answers at {address} ({said.why})"
            continue
        answer = _understood(said)
        if answer.get("vantage") == found.config.vantage.id:
            return answer
        why = f"at {address} is {answer.get('vantage')}, and {file} is of {found.config.vantage.id}"
    fail(f"{why}: is `didban run` at work? give its --web.listen-address, or --http.config.file for its password")


def _understood(said: bytes) -> Json:
    """Nothing where it is no object of JSON: then somebody else listens there."""
    try:
        return from_json(said, dict[str, Any])
    except Undecodable:
        return {}


def _of_hub(file: Path) -> tuple[Json, RenderableType]:
    """Of the hub at work, and what its database says of each box."""
    found, mistakes = hub_settings.load(file)
    if found is None:
        refuse(mistakes)
    said = asyncio.run(fleet.asked(found, SystemClock().now_ms()))
    if isinstance(said, Unanswered):
        fail(f"no hub answers at {found.config.listen} ({said.why}): is `didban hub` at work?")
    return said, fleetboard.fleet(said)
