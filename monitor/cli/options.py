"""Options that many commands have. Loads nothing but typer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path, typer.Option("--config.file", help="didban.yml")]
StoragePath = Annotated[Path | None, typer.Option("--storage.path", help="Instead of the configured one.")]
TimeScale = Annotated[float, typer.Option(min=1, max=30, help="Laboratory only: divides every duration.")]
