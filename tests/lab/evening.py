"""The evening of 21 September 2022, thirty times faster: what happened, who had to be told, and who was.

The steps say what is done to the network and what must arrive; whatever else arrives is written down just the same.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.lab import network, world
from tests.lab.lab import Lab
from tests.lab.world import FIXED, FIXED_NET, MOBILE, MOBILE_NET

BEGINS = datetime.datetime(2022, 9, 21, 15, 0, tzinfo=datetime.UTC)
SERVICES = ("whatsapp", "instagram", "imo", "vpn")
NETWORKS = (MOBILE, FIXED)
INSIDE_NETS = [MOBILE_NET, FIXED_NET]
LABELS = ("alertname", "severity", "country", "network", "service", "vantage", "extent")
_MOST_S = 75.0

Key = tuple[tuple[str, str], ...]
Lies = list[dict[str, Any]]


def key(labels: Mapping[str, str]) -> Key:
    """What makes an alert that alert."""
    return tuple((name, labels[name]) for name in LABELS if labels.get(name))


def alert(name: str, severity: str, **labels: str) -> Key:
    return key({"alertname": name, "severity": severity, **labels})


def on(network_id: str, name: str, severity: str = "page", **labels: str) -> Key:
    return alert(name, severity, country="IR", network=network_id, **labels)


INSTAGRAM: Lies = [
    {"lie": "dns_forgery", "on": INSIDE_NETS, "names": ["instagram.com", "cdninstagram.com"]},
    {"lie": "silence_by_name", "on": INSIDE_NETS, "names": ["instagram.com", "cdninstagram.com"]},
]
WHATSAPP: Lies = [
    {"lie": "dns_silence", "on": INSIDE_NETS, "names": ["whatsapp.net", "whatsapp.com"]},
    {"lie": "drop_address", "on": INSIDE_NETS, "to": [f"{each}/32" for each in world.addresses_of("whatsapp")]},
]
MOBILE_CUT: Lies = [{"lie": "cut_foreign", "on": [MOBILE_NET], "domestic": list(world.DOMESTIC)}]


@dataclass(frozen=True, slots=True)
class Step:
    """`may`: alerts that may come as well, on the way to the expected ones, and need not."""

    title: str
    act: Callable[[Lab], None]
    expects: frozenset[Key] = frozenset()
    may: frozenset[Key] = frozenset()
    least_s: float = 4.0
    most_s: float = _MOST_S
    ready: Callable[[Lab], bool] = lambda lab: True


@dataclass(slots=True)
class Told:
    """One alert as it arrived somewhere for the first time."""

    by: str
    key: Key
    step: str
    at_s: float  # since the evening began, in the laboratory's seconds
    delay_s: float  # since the onset of its step, likewise


@dataclass(slots=True)
class Message:
    """One message: every alert in it, and those nobody had been told of."""

    by: str
    alerts: frozenset[Key]
    news: frozenset[Key]
    summary: str


@dataclass(slots=True)
class Evening:
    """What was done and what came of it. `show` is called again and again while it goes on."""

    lab: Lab
    show: Callable[[Evening], None] = lambda evening: None
    step: Step | None = None
    began_s: float = 0.0
    step_began_s: float = 0.0
    told: list[Told] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    _read: int = 0
    _known: set[tuple[str, Key]] = field(default_factory=set)

    def live(self, steps: tuple[Step, ...]) -> None:
        """One step after the other; each lasts until what it must bring has come by both ways."""
        self.began_s = time.monotonic()
        for step in steps:
            self.step, self.step_began_s = step, time.monotonic()
            step.act(self.lab)
            while not self._over(step):
                time.sleep(0.25)
                self._look()
                self.show(self)

    def _over(self, step: Step) -> bool:
        lasted_s = time.monotonic() - self.step_began_s
        missing = [(by, each) for by in ("smtp", "webhook") for each in step.expects if (by, each) not in self._known]
        if lasted_s > step.most_s:
            self.late += [f"{step.title}: {dict(each)['alertname']} did not come by {by}" for by, each in missing]
            if not step.ready(self.lab):
                self.late.append(f"{step.title}: never became ready")
            return True
        return lasted_s >= step.least_s and not missing and step.ready(self.lab)

    def _look(self) -> None:
        inbox = self.lab.inbox()
        for message in inbox[self._read :]:
            if message.get("receiver") == "watchdog":
                continue
            alerts = frozenset(_alerts_in(message))
            by = message["by"]
            news = frozenset(each for each in alerts if (by, each) not in self._known)
            summary = message.get("subject") or message.get("commonAnnotations", {}).get("summary", "")
            self.messages.append(Message(by, alerts, news, summary))
            arrived_s = time.monotonic() - (time.time() - message["at"])
            for each in news:
                self._known.add((by, each))
                delay_s = arrived_s - self.step_began_s
                title = self.step.title if self.step else ""
                self.told.append(Told(by, each, title, arrived_s - self.began_s, delay_s))
        self._read = len(inbox)

    @property
    def clock(self) -> datetime.datetime:
        """What time it is in 2022."""
        return self.clock_at(time.monotonic() - self.began_s if self.began_s else 0, self.lab.times)

    @staticmethod
    def clock_at(elapsed_s: float, times: float) -> datetime.datetime:
        return BEGINS + datetime.timedelta(seconds=elapsed_s * times)


def _alerts_in(message: Mapping[str, Any]) -> Iterator[Key]:
    """From a webhook the labels; from a mail the line of labels its text ends with."""
    if message["by"] == "webhook":
        for each in message["alerts"]:
            if each["status"] == "firing":
                yield key(each["labels"])
        return
    for line in message["text"].splitlines():
        if line.startswith("Alert:"):
            yield key(dict(pair.split("=", 1) for pair in line.removeprefix("Alert:").split()))


def verdicts(lab: Lab) -> dict[tuple[str, str], str]:
    """(network, service) -> the present verdict."""
    rows = lab.query("didban:service_verdict")
    return {(row["metric"]["network"], row["metric"]["service"]): row["metric"]["verdict"] for row in rows}


def all_well(lab: Lab) -> bool:
    """Every service on every network is ok, and has been for long enough to be remembered as working."""
    now = verdicts(lab)
    remembered = lab.query('count(didban:service_works:timestamp_14d{country="IR"})')
    works = bool(remembered) and int(remembered[0]["value"][1]) == len(NETWORKS) * len(SERVICES)
    return works and all(now.get((net, service)) == "ok" for net in NETWORKS for service in SERVICES)


def blocked(service: str) -> frozenset[Key]:
    return frozenset(on(net, "ServiceBlocked", service=service) for net in NETWORKS)


FORGED = frozenset(on(net, "DNSTampering", "ticket") for net in NETWORKS)  # where a line asked often enough before
SILENCED = frozenset({on(MOBILE, "NetworkSilent")})  # where a busy machine takes six seconds to find the other way home
WELL = Step("all is well", lambda lab: lab.lies(), least_s=8, ready=all_well)
EVENING = (
    WELL,
    Step("Instagram is blocked", lambda lab: lab.lies(*INSTAGRAM), blocked("instagram"), FORGED),
    Step("WhatsApp is blocked", lambda lab: lab.lies(*INSTAGRAM, *WHATSAPP), blocked("whatsapp"), FORGED),
    Step(
        "the mobile network is cut off from abroad",
        lambda lab: lab.lies(*MOBILE_CUT, *INSTAGRAM, *WHATSAPP),
        frozenset({on(MOBILE, "NetworkShutdown")}),
        SILENCED,
        least_s=20,
    ),
    Step(
        "everything is back",
        lambda lab: lab.lies(),
        frozenset({on(MOBILE, "ShutdownOver", "info")}),
        least_s=30,
        ready=all_well,
    ),
)

TWO_HOURS_LATER = Step(
    "two hours later",
    lambda lab: None,
    frozenset(
        on(net, "ServiceUnblocked", "info", service=service)
        for net in NETWORKS
        for service in ("instagram", "whatsapp")
    ),
    most_s=330,
)


def _imo_down_and_a_box_unplugged(lab: Lab) -> None:
    network.take_down(world.addresses_of("imo"))
    network.unplug("f2")


def _mended(lab: Lab) -> None:
    network.take_down(world.addresses_of("imo"), up=True)
    network.unplug("f2", plugged=True)


LOOK_ALIKES = (
    WELL,
    Step(
        "imo is down for everyone, and somebody unplugs a box",
        _imo_down_and_a_box_unplugged,
        frozenset({alert("ServiceDown", "info", service="imo"), on(FIXED, "VantageSilent", "ticket", vantage="f2")}),
    ),
    Step("both are mended", _mended, ready=all_well),
)
