"""Dossiers in a real browser: readable by everybody, on a phone, without a network; the Persian one from right to left."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pypdfium2
import pytest
import pytest_asyncio

from tests.browser import DESKTOP, PHONE, Browser, View, needs_axe, needs_browser, opened
from tests.dashboards.report.example import FOLDER

PAGES = [f"{form}.{language}.html" for form in ("sealed", "public") for language in ("en", "fa")]

pytestmark = [needs_browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with opened() as browser:
        yield browser


@pytest.mark.parametrize("name", PAGES)
async def test_it_complains_of_nothing_and_asks_for_nothing(browser: Browser, name: str) -> None:
    for size in (DESKTOP, PHONE):
        async with browser.window(View(size=size, script=False)) as window:
            await window.show_text((FOLDER / name).read_text(encoding="utf-8"))
            assert window.complaints == []
            assert [each for each in window.asked if not each.startswith("about:")] == []
            assert await window.overflow_px() == 0, "nobody scrolls sideways"


@needs_axe
@pytest.mark.parametrize(("name", "size"), [("sealed.en.html", DESKTOP), ("public.fa.html", PHONE)])
async def test_everybody_can_read_it(browser: Browser, name: str, size: tuple[int, int]) -> None:
    async with browser.window(View(size=size)) as window:
        await window.show_text((FOLDER / name).read_text(encoding="utf-8"))
        assert await window.axe() == []


async def test_the_persian_one_runs_from_right_to_left(browser: Browser) -> None:
    async with browser.window() as window:
        await window.show_text((FOLDER / "public.fa.html").read_text(encoding="utf-8"))
        side = "e => { const b = e.getBoundingClientRect(); return [b.left, b.right]; }"
        heading = await window.page.eval_on_selector("h1", "e => getComputedStyle(e).direction")
        name = await window.page.eval_on_selector(".row .name", side)
        strip = await window.page.eval_on_selector(".row .strip", side)
        assert heading == "rtl"
        assert name[0] >= strip[1] - 1, "names stand at the right of their strips"


async def test_on_paper_every_page_says_what_it_is(browser: Browser) -> None:
    async with browser.window() as window:
        await window.show_text((FOLDER / "sealed.en.html").read_text(encoding="utf-8"))
        document = pypdfium2.PdfDocument(await window.page.pdf(prefer_css_page_size=True))
        assert len(document) > 5
        for number in range(len(document)):
            assert "IN SIMULATION" in document[number].get_textpage().get_text_range()
