"""Grafana dashboards: JSON that is checked in, and the deterministic program that makes it."""

from __future__ import annotations

from pathlib import Path


def files() -> list[Path]:
    """The JSON of every dashboard."""
    return sorted(Path(__file__).parent.glob("*.json"))
