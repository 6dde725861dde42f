"""The command that says why somebody was, or was not, told: explain."""

from __future__ import annotations

import asyncio
import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from monitor.beside import stack
from monitor.cli.common import WRONG_USE, fail, loaded, refuse, show
from monitor.cli.look import RelayToken, RelayUrl, book_of, is_hub
from monitor.cli.options import ConfigFile, StoragePath, checked
from monitor.config import load
from monitor.evidence.window import instant
from monitor.explaining import inwords, page
from monitor.explaining.answer import answer
from monitor.explaining.rows import Subject
from monitor.explaining.weighed import NobodyAnswers
from monitor.home import addresses
from monitor.home.querying import Far
from monitor.hub import settings as hub_settings
from monitor.settings import ClientTls
from probes import catalogue
from probes.doors import schema
from probes.doors.clock import SystemClock

app = typer.Typer()

_NOW_MS = 120_000  # of what is older than that, Alertmanager knows nothing any more


def _subject(given: str) -> Subject:
    country, _, rest = given.partition("/")
    network, _, service = rest.partition("/")
    try:
        if "/" in service or (service and not network):
            raise ValueError("is no place")
        return Subject(schema.country(country), schema.network(network) if network else "", service)
    except ValueError as error:
        raise typer.BadParameter(f"{error}: give IR, IR/AS197207 or IR/AS197207/whatsapp") from None


def _at_ms(given: str | None, now_ms: int) -> int:
    if given is None:
        return now_ms
    try:
        return now_ms - int(schema.seconds(given) * 1000)
    except ValueError:
        try:
            return instant(given)
        except ValueError:
            raise typer.BadParameter(
                "must be a date, a time such as 2026-12-01T00:00:00Z, or how long ago, such as 2h"
            ) from None


@app.command("explain")
def explain_command(
    subject: Annotated[
        Subject, typer.Argument(parser=_subject, metavar="PLACE", help="IR/AS197207/whatsapp, or less.")
    ],
    at: Annotated[str | None, typer.Option(help="A date or a time of RFC 3339 (UTC), or how long ago: 2h.")] = None,
    config_file: ConfigFile = Path("didban.yml"),
    storage_path: StoragePath = None,
    query: Annotated[
        str | None, typer.Option(callback=checked(addresses.query), help="The database, instead of the configured one.")
    ] = None,
    alertmanager: Annotated[
        str | None, typer.Option(callback=checked(addresses.query), help="Alertmanager, such as http://127.0.0.1:9093.")
    ] = None,
    relay: RelayUrl = None,
    relay_token_file: RelayToken = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Say why somebody was, or was not, told: each value beside its threshold, what was left out, what muted what.

    Exit codes: 0 said; 3 the database does not answer.
    """
    now_ms = SystemClock().now_ms()
    at_ms = _at_ms(at, now_ms)
    database, teller = _asked(config_file, storage_path, query, alertmanager)
    up = {} if query and not config_file.exists() else _beside(config_file, storage_path)
    book = book_of(config_file, relay, relay_token_file, up.get("relay"))
    try:
        said = asyncio.run(answer(subject, at_ms, database, teller if now_ms - at_ms < _NOW_MS else None, book))
    except NobodyAnswers as error:
        fail(f"nobody answers at {error}: where is the database? give --query")
    show(json.dumps(inwords.as_json(said), ensure_ascii=False) if as_json else page.page(said))
    if subject.service and subject.service not in _known(config_file):
        near = difflib.get_close_matches(subject.service, catalogue.shipped(), n=1)
        meant = f": did you mean {near[0]}?" if near else ""
        typer.echo(
            f"didban: {subject.service} is no service that is shipped, nor one of {config_file}{meant}", err=True
        )


def _known(file: Path) -> set[str]:
    """Services by name: what is shipped, and what this box or this hub was given beside it."""
    if is_hub(file):
        hub, _ = hub_settings.load(file)
        own = [each.id for each in hub.registry.services] if hub is not None else []
    else:
        box, _ = load(file)
        own = [each.id for each in box.services] if box is not None else []
    return {*catalogue.shipped(), *own}


def _asked(file: Path, storage: Path | None, query: str | None, alertmanager: str | None) -> tuple[Far, Far | None]:
    """The database and, where it is known, Alertmanager: as named, as in hub.yml, or of `didban up`."""
    open_to_all = ClientTls()
    teller = Far.of(alertmanager, None, open_to_all, Path()) if alertmanager else None
    if query:
        return Far.of(query, None, open_to_all, Path()), teller
    if is_hub(file):
        hub, mistakes = hub_settings.load(file)
        if hub is None:
            refuse(mistakes)
        forward = hub.config.forward
        if forward.query is None:
            fail(
                "forward.query in hub.yml says where the database is asked, and is not set; or give --query", WRONG_USE
            )
        return Far.of(forward.query, forward.basic_auth, forward.tls, hub.folder), teller
    up = _beside(file, storage)
    if "prometheus" not in up:
        fail("no `didban up` was started on this configuration: name the database with --query", WRONG_USE)
    teller = teller or Far.of(f"http://{up['alertmanager']}", None, open_to_all, Path())
    return Far.of(f"http://{up['prometheus']}", None, open_to_all, Path()), teller


def _beside(file: Path, storage: Path | None) -> Mapping[str, str]:
    """Where what `didban up` runs on this configuration listens; nothing of a hub."""
    if is_hub(file):
        return {}
    found = loaded(file)
    return stack.addresses((storage or found.path(found.config.storage.path)) / "up")
