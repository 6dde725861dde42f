"""How facts lie on disk: tables, what is owed to whom, what goes when room is short, what of a wreck comes over."""
