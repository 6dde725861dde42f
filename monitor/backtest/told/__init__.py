"""What people would have been told, and whether it was right.

`messages` is Alertmanager's routing as a model; `observable` says what our lines could have shown at all; `score` holds
the one against the other, `coverage` by how many lines stand there; `summary` and `stats` count; `table` and `asjson`
show.
"""
