"""The way in: metrics promtool takes, pages that need no outside, and nobody but the keeper who may ask."""

from __future__ import annotations

import asyncio
import base64
import re
import subprocess
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from aiohttp import ClientSession

from dashboards.status import page
from monitor import metrics
from monitor.expose import Answers, Pages, application, listen
from monitor.gate.passwords import Doorkeeper
from monitor.gate.porter import Porter
from monitor.metrics import Series, identity
from monitor.rounds import Asked
from monitor.spool import Spool
from monitor.telling.exposition import Exposition
from monitor.tick import Tick
from monitor.webconfig import OPEN, WebConfig, answers_to, may_listen
from probes.doors.yamlfile import Mistake
from tests.monitor.facts import INSIDE, rounds, walk

STATUS: dict[str, Any] = {
    "vantage": "v1",
    "role": "inside",
    "country": "IR",
    "at": "2022-09-21T15:30:00Z",
    "connectivity": {"international": 1.0},
    "summary": "This line reaches abroad; not reached: <Instagram>.",
    "notices": ["A notice & more."],
    "services": [
        {
            "service": "instagram",
            "title": {"en": "Instagram"},
            "state": "interfered",
            "since": "2022-09-21T15:20:00Z",
            "why": "not reached, and something between here and there was seen to lie",
            "targets": [
                {
                    "target": "instagram/web",
                    "depth": "web",
                    "not_seen": {"en": "whether somebody who is logged in sees anything"},
                    "essential": True,
                    "state": "interfered",
                    "since": "2022-09-21T15:20:00Z",
                    "rule_id": "proof_in_hand",
                    "why": "because",
                    "broke_at": ["resolve"],
                    "failure": "dns_bogon_error",
                    "findings": ["forged_dns_answer"],
                    "last_walk": {
                        "endpoint": "www.instagram.com:443/tcp",
                        "at": "2022-09-21T15:29:30Z",
                        "reason": "due",
                        "steps": [{"step": "resolve", "took_s": 0.012, "failure": "dns_bogon_error"}],
                    },
                }
            ],
        }
    ],
    "canaries": [
        {
            "scope": "international",
            "ratio": 1.0,
            "hosts": [
                {"target": "canaries/ripe", "alive": True, "set_aside": None},
                {"target": "canaries/gone", "alive": False, "set_aside": "unseen"},
            ],
        }
    ],
}


def tick() -> Tick:
    return Tick(
        1000,
        {
            Series(metrics.TARGET_UP, ("instagram", "web")): 0.0,
            Series(metrics.WALKS, ("instagram", "web", "dns_bogon_error")): 4,
            Series(metrics.LATENESS, (), "_bucket", "+Inf"): 1,
            Series(metrics.LATENESS, (), "_sum"): 0.1,
            Series(metrics.LATENESS, (), "_count"): 1,
        },
    )


def promtool(text: str) -> tuple[int, str]:
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class Box:
    """A listener on loopback with everything behind it made by hand."""

    def __init__(self, url: str, session: ClientSession, exposition: Exposition) -> None:
        self.url, self.session, self.exposition = url, session, exposition
        self.reloads = 0
        self.mistakes: tuple[Mistake, ...] = ()

    async def get(self, path: str, **options: Any) -> tuple[int, str]:
        async with self.session.request(options.pop("method", "GET"), self.url + path, **options) as answer:
            return answer.status, await answer.text()


async def serve(folder: Path, web_config: WebConfig) -> AsyncIterator[Box]:
    spool = Spool(folder)
    await spool.open()
    await spool.add(rounds(walk(started_ms=5000)))
    exposition = Exposition(identity(INSIDE))
    async with ClientSession() as session:
        box = Box("", session, exposition)

        async def reload() -> tuple[Mistake, ...]:
            box.reloads += 1
            return box.mistakes

        async def probe(name: str) -> tuple[Asked, dict[str, Any]]:
            known = {"instagram/web": Asked.WALKED, "imo/web": Asked.LIMITED}
            return known.get(name, Asked.UNKNOWN), {"target": name}

        pages = Pages(exposition, spool, Answers(lambda: STATUS, reload, probe, lambda: {}, lambda: True, lambda: None))
        porter: Porter | None = None
        for port in range(20000, 60000, 77):
            names = answers_to("127.0.0.1", port, ("box.local",))
            app = application(pages, Doorkeeper(web_config.basic_auth_users), lambda names=names: names)  # type: ignore[misc]
            try:
                porter = await listen(app, "127.0.0.1", port)
            except OSError:
                continue
            box.url = f"http://127.0.0.1:{port}"
            break
        assert porter is not None
        work = asyncio.create_task(porter.work(asyncio.create_task))
        yield box
        work.cancel()
        await porter.close()
    await spool.close()


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
    ("host", "status"),
    [
        ("evil.example", 421),
        ("127.0.0.1", 421),
        ("", 421),
        ("box.local", 200),
        (None, 200),
    ],
)
async def test_another_name_in_front_of_our_address_gets_nothing(box: Box, host: str | None, status: int) -> None:
    """DNS rebinding: a page of evil.example may make a browser ask us, but not by our name."""
    headers = {} if host is None else {"Host": host}
    for path in ("/", "/metrics", "/api/v1/status"):
        assert (await box.get(path, headers=headers))[0] == status


FOLLOWED = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize(
    ("headers", "may_post", "may_look"),
    [
        ({}, True, True),  # curl, Prometheus
        ({"Origin": "OURS"}, True, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "OURS", "Referer": "OURS/"}, True, True),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, True, True),  # typed into the address bar
        ({"Origin": "https://evil.example"}, False, False),
        ({"Origin": "null"}, False, False),
        ({"Origin": "http://127.0.0.1:1"}, False, False),  # another listener of this machine
        ({"Sec-Fetch-Site": "cross-site"}, False, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "OURS"}, False, False),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, False, False),
        (FOLLOWED, False, True),  # a link in a letter
        ({"Referer": "https://evil.example/OURS"}, False, True),  # a form, sent by a browser of before 2020
        ({"Referer": "OURS/"}, True, True),
    ],
)
async def test_no_other_site_can_make_the_box_walk(
    box: Box, headers: dict[str, str], may_post: bool, may_look: bool
) -> None:
    said = {name: text.replace("OURS", box.url) for name, text in headers.items()}
    for path in ("/probe?target=instagram/web", "/-/reload", "/-/drill"):
        assert (await box.get(path, method="POST", headers=said))[0] == (200 if may_post else 403)
    assert box.reloads == may_post
    assert (await box.get("/api/v1/status", headers=said))[0] == (200 if may_look else 403)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_nothing_but_a_post_makes_it_walk(box: Box, method: str) -> None:
    for path in ("/probe?target=instagram/web", "/-/reload", "/-/drill/end"):
        assert (await box.get(path, method=method))[0] == 405
    assert box.reloads == 0


async def test_two_hosts_are_none(box: Box) -> None:
    """Two readers of such a request could each believe another one."""
    host, _, port = box.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /metrics HTTP/1.1\r\nHost: {host}:{port}\r\nHost: evil.example\r\n\r\n".encode())
    async with asyncio.timeout(5):
        status = await reader.readline()
    writer.close()
    assert status.split()[1] in (b"400", b"421")


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status", "/nothing", "/probe", "/runbook/x", "/-/healthy"])
async def test_every_answer_carries_the_headers_and_says_not_what_serves_it(box: Box, path: str) -> None:
    async with box.session.get(box.url + path) as answer:
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Server" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/static/x", "//etc/passwd", "/runbook/%2fetc%2fpasswd"]
)
async def test_no_path_leads_to_a_file(box: Box, path: str) -> None:
    host, _, port = box.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert answer.split()[1] in (b"404", b"400")
    assert b"root:" not in answer


@pytest.mark.parametrize(
    ("query", "count"), [("", 1), ("?target=instagram/web", 1), ("?target=x/y", 0), ("?since=6", 0), ("?since=4", 1)]
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
