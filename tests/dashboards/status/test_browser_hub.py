"""The hub's page and the public one in a real browser: legible, named, quiet, and open to a keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from dashboards.status import fleet, public
from dashboards.status.tongue import LANGUAGES, Lang
from tests.browser import DESKTOP, PHONE, Browser, View, needs_axe, needs_browser, opened
from tests.dashboards.status import examples

pytestmark = [needs_browser, pytest.mark.asyncio(loop_scope="module")]

SIGHTS = [("en", "light", PHONE), ("en", "dark", DESKTOP), ("fa", "light", DESKTOP), ("fa", "dark", PHONE)]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with opened() as found:
        yield found


@needs_axe
@pytest.mark.parametrize(("lang", "theme", "size"), SIGHTS)
async def test_the_fleet_is_legible_named_and_quiet(
    browser: Browser, lang: Lang, theme: Any, size: tuple[int, int]
) -> None:
    async with browser.window(View(size, theme, lang)) as window:
        await window.show_text(fleet.render(examples.fleet(), lang))
        assert window.asked == []
        assert window.complaints == []
        assert await window.axe() == []
        assert await window.overflow_px() == 0
        assert await window.page.evaluate("document.documentElement.dir") == ("rtl" if lang == "fa" else "ltr")
        can = await window.page.locator("a:visible, summary:visible").count()
        assert len(await window.reached_by_tab()) == can


async def test_on_a_phone_every_figure_of_a_box_has_its_name_beside_it(browser: Browser) -> None:
    async with browser.window(View(PHONE, script=False)) as window:
        await window.show_text(fleet.render(examples.fleet()))
        cell = window.page.locator("#boxes td").nth(2)
        assert await cell.evaluate("each => getComputedStyle(each, '::before').content") == '"Delivered, 1 h "'
        assert await window.page.locator("#boxes td").count() == 7 * 5


@needs_axe
@pytest.mark.parametrize(("lang", "theme", "size"), SIGHTS)
async def test_the_public_page_is_legible_and_whole_as_a_file(
    browser: Browser, tmp_path: Path, lang: Lang, theme: Any, size: tuple[int, int]
) -> None:
    for each in LANGUAGES:
        (tmp_path / public.FILES[each]).write_text(public.render(examples.public(), each))
    async with browser.window(View(size, theme, lang)) as window:
        await window.page.context.set_offline(True)
        await window.show((tmp_path / public.FILES[lang]).as_uri())
        assert window.complaints == []
        assert await window.axe() == []
        assert await window.overflow_px() == 0
        await window.page.locator("header a").click()
        await window.page.wait_for_url(f"**/{public.FILES['fa' if lang == 'en' else 'en']}")
