"""What is walked next, how often and how much: errands, turns, pairs, comparisons, limits."""
