"""Simulated worlds and what the rules would have said in them: nothing in here ever touches a network.

`monitor/scenarios/*.yml` holds worlds as data: causes on paths, never states or failures. A world goes one way through

- `worlds`: from a file, or drawn, to a frozen `World`, or to every mistake in it;
- `lived`: the daemon's own rounds, judge and tick in it, on a clock that leaps, and what of it gets home when;
- `hearing`: what the hub then hears, and what the shipped rules make of it;
- `told`: the messages of that, held against what should have been told: scores, tables, JSON.

`trial` puts one world to the rules, `many` does so with a row of them side by side, `replay` with spools.
"""
