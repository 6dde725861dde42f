"""`didban probe`: one walk now, explained."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.common import NO, WRONG_USE, agreed, fail, show
from monitor.cli.options import ConfigFile
from monitor.judge import State
from monitor.telling import narrated, probe

app = typer.Typer()


@app.command("probe")
def probe_command(
    name: Annotated[str, typer.Argument(metavar="TARGET|SERVICE", help="Such as whatsapp, or whatsapp/chat.")],
    config_file: ConfigFile = Path("didban.yml"),
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """Walk a target or a service once, now, and say what was asked, what came back, and what it means."""
    found = agreed(config_file)
    probed = asyncio.run(probe.probe(found, name))
    if not probed:
        known = ", ".join(service.id for service in found.services)
        fail(f"{name}: no such target; configured are {known}", WRONG_USE)
    for each in probed:
        show(json.dumps(probe.as_json(each), ensure_ascii=False) if as_json else narrated.page(each))
    if any(each.judgement.state is not State.OK for each in probed):
        raise typer.Exit(NO)
