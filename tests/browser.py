"""A real Chromium without a head, which writes down what a page asked for and complained of, and knows no host but this."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, async_playwright

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(sys.prefix) / "share" / "axe-core@4.14.1" / "axe.min.js"

# what a laboratory lacks may be skipped; CI has both (Makefile: venv-dev)
needs_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed")
needs_axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not fetched: deploy/machine.sh axe")

DESKTOP, PHONE = (1280, 800), (390, 844)

_FLAGS = (
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)


@dataclass(frozen=True, slots=True)
class View:
    """How somebody looks at a page.

    Attributes:
        size: width and height in CSS pixels; a page under 600 wide is shown as a phone shows it, twice as sharp.
        language: what the browser says it reads, as in Accept-Language.
        script: false where JavaScript is off.
    """

    size: tuple[int, int] = DESKTOP
    theme: Literal["light", "dark"] = "light"
    language: str = "en"
    script: bool = True


@dataclass(slots=True)
class Window:
    """One page, looked at.

    Attributes:
        asked: every address it asked for, in order, `data:` left out.
        complaints: what the console said in red, and what no part of the page caught.
    """

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def show(self, url: str) -> None:
        await self.page.goto(url, wait_until="load")

    async def show_text(self, html: str) -> None:
        """A page that came by no network at all, as a file from a USB stick does."""
        await self.page.set_content(html, wait_until="load")

    async def axe(self, *, impacts: frozenset[str] = frozenset({"serious", "critical"})) -> list[str]:
        """What axe-core finds: `rule: target`, one of each place, none where the page is well made."""
        await self.page.evaluate(f"() => {{ {AXE.read_text()} }}")
        found = json.loads(await self.page.evaluate("async () => JSON.stringify((await axe.run()).violations)"))
        return [
            f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
            for rule in found
            if rule["impact"] in impacts
            for node in rule["nodes"]
        ]

    async def overflow_px(self) -> int:
        """By how much the page is wider than the window: more than 0 makes a reader scroll sideways."""
        width: int = await self.page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width

    async def reached_by_tab(self, most: int = 500) -> list[str]:
        """What the Tab key comes to, in order, till it leaves the page: `tag` or `tag#id` of each."""
        reached: list[str] = []
        for _ in range(most):
            await self.page.keyboard.press("Tab")
            name: str = await self.page.evaluate(
                "() => { const on = document.activeElement; return !on || on === document.body ? '' :"
                " on.tagName.toLowerCase() + (on.id ? '#' + on.id : ''); }"
            )
            if not name:
                break
            reached.append(name)
        return reached

    async def picture(self, path: Path, *, whole: bool = False) -> None:
        await self.page.screenshot(path=path, full_page=whole, animations="disabled")


@dataclass(frozen=True, slots=True)
class Browser:
    chromium: Chromium

    @asynccontextmanager
    async def window(self, view: View | None = None) -> AsyncIterator[Window]:
        view = view or View()
        phone = view.size[0] < 600
        context = await self.chromium.new_context(
            viewport={"width": view.size[0], "height": view.size[1]},
            device_scale_factor=2 if phone else 1,
            is_mobile=phone,
            has_touch=phone,
            color_scheme=view.theme,
            locale=view.language,
            java_script_enabled=view.script,
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        try:
            window = Window(await context.new_page())
            _listen(window)
            yield window
        finally:
            await context.close()


def _listen(window: Window) -> None:
    page, complaints = window.page, window.complaints
    page.on("request", lambda asked: None if asked.url.startswith("data:") else window.asked.append(asked.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("requestfailed", lambda failed: complaints.append(f"{failed.url}: {failed.failure}"))


@asynccontextmanager
async def opened() -> AsyncIterator[Browser]:
    """Debian's Chromium, driven over a pipe; it can resolve no name and reach nothing but 127.0.0.1."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        try:
            yield Browser(chromium)
        finally:
            await chromium.close()
