"""Grafana dashboards: JSON that is checked in, and the deterministic program that makes it."""
