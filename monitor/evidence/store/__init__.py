"""Closed hours into a store of the operator's own, so that the evidence of a fleet lies in one place."""
