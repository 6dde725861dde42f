"""The status page in a real browser: whole without a script, alive with one, and nobody is asked but the box."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from dashboards.status import calendar, page
from dashboards.status.frame import EVERY_S
from dashboards.status.tongue import Lang, moment
from monitor.expose import Answers, Pages, application
from monitor.gate.passwords import Doorkeeper
from monitor.metrics import identity
from monitor.rounds import Asked
from monitor.spool import Spool
from monitor.telling.exposition import Exposition
from tests.browser import DESKTOP, PHONE, Browser, View, needs_axe, needs_browser, opened
from tests.dashboards.status import examples
from tests.monitor.facts import INSIDE
from tests.probes.liars import closed_port

pytestmark = [needs_browser, pytest.mark.asyncio(loop_scope="module")]

WORLDS = {"peace": examples.peace, "blocked": examples.blocked, "shutdown": examples.shutdown}
BREATHLESS = (EVERY_S + 1) * 1000


@dataclass
class Box:
    """A box behind its real doors, whose view is made by hand."""

    url: str = ""
    status: dict[str, Any] = field(default_factory=examples.peace)


async def _reload() -> tuple[()]:
    return ()


async def _probe(name: str) -> tuple[Asked, dict[str, Any]]:
    return Asked.UNKNOWN, {}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def box(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Box]:
    made = Box()
    answers = Answers(
        lambda: made.status, _reload, _probe, dict, lambda: True, lambda: None, lambda: made.status.get("history", {})
    )
    port = closed_port()
    host = f"127.0.0.1:{port}"
    pages = Pages(Exposition(identity(INSIDE)), Spool(tmp_path_factory.mktemp("spool")), answers)
    runner = web.AppRunner(application(pages, Doorkeeper(None), lambda: frozenset({host})), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    made.url = f"http://{host}"
    yield made
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with opened() as found:
        yield found


@needs_axe
@pytest.mark.parametrize(
    ("lang", "theme", "size"),
    [("en", "light", DESKTOP), ("en", "dark", PHONE), ("fa", "dark", DESKTOP), ("fa", "light", PHONE)],
)
async def test_every_look_of_it_is_legible_named_quiet_and_asks_nobody_else(
    browser: Browser, box: Box, lang: Lang, theme: Any, size: tuple[int, int]
) -> None:
    box.status = examples.blocked()
    async with browser.window(View(size, theme, lang)) as window:
        await window.show(box.url)
        await window.page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert window.asked == [f"{box.url}/"]
        assert window.complaints == []
        assert await window.axe() == []
        assert await window.overflow_px() == 0
        assert await window.page.evaluate("document.documentElement.dir") == ("rtl" if lang == "fa" else "ltr")


async def test_persian_runs_from_right_to_left_and_time_in_its_strips_too(browser: Browser, box: Box) -> None:
    box.status = examples.shutdown()
    async with browser.window(View(language="fa-IR")) as window:
        await window.show(box.url)
        name = await window.page.locator("#services .name").first.bounding_box()
        strip = await window.page.locator("#services .strip").first.bounding_box()
        assert name is not None
        assert strip is not None
        assert name["x"] > strip["x"] + strip["width"], "the name stands on the right of what is said of it"
        ends = "each => { const all = each.getBoundingClientRect(); const cut = each.querySelector('.f-cut_off').getBoundingClientRect(); return [all.left, cut.left]; }"
        left, cut = await window.page.locator("#services .strip").first.evaluate(ends)
        assert abs(left - cut) < 3, "now is on the left"
        await window.show(f"{box.url}/?lang=en")
        assert await window.page.evaluate("document.documentElement.lang") == "en"


async def test_without_javascript_everything_is_there_and_opens(browser: Browser, box: Box) -> None:
    box.status = examples.shutdown()
    async with browser.window(View(PHONE, script=False)) as window:
        await window.show(box.url)
        assert await window.page.locator("#live").is_hidden(), "it does not promise to renew itself"
        steps = window.page.locator("#s-whatsapp .steps").first
        assert await steps.is_hidden()
        await window.page.locator("#s-whatsapp > summary").tap()
        assert await steps.is_visible()
        assert "nothing came back" in await steps.inner_text()
        await window.page.locator("#again a").tap()
        await window.page.wait_for_url("**/?lang=en")
        assert window.asked == [f"{box.url}/", f"{box.url}/?lang=en"]


async def test_what_changes_is_seen_without_a_reload_and_what_was_open_stays_open(browser: Browser, box: Box) -> None:
    box.status = examples.peace()
    async with browser.window() as window:
        await window.page.clock.install()
        await window.show(box.url)
        await window.page.evaluate("window.mark = 'the same document'")
        await window.page.locator("#s-imo > summary").focus()
        await window.page.keyboard.press("Enter")
        assert "reached" in await window.page.locator("#s-imo > summary").inner_text()
        box.status = examples.shutdown()
        await window.page.clock.run_for(BREATHLESS)
        await window.page.locator("#verdict.cut_off").wait_for()
        assert "cut off" in await window.page.locator("#s-imo > summary").inner_text()
        kept = "[window.mark, document.getElementById('s-imo').open, document.activeElement.parentElement.id]"
        assert await window.page.evaluate(kept) == ["the same document", True, "s-imo"]
        assert window.complaints == []


async def test_a_page_that_is_answered_no_more_says_so_and_keeps_what_it_has(browser: Browser, box: Box) -> None:
    box.status = examples.blocked()
    async with browser.window() as window:
        await window.page.clock.install()
        await window.show(box.url)
        await window.page.context.set_offline(True)
        await window.page.clock.run_for(BREATHLESS)
        await window.page.locator("#stale").wait_for()
        assert "gets no answer" in await window.page.locator("#stale").inner_text()
        assert await window.page.locator("#s-instagram").count() == 1
        await window.page.context.set_offline(False)
        await window.page.clock.run_for(BREATHLESS)
        await window.page.locator("#stale").wait_for(state="hidden")


async def test_a_page_kept_as_a_file_is_whole_where_there_is_no_network_at_all(
    browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    file.write_text(page.render(examples.shutdown(), "fa"))
    async with browser.window(View(PHONE)) as window:
        await window.page.context.set_offline(True)
        await window.show(file.as_uri())
        assert window.asked == [file.as_uri()]
        assert window.complaints == []
        assert await window.page.locator("#services details").count() == 6


async def test_the_keyboard_alone_reaches_everything_that_can_be_reached(browser: Browser, box: Box) -> None:
    box.status = examples.blocked()
    async with browser.window() as window:
        await window.show(box.url)
        can = await window.page.locator("a:visible, summary:visible").count()
        reached = await window.reached_by_tab()
        assert reached[0] == "a", "the first thing is the way past the head"
        assert len(reached) == can
        await window.page.locator("#s-instagram > summary").focus()
        assert await window.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        await window.page.keyboard.press("Space")
        assert await window.page.locator("#s-instagram").get_attribute("open") is not None


async def test_a_browser_runs_nothing_that_a_name_brings_in(browser: Browser, box: Box) -> None:
    """Were something not escaped one day, the policy would still hold: no script but ours, no style but ours."""
    told = copy.deepcopy(examples.blocked())
    told["services"][0]["title"] = {"en": "<img src=x onerror='window.bad=1'><script>window.bad=1</script>"}
    box.status = told
    async with browser.window() as window:
        await window.show(box.url)
        inject = "document.body.insertAdjacentHTML('beforeend', \"<p id=p style='color:red' onclick='window.bad=1'>x</p>\"); document.getElementById('p').click()"
        await window.page.evaluate(inject)
        assert await window.page.evaluate("window.bad") is None
        assert window.asked == [f"{box.url}/"]
        assert any("Content Security Policy" in each for each in window.complaints)


async def test_the_persian_calendar_is_chromiums_own_on_every_day_of_seventy_years(browser: Browser) -> None:
    async with browser.window() as window:
        script = """() => { const say = new Intl.DateTimeFormat('en-u-ca-persian', {year: 'numeric', month: 'numeric',
            day: 'numeric', timeZone: 'UTC'}); const found = {};
            for (let at = Date.UTC(1990, 0, 1); at < Date.UTC(2060, 0, 1); at += 86400000) {
              const parts = Object.fromEntries(say.formatToParts(at).map(each => [each.type, each.value]));
              found[new Date(at).toISOString()] = [parts.relatedYear || parts.year, parts.month, parts.day].map(Number);
            } return JSON.stringify(found); }"""
        found: dict[str, list[int]] = json.loads(await window.page.evaluate(script))
    assert len(found) > 25_000
    wrong = {at: says for at, says in found.items() if list(calendar.persian_date(moment(at).date())) != says}
    assert wrong == {}
