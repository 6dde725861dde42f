"""What it means, and who hears of it: keeps what probes wrote, works out states, ships, compares, tells people."""

__version__ = "0.1.0"
CONTRACT = 1
