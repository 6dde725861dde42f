"""Worlds as values: what happens on which path when, where our lines stand, who should hear of what. Simulates nothing.

- `words`: the closed words of a world, and which of them go together;
- `alerts`: which alerts a world may expect, with which labels; `noise`: what lines do by themselves;
- `world`, `expected`: a world as frozen values, whole and unfolded: what everything that simulates reads;
- `shape`, `beside`: the shape of the files; `draft`, `checking`, `causes`, `spans`: what in them contradicts what;
- `reading`: a file -> a World, or every mistake in it with its line and key; `unfolding`: how;
- `drawn`: worlds nobody wrote, for counts; `shuffle`: a world with its causes at other times.

To simulate: `world, mistakes = reading.load(path)`; `reading.shipped()` names the shipped worlds. A `World` has
`lines` (each with its ways home and its noise), `controls`, `landmarks` and `causes`. At a moment, a cause stands if
it lies in one of its `spans`; it touches a box if everything in `where` fits (`share`: a keyed hash of world, cause
and box decides, always alike; `spread_s`: hit one after another in that order); it acts with the share of its
`drops`, scaled by `ramp_s` at the beginning of a span and `tail_s` after its end, but for what `passes`. A box's
samples get home if one of its `home` ways crosses no foreign path that loses them then: `foreign` and `socks` cross
that of the own network, `uplink` that of `Home.network`, `satellite` none; ALL, HELLO_REPLIES and UNLISTED_NAMES lose
it unless `passes.hub`, PORTAL and GARDEN lose every way but the satellite; What.HUB takes `foreign` and `uplink`,
never `socks`. Samples that cannot get home are kept and come later (not if the box was dark, or its card dead).

Of what is expected: a row whose `needs` the lines do not meet is unobservable, and neither found nor missed; one that
is not `timed` has no delay; an alert that fits an `allowed` row is neither right nor false, one that fits `never` is
of the wrong class, every other page is false, and what does not page is told beside it.
"""
