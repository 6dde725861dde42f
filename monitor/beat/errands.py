"""What is due together, and how often: a target alone, the canaries of a scope, the landmarks of a network. Pure."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from monitor.meaning.canaries import in_scope
from monitor.pace import Pace, walked_here
from probes.facts import Endpoint, Service, Target, Vantage
from probes.words import Depth, Kind, Scope, Transport

CANARIES_A_ROUND = {Scope.INTERNATIONAL: 4, Scope.DOMESTIC: 2, Scope.GATEWAY: 2}
_MOST_GATEWAYS = 2
_DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class Errand:
    """`a_round` of the targets are walked each time, in turn. Essential ones are never stretched."""

    name: str
    targets: tuple[Target, ...]
    a_round: int
    period_s: float
    essential: bool

    @property
    def scope(self) -> Scope | None:
        return self.targets[0].scope

    @property
    def turn_s(self) -> float:
        """How long until each of the targets has had its turn."""
        return self.period_s * math.ceil(len(self.targets) / self.a_round)


def errands(services: Iterable[Service], pace: Pace) -> tuple[Errand, ...]:
    """Every target of `services` is in exactly one errand, unless no endpoint of it is left."""
    targets = [target for service in services for target in service.targets if target.endpoints]
    alone = (
        Errand(target.name, (target,), 1, pace.period_s(target), target.essential)
        for target in targets
        if target.scope is None and target.about is None
    )
    networks = sorted({target.about.network for target in targets if target.about is not None})
    about = (
        Errand(f"landmarks/{network}", here, len(here), pace.landmark_s, essential=True)
        for network in networks
        if (here := tuple(t for t in targets if t.about is not None and t.about.network == network))
    )
    together = (
        Errand(f"canaries/{scope}", here, min(CANARIES_A_ROUND[scope], len(here)), pace.interval_s, essential=True)
        for scope in Scope
        if (here := tuple(target for target in targets if target.scope is scope))
    )
    return (*alone, *about, *together)


def walked_by(vantage: Vantage, services: Iterable[Service], resolvers: Sequence[str]) -> tuple[Service, ...]:
    """The services with the targets this vantage walks, and its own gateway among the canaries."""

    def here(service: Service) -> Service:
        mine = (t for t in service.targets if walked_here(t, vantage.role) and in_scope(t, vantage))
        kept = (t for t in mine if t.options.get("home", vantage.country) == vantage.country)
        own = gateways(service, vantage, resolvers) if service.id == "canaries" else ()
        return replace(service, targets=(*kept, *own))

    return tuple(service for service in map(here, services) if service.targets)


def gateways(canaries: Service, vantage: Vantage, resolvers: Sequence[str]) -> tuple[Target, ...]:
    """The operator's resolvers, where ours are public: a home router's says nothing of the network."""
    public = [address for address in resolvers if ipaddress.ip_address(address).is_global][:_MOST_GATEWAYS]
    domestic = [t for t in canaries.targets if t.scope is Scope.DOMESTIC and in_scope(t, vantage)]
    names = [target.endpoints[0].host for target in domestic or canaries.targets if target.endpoints[0].host]
    return tuple(
        Target(
            service=canaries.id,
            id=f"gateway-{number}",
            kind=Kind.DNS,
            depth=Depth.ENDPOINT,
            endpoints=(Endpoint(names[0], _DNS_PORT, Transport.UDP, address),),
            at_least=1,
            sample=1,
            scope=Scope.GATEWAY,
            source="didban.yml, dns",
        )
        for number, address in enumerate(public, start=1)
        if names
    )
