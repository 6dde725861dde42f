"""What people write: configurations, registries, service files, lists, worlds, rules, words of the command line."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import typer
from ruamel.yaml.error import YAMLError

from deploy.responder import settings as responder_settings
from monitor import config, tools, webconfig
from monitor.backtest.worlds import reading as worlds
from monitor.begin import enrolment
from monitor.beside import rulefiles, stack
from monitor.cli import run
from monitor.evidence import window
from monitor.home import addresses, clientfile, credentials
from monitor.hub import registry, watching
from monitor.hub import settings as hub_settings
from monitor.keeping import seal
from monitor.notify import settings as notify_settings
from monitor.promql import compiling
from monitor.promql import reading as rules
from monitor.promql.understood import NotUnderstood
from probes import catalogue, known, published, seenfile
from probes.doors import schema, yamledit, yamlfile
from probes.words import Access, Role
from tests.fuzz.target import Target, folder, of_file, of_text
from tests.monitor.hub.hubs import REGISTRY

ROOT = Path(__file__).parents[2]
_DIDBAN = b"""vantage: {id: v7f3a, secret_file: secret, country: IR, network: AS197207, access: mobile, role: inside}
consent: {acknowledged: 2026-11-21, text_sha256: 00}
services: [whatsapp, canaries, ./own.yml]
interval: 60s
limits: {concurrency: 200, starts_per_second: 5, bytes_per_day: 120MB}
dns: {system: [192.0.2.53], trusted: [{doh: "https://1.1.1.1/dns-query"}, {dot: "9.9.9.9", name: dns.quad9.net}]}
ship:
  - name: hub
    remote_write: https://hub.example.org/api/v1/write
    basic_auth: {username: v7f3a, password_file: hub.password}
    proxies: [direct, "socks5h://127.0.0.1:9050"]
heartbeat: {url_file: null, every: 60s}
"""
_HUB = b"""listen: 127.0.0.1:9820
forward: {remote_write: "http://127.0.0.1:9090/api/v1/write"}
notify: {telegram: [{name: us, chat_id: -1, bot_token_file: t}], pages: {public: "https://hub.example.org"}}
"""
_WEB = b"tls_server_config: {cert_file: c, key_file: k}\nbasic_auth_users: {a: $2y$10$" + b"a" * 53 + b"}\n"
_BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (i + 1, i + 1, *[i] * 7) for i in range(97, 105)
)
_YAMLS = (
    b"[" * 3000,
    b"{a: " * 2000,
    _BOMB,
    b"a: 1\na: 2\n",
    b"- !!python/object:os.system x\n",
    b"%YAML 9.9\n---\n{}",
    b"&a [*a]",
    b"? [a]\n: b",
)


def _shipped(*paths: str) -> Callable[[], Iterable[bytes]]:
    """The smallest file of each kind first: mutations of a long one are slow to read."""
    return lambda: [min(ROOT.glob(each), key=lambda path: path.stat().st_size).read_bytes() for each in paths]


def _seeds(*own: bytes) -> Callable[[], Iterable[bytes]]:
    return lambda: [*own, *_YAMLS]


def _in_a_hub(data: bytes) -> object:
    (folder() / "registry.yml").write_bytes(REGISTRY.encode())
    (folder() / "credentials").mkdir(exist_ok=True)
    return of_file(hub_settings.load, "hub.yml")(data)


def _edited(data: bytes) -> object:
    """What comes out of an edit still reads, or the edit is refused where it is written (monitor/hub/rows.py)."""
    if yamlfile._open_at_once(data) > 100:  # refused before anybody edits it
        return None
    text = data.decode()
    yamledit.appended(text, "watch", {"country": "IR", "until": "2026-12-01T00:00:00Z"})
    return yamledit.changed(text, "vantages", ("id", "v1"), {"paused": True})


def _word_by(rule: Callable[[str], object]) -> Callable[[bytes], object]:
    return of_text(rule)


def _of_addresses(path: Path) -> object:
    return stack.addresses(path.parent)


def _resolvers(path: Path) -> object:
    class Unnamed:
        class config:
            class dns:
                system: tuple[str, ...] = ()

    return tools.resolvers(Unnamed, path)  # type: ignore[arg-type]


def _enrolments() -> Iterable[bytes]:
    made = enrolment.Enrolment("v7f3a", "IR", Role.INSIDE, Access.MOBILE, "AS197207", "",
                               "https://hub.example.org", "p" * 24, seal.public_of(seal.new_key()))  # fmt: skip
    return [enrolment.line(made).encode(), b"didban1:AAAA", b"didban2:x"]


@functools.cache
def _schema_words() -> tuple[tuple[str, Callable[[str], object], bytes], ...]:
    return (
        ("duration", schema.seconds, b"1.5h"), ("size", schema.size, b"120MB"), ("country", schema.country, b"IR"),
        ("network", schema.network, b"AS197207"), ("host", schema.host, b"www.example.org"),
        ("address", schema.address, b"2001:db8::1%eth0"), ("host-and-port", schema.host_and_port, b"[::1]:9810"),
        ("word", schema.word, b"v7f3a"), ("moment", lambda text: window.Window.of(text, "2026-11-22", 10**12), b"2026-11-21T05:30:00Z"),
        ("watch-until", lambda text: watching.until(text, 10**12), b"7d"),
        ("way-home", addresses._way, b"socks5h://u:p@[::1]:9050"), ("home", addresses.home, b"https://hub.example.org:443/x"),
        ("authority", addresses._authority, b"http://tsa.example.org/tsr"), ("zone", notify_settings._zone, b"Asia/Tehran"),
        ("on-this-machine", notify_settings._on_this_machine, b"127.0.0.1:9811"),
        ("authorization", credentials.read_basic, b"Basic dXNlcjpwYXNz"), ("rule-duration", rules.duration_ms, b"1h30m"),
    )  # fmt: skip


def _listen(text: str) -> object:
    return run._address(text)


_WORDS_OF = ("probes/doors/schema.py", "monitor/evidence/window.py", "monitor/home/addresses.py", "monitor/hub/watching.py",
             "monitor/promql/reading.py", "monitor/home/credentials.py", "monitor/notify/settings.py")  # fmt: skip
TARGETS = (
    Target("yaml", of_file(yamlfile.read, "a.yml"), ("probes/doors/yamlfile.py", "probes/doors/schema.py"), seeds=_seeds(_DIDBAN), slow=True),
    Target("config", of_file(config.load, "didban.yml"), ("monitor/config.py", "monitor/settings.py", "monitor/evidence/settings.py"),
           seeds=_seeds(_DIDBAN), slow=True),
    Target("config-hub", _in_a_hub, ("monitor/hub/settings.py", "monitor/notify/settings.py"), seeds=_seeds(_HUB), slow=True),
    Target("config-web", of_file(webconfig.load, "web.yml"), ("monitor/webconfig.py",), seeds=_seeds(_WEB), slow=True),
    Target("config-client", of_file(clientfile.load, "http.yml"), ("monitor/home/clientfile.py", "monitor/home/addresses.py"), seeds=_seeds(_WEB), slow=True),
    Target("config-responder", of_file(responder_settings.load, "responder.yml"), ("deploy/responder/settings.py",), seeds=_seeds(b"listen: 127.0.0.1:443\n"), slow=True),
    Target("registry", of_file(lambda path: registry.load(path, ()), "registry.yml"), ("monitor/hub/registry.py",), seeds=_seeds(REGISTRY.encode()), slow=True),
    Target("service", of_file(catalogue.load_file, "own.yml"), ("probes/catalogue.py",), seeds=_shipped("probes/services/*.yml"), slow=True),
    Target("fingerprints", of_file(known.load_file, "own.yml"), ("probes/known.py",), seeds=_shipped("probes/fingerprints/*.yml"), slow=True),
    Target("published-csv", of_file(lambda path: published.read(path, "IR"), "a.csv"), ("probes/published.py",), seeds=lambda: [
        b"name,scope,location_found,pattern_type,pattern,confidence_no_fp,expected_countries,source\n"
        b'ir_0,nat,body,contains,"10.10.34",9,IR,x\nir_1,isp,header.server,regexp,"x.*y",5,,\n']),
    Target("published-json", of_file(lambda path: published.read(path, "IR"), "a.json"), ("probes/published.py",), seeds=lambda: [
        b'{"fingerprint": "c_ir_x", "pattern": "10\\\\.10.*34"}\n{"fingerprint": "x_y", "pattern": "a{1,3}"}\n']),
    Target("book", of_file(seenfile.load, "book.yml"), ("probes/seenfile.py",), seeds=_seeds(
        b"book: 1\nat: 2026-11-21T08:00:00Z\ncontrols: 2\nnames: {}\n"), slow=True),
    Target("edit", _edited, ("probes/doors/yamledit.py",), (ValueError, YAMLError, RecursionError), _seeds(REGISTRY.encode())),
    Target("scenario", of_file(worlds.load, "own.yml"), ("monitor/backtest/worlds/reading.py", "monitor/backtest/worlds/shape.py",
           "monitor/backtest/worlds/draft.py"), seeds=_shipped("monitor/scenarios/*.yml"), slow=True),
    Target("promql", of_text(compiling.vector), ("monitor/promql/compiling.py",), (NotUnderstood,), lambda: [
        b'max without (job) (max_over_time(x{a=~"b|c"}[3m]) < 0.2 and count_over_time(x[3m]) >= 2)',
        b'label_replace(a unless on (v) b, "x", "$1", "y", "(.*)")', b"predict_linear(x[1h], 60) > bool 1", b"(" * 50 + b"1"]),
    Target("rule-scale", of_text(lambda text: rulefiles.scaled(text, 30)), ("monitor/beside/rulefiles.py",), (ValueError,),
           lambda: [b"expr: max_over_time(x[3m])\nfor: 1h30m\n"]),
    Target("enrolment", of_text(enrolment.read), ("monitor/begin/enrolment.py",), (ValueError,), _enrolments),
    Target("listen-address", of_text(_listen), ("monitor/cli/run.py",), (typer.BadParameter,), lambda: [b"127.0.0.1:9810"]),
    Target("resolv-conf", of_file(_resolvers, "resolv.conf"), ("monitor/tools.py",), seeds=lambda: [b"nameserver fe80::1%eth0\n"]),
    Target("addresses", of_file(_of_addresses, "addresses.json"), ("monitor/beside/stack.py",), seeds=lambda: [json.dumps({"daemon": "a:1"}).encode()]),
    *(Target(f"word-{name}", _word_by(rule), _WORDS_OF, (ValueError,), partial(list, [seed]))
      for name, rule, seed in _schema_words()),
)  # fmt: skip
