"""docs/worlds.md: each shipped world by itself, from results/backtest.json. `python -m tests.figures` writes it.

A rule whose absence changes nothing stands in no row: `didban backtest WORLD --json` has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Json = dict[str, Any]

_SETS = {
    "tuned": "Tuned: the rules were made with these before our eyes",
    "held_out": "Held out: looked at only afterwards",
}
_KEPT = ("name", "set", "expected", "unobservable", "false", "without", "by_chance")


def kept(worlds: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Of a backtest's worlds what the page needs."""
    return [{key: each[key] for key in _KEPT} for each in worlds]


def page(found: Json) -> str:
    """What stands between the page's markers."""
    return "\n".join(_lines(found))


def by_set(found: Json) -> Iterator[str]:
    """For the README: the two sets, apart."""
    yield from ("", "| in simulation | tuned | held out |", "|---|---|---|")
    tuned, held = (found["sets"][name] for name in _SETS)
    for what, one, other in zip(_WHAT, _column(tuned), _column(held), strict=True):
        yield f"| {what} | {one} | {other} |"


_WHAT = ("worlds, network-weeks", "told of what our lines could see", "not to be seen by our lines", "precision of pages",
         "false pages per network and week", "of the wrong class")  # fmt: skip


def _column(one: Json) -> tuple[str, ...]:
    rate = "false_pages_per_network_week"
    low, high = one[f"{rate}_interval"]
    return (
        f"{one['scenarios']}, {one['network_weeks']:.1f}",
        share(one, "recall"),
        str(one["unobservable"]),
        share(one, "precision"),
        f"{one[rate]:.3f} ({one[f'{rate}_events']} in {one[f'{rate}_n']:.1f}; {low:.3f} to {high:.3f})",
        str(one["wrong_class"]),
    )


def share(found: Json, name: str) -> str:
    value, n, (low, high) = found[name], found[f"{name}_n"], found[f"{name}_interval"]
    return f"{value:.1%} of {n} ({low:.1%} to {high:.1%})" if n else "none to count"


def _lines(found: Json) -> Iterator[str]:
    rules = found["summary"]["rules_sha256"][:16]
    yield from (
        "",
        f"`{found['command']}`, {found['date'][:10]}, rules `{rules}`, in simulation. {found['note']}".rstrip(),
    )
    for name, title in _SETS.items():
        yield from (
            "",
            f"## {title}",
            "",
            "| world | must be told | after | as known later | without its rule | by chance |",
        )
        yield "|---|---|---|---|---|---|"
        for world in (each for each in found["worlds"] if each["set"] == name):
            yield from _rows(world)
    yield ""


def _rows(world: Json) -> Iterator[str]:
    if not world["expected"] and not world["unobservable"]:
        yield f"| {world['name']} | nothing | {'' if world['false'] else 'nothing was'} | | | |"
    without = {row["alert"]: row["recalled"] for row in world["without"]}
    for row in world["expected"]:
        others = len(world["expected"]) - without.get(row["alert"], len(world["expected"]))
        lost = f"{others} of {len(world['expected'])} untold" if row["alert"] in without else ""
        chance = ", ".join(world["by_chance"] or ()) or "nothing"
        then = _after(row["fired"], row["delay_s"]) or "**never**"
        later = _after(row["fired_as_known_later"], row["delay_as_known_later_s"]) or "not told"
        yield f"| {world['name']} | {_alert(row)} | {then} | {later} | {lost} | {chance} |"
    for row in world["false"]:
        what = "of the wrong class" if row["wrong_class"] else "false"
        yield f"| {world['name']} | not {_alert(row)} | **told: {what}**, a {row['severity']} | | | |"
    for row in world["unobservable"]:
        yield f"| {world['name']} | {_alert(row)} | not to be seen: {row['lacking']} | | | |"


def _alert(row: Json) -> str:
    where = [row["labels"][key] for key in ("country", "network", "service") if row["labels"].get(key)]
    return " ".join([f"`{row['alert']}`", *where])


def _after(fired: str | None, delay_s: float | None) -> str:
    """Where the world's source gives no time there is no delay to state, only that it was told; "" where it was not."""
    if fired is None:
        return ""
    return f"{delay_s:.0f} s" if delay_s is not None else "told"
