"""That nothing was changed: commitments and their chain, outside time-stamps, a manifest, a program that checks."""
