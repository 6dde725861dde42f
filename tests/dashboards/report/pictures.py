"""Takes the pictures of the README: `python -m tests.dashboards.report.pictures`. First pages, as a browser shows them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PIL import Image

from tests.browser import View, opened
from tests.dashboards.report.example import FOLDER

PICTURES = Path(__file__).parents[3] / "dashboards" / "pictures"
SHOTS = {
    "dossier-en": ("sealed.en.html", View(size=(1180, 1180))),
    "dossier-fa-phone": ("public.fa.html", View(size=(390, 1000), language="fa")),
}


async def take() -> None:
    PICTURES.mkdir(exist_ok=True)
    async with opened() as browser:
        for name, (page, view) in SHOTS.items():
            async with browser.window(view) as window:
                await window.show_text((FOLDER / page).read_text(encoding="utf-8"))
                await window.picture(path := PICTURES / f"{name}.png")
            Image.open(path).convert("RGB").quantize(64).save(path, optimize=True)


if __name__ == "__main__":
    asyncio.run(take())
