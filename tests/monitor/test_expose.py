"""The way in: metrics promtool takes, pages that need no outside, and nobody but the keeper who may ask."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import bcrypt
import pytest

from dashboards.status import page
from monitor import metrics
from monitor.metrics import Series
from monitor.tick import Tick
from monitor.webconfig import OPEN, WebConfig, may_listen
from probes.doors.yamlfile import Mistake
from tests.monitor.served import Box, promtool, serve, tick


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    async for each in serve(tmp_path, OPEN):
        yield each


async def test_metrics_are_what_promtool_takes(box: Box, tmp_path: Path) -> None:
    box.exposition.publish(tick())
    status, text = await box.get("/metrics")
    assert status == 200
    assert await asyncio.to_thread(promtool, text) == (0, "")
    up = 'didban_target_up{access="mobile",country="IR",network="AS197207",role="inside",service="instagram",target="web",vantage="v1"} 0.0'
    assert up in text
    assert "_created" not in text


async def test_openmetrics_is_spoken_to_whoever_asks_for_it(box: Box) -> None:
    box.exposition.publish(tick())
    _, text = await box.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert text.endswith("# EOF\n")


async def test_every_metric_can_be_exposed_and_is_clean(box: Box) -> None:
    """Each family of the contract once, through promtool."""
    samples = {}
    for family in metrics.FAMILIES:
        values = tuple("x" for _ in family.labels)
        if family.shape is metrics.Shape.HISTOGRAM:
            for suffix, le in (("_bucket", "+Inf"), ("_sum", ""), ("_count", "")):
                samples[Series(family, values, suffix, le)] = 1.0
        else:
            samples[Series(family, values)] = 1.0
    box.exposition.publish(Tick(0, samples))
    _, text = await box.get("/metrics")
    assert await asyncio.to_thread(promtool, text) == (0, "")


async def test_ready_waits_for_the_first_tick_and_healthy_does_not(box: Box) -> None:
    assert (await box.get("/-/healthy"))[0] == 200
    assert (await box.get("/-/ready"))[0] == 503
    box.exposition.publish(tick())
    assert (await box.get("/-/ready"))[0] == 200


@pytest.mark.parametrize("path", ["/probe?target=instagram/web", "/-/reload"])
async def test_what_changes_something_takes_a_post(box: Box, path: str) -> None:
    assert (await box.get(path))[0] == 405
    assert (await box.get(path, method="POST"))[0] == 200


async def test_only_configured_targets_are_walked(box: Box) -> None:
    assert (await box.get("/probe?target=http://10.0.0.1/", method="POST"))[0] == 404
    assert (await box.get("/probe?target=imo/web", method="POST"))[0] == 429
    assert (await box.get("/api/v1/observations?since=1e300"))[0] == 200
    assert (await box.get("/api/v1/observations?since=-1e18"))[0] == 200


async def test_a_bad_reload_is_told_line_by_line(box: Box) -> None:
    box.mistakes = (Mistake("didban.yml", 3, "interval", "is wrong"), Mistake("didban.yml", 4, "timeout", "too"))
    assert await box.get("/-/reload", method="POST") == (
        400,
        "didban.yml:3: interval: is wrong\ndidban.yml:4: timeout: too\n",
    )


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 1),
        ("?target=instagram/web", 1),
        ("?target=x/y", 0),
        ("?since=6", 0),
        ("?since=4", 1),
        ("?since=1970-01-01T00:00:06Z", 0),
        ("?since=1970-01-01T00:00:04Z", 1),
        ("?since=1970-01-01T02:00:04+02:00", 1),
        ("?since=1970-01-02", 0),
    ],
)
async def test_observations_are_found_by_target_and_time(box: Box, query: str, count: int) -> None:
    async with box.session.get(box.url + "/api/v1/observations" + query) as answer:
        assert len((await answer.json())["walks"]) == count


@pytest.mark.parametrize("query", ["?since=yesterday", "?limit=many", "?since=1e999"])
async def test_a_question_that_makes_no_sense_is_told_so(box: Box, query: str) -> None:
    assert (await box.get("/api/v1/observations" + query))[0] == 400


async def test_the_runbook_is_read_where_the_internet_is_not(box: Box) -> None:
    status, text = await box.get("/runbook/NetworkShutdown")
    assert status == 200
    assert text.startswith("# NetworkShutdown")
    for name in ("../rules/didban", "Nothing", "..%2Frules%2Fdidban.yml"):
        assert (await box.get(f"/runbook/{name}"))[0] == 404


# ---------------------------------------------------------------- the page


class Outside(HTMLParser):
    """Collects everything a page would ask somebody else for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.asked += [f"{tag} {key}={value}" for key, value in attrs if key in ("src", "href", "action")]
        assert tag != "script" or not attrs, "what a browser runs stands in the page"


async def test_the_page_needs_nothing_from_outside_and_escapes_what_it_shows(box: Box) -> None:
    _, text = await box.get("/")
    parser = Outside()
    parser.feed(text)
    assert [each for each in parser.asked if not re.search(r"^a href=(/|\?|#)|^link href=data:,$", each)] == []
    assert "&lt;Instagram&gt;" in text
    assert "A notice &amp; more." in text
    assert "forged_dns_answer" in text
    assert len(text.encode()) < 100_000


def test_every_state_has_a_sign_of_its_own() -> None:
    assert len(set(page.SIGNS.values())) == len(page.SIGNS) == 7


# ---------------------------------------------------------------- behind a password


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


USERS = WebConfig(basic_auth_users={"ana": bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()})


async def test_all_but_the_health_pages_are_behind_the_password(tmp_path: Path) -> None:
    async for box in serve(tmp_path, USERS):
        box.exposition.publish(tick())
        for path in ("/", "/metrics", "/api/v1/status", "/api/v1/observations"):
            assert (await box.get(path))[0] == 401
            assert (await box.get(path, headers=basic("ana", "wrong")))[0] == 401
            assert (await box.get(path, headers=basic("eve", "right")))[0] == 401
            assert (await box.get(path, headers=basic("ana", "right")))[0] == 200
        assert (await box.get("/-/healthy"))[0] == 200
        assert (await box.get("/-/ready"))[0] == 200


@pytest.mark.parametrize(
    ("host", "web_config", "may"),
    [
        ("127.0.0.1", OPEN, True),
        ("::1", OPEN, True),
        ("localhost", OPEN, True),
        ("0.0.0.0", OPEN, False),
        ("192.168.1.7", OPEN, False),
        ("0.0.0.0", USERS, False),
        (
            "0.0.0.0",
            WebConfig.model_validate(
                {
                    "tls_server_config": {"cert_file": "a", "key_file": "b"},
                    "basic_auth_users": dict(USERS.basic_auth_users or {}),
                }
            ),
            True,
        ),
    ],
)
def test_nothing_listens_beyond_this_machine_in_clear(host: str, web_config: WebConfig, may: bool) -> None:
    assert (may_listen(host, web_config) is None) is may
