"""OONI Probe's measurements, in every generation, as facts of ours. Its own verdicts are not read (ooni/spec)."""
