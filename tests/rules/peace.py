"""The world most of these tests begin with: two networks, three controls, and all is well; and how it goes dark."""

from __future__ import annotations

from collections.abc import Mapping

from tests.rules.world import MCI, TCI, Box, World, alert

IR = {"country": "IR"}
ON_MCI = {**IR, "network": MCI}
ON_TCI = {**IR, "network": TCI}
BLOCKED_MCI = alert("ServiceBlocked", "page", **ON_MCI, service="instagram")
BLOCKED_TCI = alert("ServiceBlocked", "page", **ON_TCI, service="instagram")
SHUTDOWN = alert("NetworkShutdown", "page", **ON_MCI)
OVER = alert("ShutdownOver", "info", **ON_MCI)
SILENT = alert("NetworkSilent", "page", **ON_MCI)


def world(*, controls: bool = True) -> World:
    """Two lines on the mobile network, two on the fixed one, three controls, and all is well."""
    made = World().services()
    for vantage, network in (("m1", MCI), ("m2", MCI), ("f1", TCI), ("f2", TCI)):
        made.line(vantage, network)
    if controls:
        made.controls()
    return made


def box(made: World, vantage: str) -> Box:
    return next(each for each in made.boxes if each.labels["vantage"] == vantage)


def landmarks(made: World, steps: dict[int, float | None], network: str = MCI) -> World:
    for number in (1, 2, 3):
        box(made, f"c{number}").send(
            "didban_landmarks_ratio", steps, about_country="IR", about_network=network, kind="access"
        )
    return made


def dark(made: World, *vantages: str, since: int = 20, until: int = 10_000, domestic: float = 1.0) -> World:
    """These lines report by another way that nothing abroad answers."""
    for vantage in vantages:
        each = box(made, vantage).reach({0: 1.0, since: 0.0, until: 1.0})
        each.reach({0: 1.0, since: domestic, until: 1.0}, "domestic")
        for service in ("whatsapp", "instagram", "imo"):
            each.state(service, {0: "ok", since: "cut_off", until: "ok"})
    return made


def walled(made: World, *vantages: str, since: int = 20, until: int = 0, by: str = "walled_garden") -> World:
    """As a box says it: no reach but to its gateway, no service known, and the finding on each of them."""
    for vantage in vantages:
        each = box(made, vantage)
        for scope in ("international", "domestic"):
            each.reach({0: 1.0, since: None, **({until: 1.0} if until else {})}, scope)
        for service in ("whatsapp", "instagram", "imo"):
            each.state(service, {0: "ok", since: "insufficient", **({until: "ok"} if until else {})})
            says: Mapping[int, float | None] = {0: None, since: 1.0, **({until: None} if until else {})}
            each.send("didban_target_finding", says, service=service, target="edge", finding=by)
    return made
