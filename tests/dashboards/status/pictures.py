"""Takes the pictures of the status page that the README shows: `python -m tests.dashboards.status.pictures [FOLDER]`."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from dashboards.status import fleet, page, public
from dashboards.status.tongue import LANGUAGES, Lang
from tests.browser import DESKTOP, PHONE, Browser, View, opened
from tests.dashboards.status import examples

FOLDER = Path(__file__).parents[3] / "dashboards" / "pictures"

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
SIZES = {"desktop": DESKTOP, "phone": PHONE}
EVERY = tuple(itertools.product(LANGUAGES, THEMES, SIZES))
SOME: tuple[tuple[Lang, Theme, str], ...] = (("en", "light", "desktop"), ("fa", "dark", "phone"))

Draw = Callable[[Lang], str]


def wanted() -> Iterator[tuple[str, Draw, tuple[Lang, Theme, str]]]:
    """Name, what draws it, and how it is looked at."""
    for look in EVERY:
        yield "status-shutdown", lambda lang: page.render(examples.shutdown(), lang), look
        yield "status-peace", lambda lang: page.render(examples.peace(), lang), look
    for look in SOME:
        yield "status-blocked", lambda lang: page.render(examples.blocked(), lang), look
        yield "fleet", lambda lang: fleet.render(examples.fleet(), lang), look
        yield "public", lambda lang: public.render(examples.public(), lang), look


async def take(folder: Path, only: str = "") -> None:
    async with opened() as browser:
        for name, draw, (lang, theme, size) in wanted():
            file = f"{name}-{lang}-{theme}-{size}.png"
            if only in file:
                await one(browser, folder / file, draw(lang), View(SIZES[size], theme, lang))


async def one(browser: Browser, path: Path, html: str, view: View) -> None:
    """What somebody sees first, and of a block its steps as well."""
    async with browser.window(view) as window:
        await window.show_text(html)
        first = window.page.locator("#services details").first
        if "blocked" in path.name:
            await first.evaluate("each => each.open = true")
        await window.picture(path)


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    chosen.mkdir(exist_ok=True)
    asyncio.run(take(chosen, *sys.argv[2:3]))
