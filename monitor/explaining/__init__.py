"""Why somebody was, or was not, told: what the rules ask for in plain words, beside what the database says of it."""
