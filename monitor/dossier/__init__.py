"""The dossier's contents, gathered from what boxes kept: the judge's ticks, the shipped rules over them, the walks."""
