"""Takes the pictures of the status page that the README shows: `python -m tests.dashboards.status.pictures [FOLDER]`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from dashboards.status import fleet, page, public
from dashboards.status.tongue import LANGUAGES, Lang
from tests.browser import DESKTOP, PHONE, View, opened
from tests.dashboards.status import examples

FOLDER = Path(__file__).parents[3] / "dashboards" / "pictures"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = {"desktop": DESKTOP, "phone": PHONE}


def pages() -> Iterator[tuple[str, str, Lang]]:
    """Name, HTML, language."""
    for name, status in (
        ("peace", examples.peace()),
        ("shutdown", examples.shutdown()),
        ("blocked", examples.blocked()),
    ):
        for lang in LANGUAGES:
            yield f"status-{name}-{lang}", page.render(status, lang), lang
    for lang in LANGUAGES:
        yield f"fleet-{lang}", fleet.render(examples.fleet(), lang), lang
        yield f"public-{lang}", public.render(examples.public(), lang), lang


async def take(folder: Path, only: str = "") -> None:
    async with opened() as browser:
        for name, html, lang in pages():
            for theme in THEMES:
                for size, extent in SIZES.items():
                    if only not in (file := f"{name}-{theme}-{size}.png"):
                        continue
                    async with browser.window(View(extent, theme, lang)) as window:
                        await window.show_text(html)
                        first = window.page.locator("#services details").first
                        if await first.count():
                            await first.evaluate("each => each.open = true")
                        await window.picture(folder / file)


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    chosen.mkdir(exist_ok=True)
    asyncio.run(take(chosen, *sys.argv[2:3]))
