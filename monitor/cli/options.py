"""Options that many commands have. Loads nothing but typer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[Path, typer.Option("--config.file", help="didban.yml")]
StoragePath = Annotated[Path | None, typer.Option("--storage.path", help="Instead of the configured one.")]
TimeScale = Annotated[float, typer.Option(min=1, max=30, help="Laboratory only: divides every duration.")]


def checked(rule: Callable[[str], str]) -> Callable[[str | None], str | None]:
    """For the callback of an option: what breaks the rule is wrong use, in the rule's own words."""

    def callback(given: str | None) -> str | None:
        try:
            return rule(given) if given else given
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return callback
