"""Judges what somebody kept: our own rounds, and what OONI Probe measured. Reads files, asks nobody, sends nothing."""
