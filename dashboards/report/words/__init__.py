"""Every sentence of a dossier, by key, in each language. The same keys in both: a test holds it."""
