"""The command that destroys what a box holds: wipe."""

from __future__ import annotations

import typer

app = typer.Typer()
