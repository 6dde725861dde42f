"""Whatever reads from the network, a file or a person, and what may come out of it: one table (tests/fuzz/table.py).

`python -m tests.fuzz NAME --seconds N` lets atheris look for what no one thought of, from a corpus of our own code's
making; tests/fuzz/test_fuzz.py does the same with Hypothesis for a moment in CI. What was found is in test_mended.py.
"""
