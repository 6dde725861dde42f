"""The commands, one file for each kind of reader: who keeps a box, who keeps a hub."""
