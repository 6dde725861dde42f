"""What a daemon would say of one box in peace, under a block and in a shutdown: made by hand, the same every time."""

from __future__ import annotations

from typing import Any

from monitor.judge import RULES, State
from monitor.telling.strips import HOURS, LETTERS, SLOTS

Json = dict[str, Any]

NOW = "2022-09-21T17:40:00Z"  # 22:10 in Tehran, two hours into the dark
_WHY = {rule.id: rule.why for rule in RULES}
_TITLES = {
    "whatsapp": {"en": "WhatsApp", "fa": "واتس‌اپ"},
    "instagram": {"en": "Instagram", "fa": "اینستاگرام"},
    "imo": {"en": "imo", "fa": "ایمو"},
    "telegram": {"en": "Telegram", "fa": "تلگرام"},
    "google_play": {"en": "Google Play and Android", "fa": "گوگل‌پلی و اندروید"},
    "wikipedia": {"en": "Wikipedia", "fa": "ویکی‌پدیا"},
}
_TARGETS: dict[str, list[tuple[str, str, list[str] | None]]] = {
    "whatsapp": [("chat", "e1.whatsapp.net:443/tcp", ["resolve", "connect", "knock"]), ("web", "web.whatsapp.com:443/tcp", None)],
    "instagram": [("web", "www.instagram.com:443/tcp", None), ("api", "i.instagram.com:443/tcp", None)],
    "imo": [("web", "imo.im:443/tcp", None)],
    "telegram": [("chat", "149.154.167.51:443/tcp", ["connect", "knock"])],
    "google_play": [("web", "play.google.com:443/tcp", None)],
    "wikipedia": [("web", "fa.wikipedia.org:443/tcp", None)],
}  # fmt: skip
_NOT_SEEN = {
    "en": "whether somebody who is logged in sees anything",
    "fa": "اینکه کسی که وارد شده چیزی می‌بیند یا نه",
}
_HTTPS = ["resolve", "connect", "handshake", "fetch"]


def target(
    name: str, state: str, rule: str, since: str, endpoint: str, steps: list[str] | None = None,
    *, failed: tuple[str, str] | None = None, findings: tuple[str, ...] = (),
) -> Json:  # fmt: skip
    taken: list[Json] = []
    for place, step in enumerate(steps or _HTTPS):
        failure = failed[1] if failed is not None and failed[0] == step else None
        taken.append({"step": step, "took_s": 0.0123 * (place + 1) + len(name) / 999, "failure": failure})
        if failure:
            break
    return {
        "target": name,
        "depth": "web",
        "not_seen": _NOT_SEEN,
        "essential": True,
        "state": state,
        "since": since,
        "rule_id": rule,
        "why": _WHY[rule],
        "witness": None,
        "broke_at": [failed[0]] if failed else [],
        "failure": failed[1] if failed else None,
        "findings": list(findings),
        "quarantined": [],
        "last_walk": {"endpoint": endpoint, "at": "2022-09-21T17:39:21Z", "reason": "due", "steps": taken},
    }


def service(
    name: str, state: str, rule: str, since: str, *,
    failed: tuple[str, str] | None = None, findings: tuple[str, ...] = (),
) -> Json:  # fmt: skip
    targets = [
        target(f"{name}/{id}", state, rule, since, endpoint, steps, failed=failed, findings=findings)
        for id, endpoint, steps in _TARGETS[name]
    ]
    row = {"service": name, "title": _TITLES[name], "state": state, "since": since}
    return {**row, "rule_id": rule, "why": _WHY[rule], "targets": targets}


def _canaries(alive_abroad: int, *, domestic: bool = True) -> list[Json]:
    abroad = ["ethz", "r-project", "xmission", "opensuse", "mirrorservice", "sunet", "uninett", "waseda", "unicamp"]
    hosts = [
        {"target": f"canaries/{name}", "alive": place < alive_abroad, "set_aside": None}
        for place, name in enumerate(abroad)
    ]
    hosts.append({"target": "canaries/gone", "alive": False, "set_aside": "unseen"})
    inside = [
        {"target": f"canaries/{name}", "alive": domestic, "set_aside": None} for name in ("ut", "irnic", "shatel")
    ]
    return [
        {"scope": "international", "ratio": alive_abroad / len(abroad), "hosts": hosts},
        {"scope": "domestic", "ratio": float(domestic), "hosts": inside},
    ]


def history(states: dict[str, str], *, began: int = 8, curfews: bool = False) -> Json:
    """A month of peace with small troubles, and for `began` quarters of an hour now what `states` says."""
    letters = {letter: state.value for state, letter in LETTERS.items()}
    day, month = {}, {}
    for place, (name, state) in enumerate(states.items()):
        letter = LETTERS[State(state)]
        always = name == "telegram"
        calm = "b" if always else "o"
        slots = [calm] * (SLOTS - began) + [letter] * began
        slots[20 + place * 7] = "s" if not always else "b"
        hours = [" "] * 60 + [calm] * (HOURS - 60 - began // 4) + [letter] * (began // 4)
        hours[100:103] = ["n"] * 3
        if curfews:
            for night in range(4):
                start = HOURS - 24 * (night + 1)
                hours[start - 6 : start] = ["c"] * 6
                if night == 0:
                    slots[SLOTS - 24 * 4 : SLOTS - 22 * 4] = ["c"] * 8
        hours[300 + 31 * place] = "b"
        day[name], month[name] = "".join(slots), "".join(hours)
    return {
        "letters": letters,
        "day": {"since": "2022-09-20T17:45:00Z", "cell_s": 900, "services": day},
        "month": {"since": "2022-08-22T18:00:00Z", "cell_s": 3600, "services": month},
    }


def _box(line: str, summary: str, services: list[Json], canaries: list[Json], waiting: int, notices: list[str]) -> Json:
    return {
        "vantage": "v7f3a",
        "role": "inside",
        "country": "IR",
        "network": "AS197207",
        "access": "mobile",
        "at": NOW,
        "zone": "Asia/Tehran",
        "connectivity": {each["scope"]: each["ratio"] for each in canaries},
        "line": line,
        "summary": summary,
        "notices": notices,
        "not_observable": [],
        "services": services,
        "canaries": canaries,
        "clock": {"settled": True, "offset_s": 0.412, "networks": 7, "error_s": 0.5},
        "waiting": {
            "unstamped_ticks": 0,
            "destinations": [
                {
                    "destination": "hub",
                    "samples": waiting,
                    "last_success": "2022-09-21T15:34:40Z" if waiting else "2022-09-21T17:39:30Z",
                }
            ],
        },
    }


_WELL = "2022-09-07T06:12:00Z"
_DARK = "2022-09-21T15:36:00Z"


def peace() -> Json:
    """Everything that is watched answers."""
    services = [service(name, "ok", "reached", _WELL) for name in _TITLES if name != "telegram"]
    summary = "This line reaches abroad, and every service on it that was judged answers."
    states = {each["service"]: each["state"] for each in services}
    return _box("well", summary, services, _canaries(9), 0, []) | {"history": history(states, began=0)}


def blocked() -> Json:
    """Instagram and WhatsApp are held back by name, while the line reaches abroad."""
    services = [
        service("instagram", "interfered", "proof_in_hand", "2022-09-21T16:02:00Z", failed=("resolve", "dns_bogon_error"), findings=("forged_dns_answer",)),
        service("whatsapp", "broken", "confirmed", "2022-09-21T17:21:00Z", failed=("connect", "generic_timeout_error")),
        *(service(name, "ok", "reached", _WELL) for name in ("imo", "google_play", "wikipedia")),
        service("telegram", "broken", "confirmed", _WELL, failed=("connect", "generic_timeout_error"), findings=("address_filtered",)),
    ]  # fmt: skip
    said = _box(
        "not_reached", "This line reaches abroad; not reached: Instagram, WhatsApp, Telegram.", services, _canaries(8), 0,
        ["The byte cap of the day is near: 62% of the rounds that are not essential are walked."],
    )  # fmt: skip
    return said | {"history": history({each["service"]: each["state"] for each in services}, began=6)}


def shutdown() -> Json:
    """MCI's evening of 21 September 2022, from one of its lines."""
    services = [
        service(name, "cut_off", "nothing_foreign", _DARK, failed=("resolve" if "resolve" in (_TARGETS[name][0][2] or _HTTPS) else "connect", "generic_timeout_error"))
        for name in _TITLES
    ]  # fmt: skip
    said = _box(
        "cut_from_abroad", "This vantage is cut off: nothing abroad answers, while hosts in the country do.",
        services, _canaries(0), 48_360, ["48360 samples have not reached hub yet."],
    )  # fmt: skip
    return said | {"history": history({each["service"]: each["state"] for each in services}, curfews=True)}


def _vantage(
    name: str, network: str, heard: str | None, *, role: str = "inside", country: str = "IR", **more: Any
) -> Json:
    row = {"vantage": name, "country": country, "network": network, "access": "mobile" if role == "inside" else "datacenter",
           "role": role, "paused": False, "heard": heard, "newest": heard, "samples": 41_000, "waiting": 0, "taken": 120,
           "refused": {}, "drilled": "2022-09-14T09:00:00Z",
           "delivered": {"last": heard, "ticks_1h": 59, "ticks_1d": 1431}}  # fmt: skip
    return row | more


def fleet() -> Json:
    """The hub on that evening: MCI's lines are silent, the others speak."""
    silent: Json = {"delivered": {"last": "2022-09-21T15:34:40Z", "ticks_1h": 0, "ticks_1d": 1297}}
    well = "2022-09-21T17:39:30Z"
    return {
        "hub": "hub-a",
        "at": NOW,
        "waiting": {"samples": 0, "oldest": None},
        "database": {"last_success": "2022-09-21T17:39:50Z"},
        "trouble": None,
        "watched": ["IR"],
        "vantages": [
            _vantage("v7f3a", "AS197207", "2022-09-21T15:34:40Z", **silent),
            _vantage("v1c9e", "AS197207", "2022-09-21T15:34:10Z", **silent),
            _vantage("v88d0", "AS44244", well, drilled=None, refused={"too_old": 3}),
            _vantage("v3b71", "AS58224", well, access="fixed", waiting=1240),
            _vantage("v5e02", "AS31549", None, access="fixed", paused=True, drilled=None, delivered={"last": None, "ticks_1h": 0, "ticks_1d": 0}),
            _vantage("c-hel", "AS24940", well, role="control", country="FI"),
            _vantage("c-ams", "AS1103", well, role="control", country="NL"),
        ],
        "retired": 2,
        "incidents": [
            {
                "country": "IR", "family": "shutdown", "service": "",
                "steps": [
                    {"alert": "NetworkSilent", "severity": "page", "network": "AS197207", "vantage": "", "extent": "", "since": "2022-09-21T15:38:15Z"},
                    {"alert": "NetworkShutdown", "severity": "page", "network": "AS197207", "vantage": "", "extent": "", "since": "2022-09-21T15:39:00Z"},
                    {"alert": "CountryShutdown", "severity": "page", "network": "", "vantage": "", "extent": "networks", "since": "2022-09-21T16:04:30Z"},
                ],
                "told": {"messages": 6, "delivered": 6, "first": "2022-09-21T15:39:21Z", "taken_by": "Nasrin"},
            },
            {
                "country": "IR", "family": "service", "service": "instagram",
                "steps": [{"alert": "ServiceBlocked", "severity": "ticket", "network": "AS44244", "vantage": "", "extent": "", "since": "2022-09-21T13:12:00Z"}],
                "told": {"messages": 2, "delivered": 2, "first": "2022-09-21T13:12:40Z", "taken_by": None},
            },
        ],
        "notes": [
            {"at": "2022-09-21T16:20:00Z", "incident": "IR/AS197207/2022-09-21", "text": "Two users in Tehran say the same by telephone; mobile only."},
            {"at": "2022-09-21T15:50:00Z", "incident": "IR/AS197207/2022-09-21", "text": "از سنندج هم تماس گرفتند: همراه اول از ساعت هفت قطع است."},
        ],
    }  # fmt: skip


def public() -> Json:
    """The day before, for anybody."""
    dark = ["ok"] * 16 + ["cut_off"] * 8
    held = ["ok"] * 13 + ["blocked"] * 11
    rows = {"whatsapp": ("cut_off", dark), "instagram": ("cut_off", [*held[:16], *dark[16:]]), "imo": ("cut_off", dark)}
    others = {
        "whatsapp": ("mixed", ["ok"] * 20 + ["mixed"] * 4),
        "instagram": ("blocked", held),
        "imo": ("ok", ["ok"] * 24),
    }
    return {
        "at": "2022-09-21T22:00:00Z",
        "groups": [
            {
                "country": "IR", "network": network, "lines": lines,
                "services": [{"service": name, "title": _TITLES[name], "verdict": verdict, "hours": hours} for name, (verdict, hours) in said.items()],
            }
            for network, lines, said in (("", 3, others), ("AS197207", 5, rows))
        ],
    }  # fmt: skip
