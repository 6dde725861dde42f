"""What the box holds and shows, and how it is stopped. Named after the rules (tests/safety/rules.py)."""

from __future__ import annotations

import ast
import inspect
import re
import time
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from monitor import config, metrics, webconfig
from monitor.begin import enrolment, init
from monitor.cli import run
from monitor.evidence.forms import public
from monitor.hub import publishing, settings
from monitor.judge import State
from monitor.keeping import wiping
from monitor.pace import Pace
from monitor.settings import Storage
from monitor.telling import notices
from monitor.tools import tools
from probes import catalogue, page
from probes.doors.request import Request
from probes.facts import Observation, Walk
from probes.fingerprint import Fingerprints
from probes.ports import Page
from probes.words import Access, Role, Scope, Step
from tests.monitor.hub.test_enrolment import LINE
from tests.monitor.local import Vantage
from tests.probes.liars import closed_port
from tests.safety.rules import ROOT, Clock, errand_of, loaded, names_in, rests_of, shipped, sources

# ---------------------------------------------------------------- no_ip_store, bind_local


def test_no_ip_store_nobody_asks_who_we_are() -> None:
    """But for the responder's own machine, where strangers come to."""
    asks = {"gethostname", "getfqdn", "getnode", "uname", "gethostbyname", "getlogin", "netifaces", "psutil", "SSID"}
    for path, tree in sources("probes", "monitor"):
        assert names_in(tree).isdisjoint(asks), path
    for path, tree in sources("probes", "monitor/keeping", "monitor/meaning", "monitor/telling", "monitor/evidence"):
        assert "getsockname" not in names_in(tree), path


def test_no_ip_store_a_page_that_prints_our_address_leaves_no_trace_of_it() -> None:
    def noted(ours: str) -> Observation:
        said = Page(403, {"X-Client": ours}, f"<p>Error 1009. Your IP: {ours}. Ray ID: 7e</p>".encode())
        seen = Observation(Step.FETCH, 0.1)
        return page.noted(said, seen, Fingerprints(), host="x.example", secure=True)

    assert noted("192.0.2.77") == noted("203.0.113.1")
    assert "192.0.2.77" not in repr(noted("192.0.2.77"))


def test_no_ip_store_a_walk_has_no_place_for_an_address_of_ours() -> None:
    assert {each.name for each in fields(Walk)} == {
        "target", "endpoint", "address", "started_ms", "reason", "steps", "bytes_sent", "bytes_received", "booked",
        "cell", "told", "boot_ms",
    }  # fmt: skip


def test_bind_local_is_the_default_and_anything_else_needs_a_guard() -> None:
    assert inspect.signature(run.run).parameters["listen_address"].default == "127.0.0.1:9810"
    for host in ("0.0.0.0", "::", "192.168.1.7", "example.org", ""):
        assert webconfig.may_listen(host, webconfig.OPEN) is not None, host
    for host in ("127.0.0.1", "::1", "localhost"):
        assert webconfig.may_listen(host, webconfig.OPEN) is None


def test_bind_local_holds_for_a_hub_as_well(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "registry.yml").write_text("vantages: []\n")
    hub = tmp_path / "hub.yml"
    for listen, refused in (("127.0.0.1:8443", False), ("0.0.0.0:8443", True), ("192.0.2.1:8443", True)):
        hub.write_text(f"listen: {listen}\nforward: {{remote_write: 'http://127.0.0.1:9/'}}\n")
        _, mistakes = settings.load(hub)
        assert any("not in clear" in each.what for each in mistakes) is refused, listen


# ---------------------------------------------------------------- bridges, store_min

_KEY, _BRIDGE = "c2VjcmV0IG9mIHRoZSB0ZXN0LCBub3QgYSByZWFsIG8=", "192.0.2.77"
_OWN = f"""
service: my-vpn
title: {{en: My own}}
category: vpn
targets:
  - id: wireguard
    kind: wireguard
    depth: protocol
    addresses: [{_BRIDGE}]
    options: {{public_key: "{_KEY}", private_key_file: wg.key}}
    source: mine
"""


_BRIDGES = """
service: my-vpn
title: {en: My own}
category: vpn
targets:
  - id: shadowsocks
    kind: shadowsocks
    depth: session
    hosts: [bridge.example]
    addresses: [127.0.0.77]
    ports: [9]
    options: {cipher: chacha20-ietf-poly1305, key_file: key, through: www.example.org}
    essential: true
    source: mine
"""


def test_bridges_are_in_no_label_and_no_public_export(tmp_path: Path) -> None:
    (tmp_path / "wg.key").write_text(_KEY)
    (tmp_path / "my-vpn.yml").write_text(_OWN)
    (own,), mistakes = catalogue.load(["./my-vpn.yml"], beside=tmp_path)
    assert mistakes == ()
    (mine,) = own.targets
    assert mine.secrets, "the key was read"
    assert _KEY not in repr(mine.secrets) or "secrets" not in repr(mine)
    assert mine.name not in public.shown()
    for family in metrics.FAMILIES:
        assert set(family.labels).isdisjoint({"address", "host", "endpoint", "url", "key", "fingerprint"}), family.name


def test_bridges_are_in_no_metric_and_no_log_of_a_box_at_work(tmp_path: Path) -> None:
    own = Vantage(tmp_path, closed_port())
    (tmp_path / "key").write_text("a-password-of-the-test")
    (tmp_path / "services.yml").write_text(_BRIDGES)
    own.start("--log.level=debug")
    own.wait_for("/-/ready")
    until = time.monotonic() + 20
    while 'service="my-vpn"' not in (shown := own.ask("/metrics")[1]):
        assert time.monotonic() < until, "it was never walked"
        time.sleep(0.1)
    _, _, said = own.stop()
    for secret in ("127.0.0.77", "bridge.example", "a-password-of-the-test"):
        assert secret not in shown
        assert secret not in said


def test_store_min_no_step_has_a_place_for_a_body() -> None:
    for each in fields(Observation):
        assert "bytes" not in str(each.type), each.name


def test_store_min_what_is_thirty_days_old_goes(tmp_path: Path) -> None:
    assert Pace.of(loaded(tmp_path).config).keep_s == 30 * 86_400
    assert Storage().keep_s == 30 * 86_400, "also where nothing is said of it"


def test_store_min_a_box_of_a_fleet_is_sealed_and_another_says_that_it_is_not(tmp_path: Path) -> None:
    told = enrolment.read(LINE)
    path = tmp_path / "didban.yml"
    answers = init.Answers(told.role, told.country, told.access, told.network, told)
    init.write(path, answers, storage="state", today="2026-11-22")
    sealed, _ = config.load(path)
    assert sealed is not None
    assert sealed.config.storage.seal_to == told.seal_to
    assert list(notices.of_sealing(sealed.config)) == []
    (tmp_path / "b").mkdir()
    assert "can read all it keeps" in next(notices.of_sealing(loaded(tmp_path / "b").config))


def test_store_min_a_wipe_finds_all_that_init_wrote(tmp_path: Path) -> None:
    loaded(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "spool.db").write_bytes(b"x")
    found = wiping.find(tmp_path / "didban.yml", None)
    assert set(found.files) == {each for each in tmp_path.rglob("*") if each.is_file()}


# ---------------------------------------------------------------- delay_publish, neutral_ua, no_login, stop_switch, review


def test_delay_publish_is_three_lines_or_a_day_by_ten_minutes() -> None:
    assert (public.SLOT_MS, public._FEWEST, public._DAY_MS) == (600_000, 3, 86_400_000)
    assert (publishing.FEWEST, publishing.DELAY_S) == (3, 86_400.0)
    now_ms = 1_800_000_123_456
    told_ms = publishing.moment_ms(now_ms, publishing.DELAY_S)
    assert told_ms % 600_000 == 0
    assert told_ms <= now_ms - 86_400_000


def test_neutral_ua_inside_and_our_name_outside(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    inside, outside = loaded(tmp_path), loaded(tmp_path / "b", Role.CONTROL, Access.DATACENTER)
    said = [cast(Any, tools(each, Pace.of(each.config)).web).user_agent for each in (inside, outside)]
    assert said[0].startswith("Mozilla/5.0 (Windows NT 10.0; Win64; x64)")
    assert "didban" not in said[0].lower()
    assert said[1].startswith("Didban/")
    asked = Request("instagram.com", "/", True, said[0])
    assert not any("didban" in f"{name}{text}".lower() for name, text in asked.headers())


def test_neutral_ua_no_shipped_name_says_who_asks() -> None:
    for each in shipped():
        assert not any("didban" in at.host.lower() for at in each.endpoints), each.name


def test_no_login_no_request_shows_who_somebody_is() -> None:
    asked = Request("instagram.com", "/", True, "x")
    assert {name for name, _ in asked.headers()} == {"user-agent", "accept", "accept-language"}
    for path, tree in sources("probes"):
        said = {str(node.value).lower() for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert said.isdisjoint({"cookie", "authorization"}), path


def test_no_login_no_row_holds_an_account() -> None:
    for path in sorted((ROOT / "probes" / "services").glob("*.yml")):
        rows = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))
        assert not re.search(r"\+98[0-9]|phone|passwor[dt]:|token:|login:|cookie", rows), path.name


def test_stop_switch_quiet_is_chosen_and_never_default(tmp_path: Path) -> None:
    assert loaded(tmp_path).config.quiet is False
    dark = rests_of(State.CUT_OFF, foreign_seen=False)
    assert not dark.hushed
    assert not dark.leaves_out(errand_of(essential=True), 3, Clock(1))


def test_stop_switch_a_quiet_box_in_the_dark_asks_canaries_twice_an_hour_and_nothing_else() -> None:
    rests, canaries = rests_of(State.CUT_OFF, quiet=True, foreign_seen=False), errand_of(scope=Scope.INTERNATIONAL)
    assert rests.hushed
    assert all(rests.leaves_out(errand_of(essential=True), number, Clock(1)) for number in range(4))
    minutes = [minute for minute in range(120) if not rests.leaves_out(canaries, minute, Clock(1 + minute / 60))]
    assert minutes == [0, 30, 60, 90]
    assert not rests_of(State.OK, quiet=True).hushed, "the line carries: it walks as ever"


def test_review_is_a_document_with_a_date() -> None:
    text = (ROOT / "docs" / "ethics.md").read_text()
    for part in ("Consent", "Risk and benefit", "Who is concerned", "Legal advice", "Annual review"):
        assert re.search(rf"^##+ .*{part}", text, re.MULTILINE), part
    assert re.search(r"Next review: 20[0-9]{2}-[0-9]{2}", text)
