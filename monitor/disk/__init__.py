"""A file of ours on a disk that may be full, read-only, damaged or gone. Knows nothing of what is written in it."""
