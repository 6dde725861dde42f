"""Every reader there is, by name; and the modules that look like readers and are none of a stranger's words."""

from __future__ import annotations

from tests.fuzz import answers, doors, files, knocks, renewed, stored
from tests.fuzz.target import Target

TABLE: dict[str, Target] = {
    each.name: each for part in (knocks, doors, files, renewed, answers, stored) for each in part.TARGETS
}
