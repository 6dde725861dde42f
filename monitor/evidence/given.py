"""Boxes out of sealed exports and a hub's database, beside those of spools. Takes no export that does not hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.decoding import from_json
from monitor.disk.file import Unusable
from monitor.evidence.lines import Box, line_of, name_of
from monitor.evidence.proof import verify
from monitor.evidence.window import Window, moment, rfc3339
from monitor.stored.exported import Exported
from monitor.stored.recalled import Recalled
from monitor.stored.source import Origin

COHORT = "cohort"


@dataclass(frozen=True, slots=True)
class Part:
    """What one export holds of one box."""

    folder: Path
    window: Window
    said: Mapping[str, Any]

    @property
    def vantage(self) -> str:
        return str(self.said["identity"].get("vantage", ""))


def parts(folders: Sequence[Path]) -> list[Part]:
    """Raises Unusable: something does not hold, or two of them say the same of one box."""
    found = [part for folder in folders for part in _parts(folder)]
    for number, one in enumerate(found):
        for other in found[:number]:
            if one.vantage == other.vantage and _meet(one.window, other.window):
                both = f"{other.folder} and {one.folder}"
                raise Unusable(f"{both} hold the same time of {one.vantage}: it would count twice; give one of them")
    return found


def _meet(one: Window, other: Window) -> bool:
    return one.since_ms < other.until_ms and other.since_ms < one.until_ms


def _parts(folder: Path) -> Iterator[Part]:
    if not folder.is_dir():
        raise Unusable(f"{folder}: no such folder")
    wrong = verify.check(folder, [])
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise Unusable(f"{folder}: is no sealed export that holds: {wrong[0]}{more}; see `python3 verify.py {folder}`")
    try:
        manifest = from_json((folder / verify.MANIFEST).read_bytes())
        window = Window(moment(manifest["since"], 0), moment(manifest["until"], 0))
        for said in manifest["boxes"]:
            yield Part(folder, window, said)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise Unusable(f"{folder / verify.MANIFEST}: cannot be read: {error}") from None


def boxes(
    spools: Sequence[Box],
    exports: Sequence[Part],
    sent: Mapping[str, Recalled],
    names: Collection[str],
    cohorts: Mapping[str, str],
) -> list[Box]:
    """Spools as they are, exports, and of whoever is in neither what the database holds. Raises Unusable.

    Args:
        sent: what the database holds, by vantage.
        names: of the series rules read.
        cohorts: by vantage, where somebody who enrolled it wrote them down.
    """
    found = list(spools)
    own = {each.identity.get("vantage", "") for each in spools}
    spoke: set[str] = set()  # no tick is read twice from the database
    for part in exports:
        if part.vantage in own:
            raise Unusable(f"{part.folder}: {part.vantage} is among the spools as well: give one of them")
        kept = Exported(part.folder, part.said, names, sent.get(part.vantage) if part.vantage not in spoke else None)
        ticks = Origin.EXPORT if kept.has_ticks else Origin.DATABASE if part.vantage in sent else None
        spoke |= set() if kept.has_ticks else {part.vantage}
        known = sent[part.vantage].identity() if part.vantage in sent else {}
        identity = _whose({**known, **kept.identity()}, cohorts)
        found.append(Box(name_of(identity, found), line_of(identity), identity, kept, Origin.EXPORT, ticks))
    there = own | {part.vantage for part in exports}
    for vantage, recalled in sorted(sent.items()):
        if vantage not in there:
            identity = _whose(recalled.identity(), cohorts)
            found.append(Box(name_of(identity, found), line_of(identity), identity, recalled, None, Origin.DATABASE))
    return found


def _whose(identity: Mapping[str, str], cohorts: Mapping[str, str]) -> Mapping[str, str]:
    vantage = identity.get("vantage", "")
    return {**identity, COHORT: cohorts[vantage]} if vantage in cohorts else identity


# ---------------------------------------------------------------- of a database


def recalled(
    series: Sequence[Mapping[str, str]], ask: Callable[[str], Callable[[int, int], Mapping[Any, Any]]]
) -> dict[str, Recalled]:
    """By vantage, those that ever beat in that time. `series`: labels of what it says of who they are."""
    beat = [each for each in series if each.get("__name__") == _BEAT]
    methods = [each for each in series if each.get("__name__") == "didban_method_info"]
    cohort = {
        each["vantage"]: each.get(COHORT, "") for each in series if each.get("__name__") == "didban_vantage_cohort"
    }
    told = {each["vantage"] for each in series if each.get("__name__") == "didban_vantage_expected"}
    found = {}
    for labels in beat:
        vantage = labels.get("vantage", "")
        whose = {key: labels.get(key, "") for key in ("vantage", "country", "network", "access", "role")}
        if vantage in told:  # by a hub, that says cohorts as well
            whose[COHORT] = cohort.get(vantage, "")
        mine = tuple(
            {k: v for k, v in each.items() if k != "__name__"} for each in methods if each.get("vantage") == vantage
        )
        found[vantage] = Recalled(whose, mine, ask(vantage))
    return found


_BEAT = "didban_heartbeat_timestamp_seconds"
WHO = f"{_BEAT}|didban_method_info|didban_vantage_cohort|didban_vantage_expected"


def matching(country: str) -> tuple[str, str]:
    """What finds the boxes of a country, and controls."""
    return (
        f'{{__name__=~"{WHO}",country="{country}",role="inside"}}',
        f'{{__name__=~"{WHO}",role="control"}}',
    )


def lacking(found: Sequence[Box], exports: Sequence[Part], window: Window) -> Iterator[str]:
    """What whoever asked should know of what there is not."""
    for each in found:
        if each.ticks is None:
            yield f"{each.name}: no tick of it is there, and so it is no witness: give --query, or export openmetrics"
        if each.line == "unknown":
            yield f"{each.name}: nobody says whose home it shares: all such boxes count as one line; give hub.yml"
    for part in exports:
        if part.window.since_ms > window.since_ms or part.window.until_ms < window.until_ms:
            span = f"{rfc3339(part.window.since_ms, digits=0)} to {rfc3339(part.window.until_ms, digits=0)}"
            yield f"{part.folder}: holds records of {part.vantage} from {span}, which is not all of what was asked for"
