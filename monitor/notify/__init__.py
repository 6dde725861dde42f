"""Who is told, by which ways, and when not: what `notify:` says, and the templates Alertmanager gets."""
