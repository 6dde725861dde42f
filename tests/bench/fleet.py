"""Fifty countries, three hundred networks, a thousand vantages: what they send each minute, and what is remembered of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.home import remotewrite
from monitor.home.remotewrite import Labels, TimeSeries
from probes.countries import COUNTRIES as EVERY

COUNTRIES, NETWORKS, LINES, CONTROLS = 50, 6, 3, 100
CODES = sorted(EVERY - {"DE"})[:COUNTRIES]  # a real hub takes no others; controls stand in DE
SERVICES = tuple(f"service{number}" for number in range(10))
TARGETS = ("app", "media", "web")  # of each service
PROTOCOLS = ("openvpn_udp", "wireguard", "ikev2", "tor", "doh", "dot", "quic", "ip6")
ROWS = ("one", "two")  # of transfers
STATES = ("ok", "slow", "broken", "interfered", "refused", "cut_off", "insufficient")
DAY_MS = 86_400_000

Sample = tuple[str, dict[str, str], float]


@dataclass(frozen=True, slots=True)
class Selection:
    """What boxes walk: of which the memory groups keep something."""

    targets: tuple[tuple[str, str], ...]  # (service, target)
    protocols: tuple[str, ...]
    transfers: tuple[tuple[str, str], ...]

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(service for service, _ in self.targets))


MADE_UP = Selection(
    tuple((service, target) for service in SERVICES for target in TARGETS),
    PROTOCOLS,
    tuple(("international", row) for row in ROWS),
)


class Network:
    """One network of the fleet; every tenth is about to be cut, another tenth to lose a service."""

    def __init__(self, number: int) -> None:
        self.country, self.name = CODES[number // NETWORKS], f"AS{number + 1}"
        self.labels = {"country": self.country, "network": self.name}
        self.cut, self.blocked = number % 10 == 3, number % 10 == 7
        self.boxes = [
            self.labels | {"vantage": f"v{number}x{line}", "access": "mobile", "role": "inside"}
            for line in range(LINES)
        ]


FLEET = [Network(number) for number in range(COUNTRIES * NETWORKS)]
ABROAD = [
    {"vantage": f"c{number}", "country": "DE", "network": f"AS9{number:03d}", "access": "datacenter", "role": "control"}
    for number in range(CONTROLS)
]


def states(box: dict[str, str], said: dict[str, str]) -> Iterator[Sample]:
    for service in SERVICES:
        for state in STATES:
            yield (
                "didban_service_state",
                box | {"service": service, "state": state},
                float(said.get(service, "ok") == state),
            )


def beside(box: dict[str, str], said: dict[str, str]) -> Iterator[Sample]:
    """What else a box states in every tick, of what the rules read: targets, protocols, transfers, clock and spool."""
    for service in SERVICES:
        for target in TARGETS:
            of = box | {"service": service, "target": target}
            yield "didban_target_up", of, float(said.get(service, "ok") == "ok")
            yield "didban_target_answer", of | {"answer": "2xx"}, 1.0
    for protocol in PROTOCOLS:
        yield "didban_protocol_up", box | {"protocol": protocol, "peer": "public"}, float(not said)
    for row in ROWS:
        yield "didban_transfer_ratio", box | {"service": "international", "target": row}, 1.0
    yield "didban_clock_offset_seconds", box, 0.1
    yield "didban_spool_bytes", box, 2e8
    yield "didban_spool_limit_bytes", box, 1e9
    yield "didban_spool_waiting_writes", box, 0.0
    for what in ("unsent", "forgotten"):
        yield "didban_spool_lost_total", box | {"what": what}, 0.0


def tick(now_s: float, *, crisis: bool, whole: bool = True) -> Iterator[Sample]:
    """What a minute brings: every box once, and what the hub states."""
    for network in FLEET:
        cut, blocked = crisis and network.cut, crisis and network.blocked
        for box in network.boxes:
            for scope in ("international", "domestic", "gateway"):
                value = 0.0 if cut and scope == "international" else 1.0
                yield "didban_connectivity_ratio", box | {"scope": scope}, value
            said = dict.fromkeys(SERVICES, "cut_off") if cut else {SERVICES[0]: "broken"} if blocked else {}
            yield from states(box, said)
            yield from beside(box, said) if whole else ()
        about = {"about_country": network.country, "about_network": network.name, "kind": "access"}
        for box in ABROAD[:2]:
            yield "didban_landmarks_ratio", box | about, 0.0 if cut else 1.0
        weight = network.labels | {"operator": f"operator {network.name}"}
        yield "didban_network_weight_ratio", weight, 1 / NETWORKS
        yield "didban_network_operator", weight, 1.0
    for box in ABROAD:
        yield "didban_connectivity_ratio", box | {"scope": "international"}, 1.0
        yield from states(box, {})
        yield from beside(box, {}) if whole else ()
    for box in boxes():
        yield "didban_heartbeat_timestamp_seconds", box, now_s
        yield "didban_vantage_expected", box, 1.0
        yield "didban_vantage_paused", box, 0.0
    for service in SERVICES:
        yield "didban_service_info", {"service": service, "page": "true"}, 1.0
    for country in CODES:
        yield "didban_country_utc_offset_seconds", {"country": country}, 12600.0


def boxes() -> list[dict[str, str]]:
    return [box for network in FLEET for box in network.boxes] + ABROAD


def remembered(of: Selection = MADE_UP) -> Iterator[tuple[str, dict[str, str]]]:
    """What the memory groups keep of whom, by the stem of its name."""
    for box in boxes():
        yield "didban:vantage_heartbeat:timestamp", box
        yield "didban:vantage_well:timestamp", box
        named = {name: box[name] for name in ("country", "network", "vantage")}  # as its rule names it
        yield "didban:vantage_useful:timestamp", named
        yield "didban:vantage_clock_good:timestamp", named
    for network in FLEET:
        yield "didban:network_well:timestamp", network.labels
        for service in of.services:
            yield "didban:service_works:timestamp", network.labels | {"service": service}
        for service, target in of.targets:
            yield "didban:network_dns_well:timestamp", network.labels | {"service": service, "target": target}
        for protocol in of.protocols:
            yield "didban:network_protocol_well:timestamp", network.labels | {"protocol": protocol}
        for service, target in of.transfers:
            yield "didban:network_transfer_well:timestamp", network.labels | {"service": service, "target": target}
        if network.cut:
            for name in ("network_cut", "network_cut_sure"):
                yield f"didban:{name}:timestamp", network.labels | {"kind": "shutdown"}
            for name in ("network_unwell", "network_recovered"):
                yield f"didban:{name}:timestamp", network.labels


WEEKS = ("service_works", "useful", "clock_good", "dns_well", "protocol_well", "transfer_well")  # no longer than two


def history(now_ms: int, of: Selection = MADE_UP) -> Iterator[list[TimeSeries]]:
    """Oldest first, ten days at a time: six-hourly for 400 days, two-daily of boxes, five-minutely for twelve hours."""
    everybody = [(name, remotewrite.labels(f"{name}_6h", labels)) for name, labels in remembered(of)]
    for days in range(400, 0, -10):
        times = range(now_ms - days * DAY_MS, now_ms - (days - 10) * DAY_MS - DAY_MS // 2, DAY_MS // 4)
        yield [
            whole(labels, times) for name, labels in everybody if days <= 20 or not any(each in name for each in WEEKS)
        ]
        two_daily = range(now_ms - days * DAY_MS, now_ms - (days - 10) * DAY_MS - DAY_MS // 2, 2 * DAY_MS)
        for name in ("vantage_heartbeat:timestamp", "vantage_well:timestamp", "vantage_well:timestamp_first"):
            yield [whole(remotewrite.labels(f"didban:{name}_2d", box), two_daily) for box in boxes()]
    levels = [("didban:network_reach:ratio_5m", network.labels) for network in FLEET]
    slow = [("didban:network_transfer:ratio_5m", network.labels | {"service": service, "target": target})
            for network in FLEET for service, target in of.transfers]  # fmt: skip
    days7 = range(now_ms - 7 * DAY_MS, now_ms - 60_000, 300_000)
    yield [TimeSeries(remotewrite.labels(name, labels), plain(1.0, days7)) for name, labels in levels + slow]
    minutes = range(now_ms - DAY_MS, now_ms - 60_000, 60_000)
    day = range(now_ms - DAY_MS, now_ms - 60_000, 300_000)  # what the health of a box is read from
    yield [
        TimeSeries(remotewrite.labels("didban:vantage_spool_size:bytes_5m", box), plain(2e8, day)) for box in boxes()
    ]
    yield [
        TimeSeries(remotewrite.labels("didban:network_transfer:ratio", labels), plain(1.0, minutes))
        for _, labels in slow
    ]
    recent = range(now_ms - DAY_MS // 2, now_ms - 60_000, 300_000)
    yield [whole(remotewrite.labels(f"{name}_5m", labels), recent) for name, labels in remembered(of)]


def whole(labels: Labels, times: range) -> TimeSeries:
    return TimeSeries(labels, tuple((at, remotewrite.value(at / 1000)) for at in times))


def plain(value: float, times: range) -> tuple[tuple[int, bytes], ...]:
    said = remotewrite.value(value)
    return tuple((at, said) for at in times)
