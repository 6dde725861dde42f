"""Which alert speaks for which other: the inhibition of the shipped Alertmanager template, applied to what fired."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.beside.rulefiles import NOTIFY
from probes.doors.yamlfile import read

Labels = Mapping[str, str]

_MATCHER = re.compile(r'(\w+)(=~|=)"(.*)"')


@dataclass(frozen=True, slots=True)
class Mutes:
    """Alerts that fit `by` mute those that fit `what` and have the same `equal` labels."""

    by: Mapping[str, re.Pattern[str]]
    what: Mapping[str, re.Pattern[str]]
    equal: tuple[str, ...]

    def applies(self, parent: Labels, child: Labels) -> bool:
        if not (_fits(self.by, parent) and _fits(self.what, child)) or (_fits(self.what, parent) and parent == child):
            return False
        return all(parent.get(key, "") == child.get(key, "") for key in self.equal)


def _fits(wanted: Mapping[str, re.Pattern[str]], labels: Labels) -> bool:
    return all(pattern.fullmatch(labels.get(key, "")) for key, pattern in wanted.items())


def shipped() -> tuple[Mutes, ...]:
    """Of the template; what is added to an alertmanager.yml by hand is not known here."""
    template = read(NOTIFY / "alertmanager.yml").value
    assert isinstance(template, dict)
    rules = template["inhibit_rules"]
    assert isinstance(rules, list)
    return tuple(_rule(each) for each in rules if isinstance(each, dict))


def _rule(given: Mapping[str, object]) -> Mutes:
    by, what, equal = given["source_matchers"], given["target_matchers"], given["equal"]
    assert isinstance(by, list)
    assert isinstance(what, list)
    assert isinstance(equal, list)
    return Mutes(_matchers(by), _matchers(what), tuple(map(str, equal)))


def _matchers(given: Sequence[object]) -> dict[str, re.Pattern[str]]:
    found = {}
    for each in given:
        matcher = _MATCHER.fullmatch(str(each))
        assert matcher is not None, f"{each}: a matcher of another kind"
        found[matcher[1]] = re.compile(matcher[3] if matcher[2] == "=~" else re.escape(matcher[3]))
    return found


def parents(child: Labels, firing: Sequence[Labels], rules: Sequence[Mutes]) -> Iterator[Labels]:
    """Those of what fires that mute it."""
    return (parent for parent in firing if any(rule.applies(parent, child) for rule in rules))
