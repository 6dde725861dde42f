"""The browser of the tests sees what it is there to see: each of its eyes is shown something bad once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser import PHONE, Browser, View, needs_axe, needs_browser, opened

pytestmark = [needs_browser, pytest.mark.asyncio(loop_scope="module")]

GOOD = (
    "<!doctype html><html lang=en><title>Well</title><meta name=viewport content=width=device-width>"
    "<main><h1>Well</h1><p>All is <a href=#>well</a>.</main></html>"
)
BAD = (
    "<!doctype html><html lang=en><title>Bad</title><main><h1>Bad</h1><p style='color:#ccc;background:#fff'>pale</p>"
    "<button></button><img src=http://example.org/spy.png alt=''><div style='width:2000px'>wide</div>"
    "<script>console.error('oh no'); throw new Error('uncaught')</script></main></html>"
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with opened() as browser:
        yield browser


@needs_axe
async def test_a_good_page_is_found_good(browser: Browser) -> None:
    async with browser.window() as window:
        await window.show_text(GOOD)
        assert (window.asked, window.complaints, await window.axe()) == ([], [], [])
        assert await window.overflow_px() == 0
        assert await window.reached_by_tab() == ["a"]


@needs_axe
async def test_what_is_bad_on_a_page_is_seen(browser: Browser) -> None:
    async with browser.window(View(PHONE)) as window:
        await window.show_text(BAD)
        assert window.asked == ["http://example.org/spy.png"]
        said = "\n".join(window.complaints)
        assert "oh no" in said
        assert "uncaught" in said
        assert "ERR_NAME_NOT_RESOLVED" in said
        rules = {finding.partition(":")[0] for finding in await window.axe()}
        assert {"color-contrast", "button-name"} <= rules
        assert await window.overflow_px() > 1000


async def test_without_javascript_nothing_runs(browser: Browser) -> None:
    async with browser.window(View(script=False)) as window:
        await window.show_text(BAD)
        assert not any("uncaught" in each for each in window.complaints)


async def test_theme_language_and_size_are_what_was_asked_for(browser: Browser, tmp_path: Path) -> None:
    async with browser.window(View(PHONE, theme="dark", language="fa")) as window:
        await window.show_text(GOOD)
        seen = await window.page.evaluate(
            "() => [matchMedia('(prefers-color-scheme: dark)').matches, navigator.language, innerWidth]"
        )
        assert seen == [True, "fa", PHONE[0]]
        await window.picture(tmp_path / "page.png")
        assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
