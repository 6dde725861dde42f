"""A day of hostile servers, compressed: the real daemon against them on loopback, its memory, descriptors, tasks, lateness.

`python -m tests.soak` writes results/soak.json and results/soak.svg; a minute of the same is in test_soak.py.
"""
