"""The dossier: what happened in a country in one window of time, as a page, a table and a picture. Pure rendering.

`model` is what is shown; it is filled by monitor/dossier. Nothing here reads a clock, a file or a spool.
"""
