"""Lives through a world: what every box of it measures, judges and states, and what of that gets home when.

`living` does all of it. `cast` says who is there, `weather` what their lines do by themselves, `touching` whom a cause
hits when; `line` is one place's paths at a moment, `meeting` which causes a walk meets on them, `hits` what those do to
it, `walks` and `walker` what it then shows. `box` is the daemon's own engine on a clock that leaps (`leaping`),
`resident` restarts it, `doze` lets it sleep while nothing changes, `nowhere` is its network. `delivery` brings it home.
"""
