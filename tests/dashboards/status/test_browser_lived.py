"""The hub's page as its keeper sees it in a browser, while the hub is at work; and the public page of a lived evening."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Error, Locator

from dashboards.status import public
from dashboards.status.frame import EVERY_S
from dashboards.status.tongue import Lang
from tests.browser import DESKTOP, PHONE, Browser, View, Window, needs_axe, needs_browser, opened
from tests.dashboards.status.living import DRILLED, FELL_SILENT, LEAVING, PAUSED, Living, living

pytestmark = [needs_browser, needs_axe, pytest.mark.asyncio(loop_scope="module")]

_SILENT_S = 180.0
_LEFT_S = 12.0  # till it is silent: a page is opened, and looked at, in less


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with opened() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Living]:
    async with living(tmp_path_factory.mktemp("hub")) as found:
        assert found.delivered == 204
        yield found


async def _said(window: Window, selector: str) -> str:
    return " ".join((await window.page.locator(selector).inner_text()).split())


def _row(window: Window, vantage: str) -> Locator:
    return window.page.locator("#boxes tbody tr").filter(has=window.page.locator(f"th code:text-is('{vantage}')"))


async def _of(window: Window, vantage: str) -> str:
    return " ".join((await _row(window, vantage).inner_text()).split())


async def test_a_box_that_falls_silent_is_silent_on_the_page_that_is_open(place: Living, browser: Browser) -> None:
    """The first to look: what the database says is asked anew every ten seconds only."""
    async with browser.window() as window:
        await place.heard(LEAVING, _SILENT_S - _LEFT_S)
        await window.show(f"{place.hub.url}/")
        assert "heard" in (await _of(window, LEAVING)).split(), "not yet"
        await window.page.evaluate("window.mark = 'the same document'")
        silent = _row(window, LEAVING).filter(has_text="silent")
        await silent.wait_for(timeout=(2 * EVERY_S + 10) * 1000)
        assert await window.page.evaluate("window.mark") == "the same document"
        assert "2 not heard for 3 minutes" in await _said(window, "#verdict")
        assert window.complaints == []


async def test_everything_its_keeper_must_know_is_on_it(place: Living, browser: Browser) -> None:
    assert "kept in" in await place.command("note", "IR/AS197207", "Heard by telephone.")
    async with browser.window(View(DESKTOP, "light", "en")) as window:
        await window.show(f"{place.hub.url}/")
        incident = await _said(window, "#incidents")
        for said in ("Shutdown of a network", "AS197207", "A service is blocked", "instagram"):
            assert said in incident, incident
        assert "Told: 1 of 1 messages delivered." in incident
        assert "Sara has it" in incident
        assert "The relay has no message about it." in incident, "of the block"
        assert "silent" in await _of(window, FELL_SILENT)
        assert "paused" in await _of(window, PAUSED)
        assert "not in 30 days" not in await _of(window, DRILLED)
        assert "not in 30 days" in await _of(window, "f1")
        assert "59 ticks" in await _of(window, "m1") or "60 ticks" in await _of(window, "m1")
        assert "Heard by telephone." in await _said(window, "#noted")
        assert "Nothing waits; last taken" in await _said(window, "#database")
        await _is_quiet(window, place)


async def test_it_is_all_there_in_persian_on_a_phone(place: Living, browser: Browser) -> None:
    async with browser.window(View(PHONE, "dark", "fa")) as window:
        await window.show(f"{place.hub.url}/")
        assert await window.page.evaluate("document.documentElement.dir") == "rtl"
        assert "قطع اینترنت یک شبکه" in await _said(window, "#incidents")
        assert "در مکث" in await _of(window, PAUSED)
        assert "خاموش" in await _of(window, FELL_SILENT)
        await _is_quiet(window, place)


async def _is_quiet(window: Window, place: Living) -> None:
    assert window.asked == [f"{place.hub.url}/"]
    assert window.complaints == []
    assert await window.axe() == []
    assert await window.overflow_px() == 0


async def test_whoever_comes_from_elsewhere_finds_nothing(place: Living, browser: Browser) -> None:
    """By another address of this machine, by another name, and through a proxy, as a browser sees it."""
    elsewhere = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession(connector=elsewhere) as session, session.get(f"{place.hub.url}/") as answer:
        assert (answer.status, await answer.text()) == (404, "")
    assert await place.hub.page("/", Host="hub.example.org") == (404, "")
    async with browser.window() as window:
        await window.page.context.set_extra_http_headers({"X-Forwarded-For": "203.0.113.7"})
        answered: list[int] = []
        window.page.on("response", lambda each: answered.append(each.status))
        with pytest.raises(Error, match="ERR_HTTP_RESPONSE_CODE_FAILURE"):  # nothing came that could be shown
            await window.show(f"{place.hub.url}/")
        assert answered == [404]


# ---------------------------------------------------------------- what anybody may see


async def test_what_is_published_of_the_evening_is_read_by_anybody(
    place: Living, browser: Browser, tmp_path: Path
) -> None:
    assert "2 groups" in await place.command("publish", "--out", str(tmp_path), "--delay=1h")
    told = json.loads((tmp_path / "status.json").read_text())
    hours = {(each["network"], row["service"]): row["hours"] for each in told["groups"] for row in each["services"]}
    assert hours["AS58224", "instagram"][-3:] == ["blocked"] * 3
    assert hours["AS197207", "whatsapp"][-1] == "cut_off"
    assert "ok" in hours["AS197207", "whatsapp"]
    assert hours["AS197207", "whatsapp"][0] is None, "nobody was there so early"
    said: dict[Lang, tuple[str, ...]] = {"en": ("Instagram", "blocked", "cut off"), "fa": ("اینستاگرام", "مسدود")}
    for lang, words in said.items():
        async with browser.window(View(PHONE if lang == "fa" else DESKTOP, "light", lang)) as window:
            await window.page.context.set_offline(True)
            await window.show((tmp_path / public.FILES[lang]).as_uri())
            text = await window.page.locator("main").inner_text()
            for word in words:
                assert word in text, text
            assert not {"m1", "f3", "c1"} & set(text.split())
            assert window.complaints == []
            assert await window.axe() == []
            assert await window.overflow_px() == 0
