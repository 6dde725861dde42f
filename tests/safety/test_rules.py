"""Every rule has its test: the fifteen stand in rules.py, what holds them in test_walking.py and test_holding.py."""

from __future__ import annotations

from tests.safety import test_holding, test_walking
from tests.safety.rules import RULES


def test_every_rule_has_a_test_named_after_it() -> None:
    named = [name for module in (test_walking, test_holding) for name in vars(module) if name.startswith("test_")]
    missing = [rule for rule in RULES if not any(name.startswith(f"test_{rule}_") for name in named)]
    assert missing == []
    assert len(RULES) == 15
