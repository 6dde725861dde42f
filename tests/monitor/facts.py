"""Walks and rounds made by hand, for tests that read as stories."""

from __future__ import annotations

from probes.facts import Certificate, Endpoint, Observation, Round, Target, Vantage, Walk, Whereabouts
from probes.words import Access, Depth, Failure, Finding, Kind, Reason, Role, Scope, Step, Transport

INSIDE = Vantage("v1", "IR", Role.INSIDE, Access.MOBILE, "AS197207")
CONTROL = Vantage("c1", "DE", Role.CONTROL, Access.DATACENTER, "AS24940")

_ORDER = [Step.RESOLVE, Step.CONNECT, Step.HANDSHAKE, Step.FETCH]
_CERTIFICATE = Certificate("Test CA", "0" * 64, 4_000_000_000_000)


def endpoint(number: int = 1, host: str = "") -> Endpoint:
    return Endpoint(host or f"h{number}.example", 443, Transport.TCP)


def target(
    name: str = "instagram/web",
    *,
    kind: Kind = Kind.HTTPS,
    endpoints: int = 2,
    at_least: int = 1,
    sample: int = 1,
    essential: bool = True,
) -> Target:
    service, _, id = name.partition("/")
    return Target(
        service=service,
        id=id,
        kind=kind,
        depth=Depth.WEB,
        endpoints=tuple(endpoint(number) for number in range(1, endpoints + 1)),
        at_least=at_least,
        sample=sample,
        essential=essential,
    )


def canary(name: str, scope: Scope = Scope.INTERNATIONAL, country: str = "NL", network: str = "AS3333") -> Target:
    return Target(
        service="canaries",
        id=name,
        kind=Kind.TLS,
        depth=Depth.ENDPOINT,
        endpoints=(Endpoint(f"{name}.example", 443, Transport.TCP, "193.0.11.24"),),
        at_least=1,
        sample=1,
        scope=scope,
        at=Whereabouts(country, network),
    )


def walk(
    *,
    to: str = "instagram/web",
    at: Endpoint | None = None,
    address: str = "157.240.1.1",
    failed: Failure | None = None,
    step: Step = Step.FETCH,
    findings: tuple[Finding, ...] = (),
    started_ms: int = 0,
    connect_s: float = 0.05,
    boot_ms: int | None = None,
) -> Walk:
    """A walk over TLS that came as far as `step`, and failed there if `failed` says so."""
    steps = []
    for each in _ORDER[: _ORDER.index(step) + 1]:
        last = each is step
        steps.append(
            Observation(
                each,
                took_s=connect_s,
                failure=failed if last else None,
                findings=findings if last else (),
                certificate=_CERTIFICATE if each is Step.HANDSHAKE and not (last and failed) else None,
            )
        )
    known = "" if step is Step.RESOLVE and failed else address
    return Walk(to, at or endpoint(), known, started_ms, Reason.DUE, tuple(steps), boot_ms=boot_ms)


def rounds(*walks: Walk, number: int = 1, at_ms: int = 0) -> Round:
    return Round(walks[0].target, number, Reason.DUE, at_ms, walks)
