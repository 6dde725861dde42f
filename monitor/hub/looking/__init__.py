"""The late look: when a backlog lands, what the rules would have said of that time, had it been there in time."""
