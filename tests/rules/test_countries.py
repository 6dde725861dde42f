"""What becomes of a country, step by step."""

from __future__ import annotations

from pathlib import Path

from tests.rules.peace import (
    dark,
    world,
)
from tests.rules.world import IRANCELL, MCI, RIGHTEL, TCI, World, alert

# ---------------------------------------------------------------- CountryShutdown


def country(*, weights: bool) -> World:
    made = World().services()
    networks = {MCI: ("mci", 0.4), TCI: ("tci", 0.3), IRANCELL: ("irancell", 0.2), RIGHTEL: ("rightel", 0.1)}
    for number, (network, (operator, weight)) in enumerate(networks.items()):
        made.line(f"a{number}", network)
        made.line(f"b{number}", network)
        if weights:
            made.say("didban_network_weight_ratio", {0: weight}, country="IR", network=network, operator=operator)
    made.controls()
    return made


def of_country(extent: str) -> dict[str, str]:
    return alert("CountryShutdown", "page", country="IR", extent=extent)


def cut(network: str) -> dict[str, str]:
    return alert("NetworkShutdown", "page", country="IR", network=network)


def test_each_step_of_a_national_shutdown_is_told(tmp_path: Path) -> None:
    made = country(weights=True)
    dark(made, "a0", "b0", since=20)
    dark(made, "a1", "b1", since=40)
    dark(made, "a2", "b2", "a3", "b3", since=60)
    made.told(30, cut(MCI))
    made.told(50, cut(MCI), cut(TCI), of_country("networks"), of_country("majority"))
    everything = [cut(network) for network in (MCI, TCI, IRANCELL, RIGHTEL)]
    made.told(70, *everything, *(of_country(extent) for extent in ("networks", "majority", "total")))
    made.check(tmp_path, "1m")


def test_a_parent_holds_until_its_last_child_is_over(tmp_path: Path) -> None:
    made = country(weights=True)
    dark(made, "a0", "b0", until=60)
    dark(made, "a1", "b1", until=120)
    made.told(50, cut(MCI), cut(TCI), of_country("networks"), of_country("majority"))
    over = [alert("ShutdownOver", "info", country="IR", network=network) for network in (MCI, TCI)]
    made.told(110, cut(TCI), over[0], of_country("networks"), of_country("majority"))
    made.told(140, over[1]).check(tmp_path, "1m")


def test_without_weights_three_operators_make_a_country(tmp_path: Path) -> None:
    made = country(weights=False)
    dark(made, "a0", "b0", "a1", "b1", since=20)
    dark(made, "a2", "b2", since=40)
    made.told(30, cut(MCI), cut(TCI))
    made.told(50, cut(MCI), cut(TCI), cut(IRANCELL), of_country("networks"), of_country("majority")).check(
        tmp_path, "1m"
    )


def test_one_operator_with_two_networks_is_no_country(tmp_path: Path) -> None:
    made = world()
    for network in (MCI, TCI):
        made.say("didban_network_weight_ratio", {0: 0.4}, country="IR", network=network, operator="one")
    dark(made, "m1", "m2", "f1", "f2").told(30, cut(MCI), cut(TCI)).check(tmp_path)
