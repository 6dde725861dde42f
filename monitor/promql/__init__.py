"""Our rule files lived through in memory, faster than any database would: what would have been told, and when.

An evaluator of the part of PromQL that alerting rules use, with Prometheus 2.42's meaning (lookback, staleness markers,
order within a group). It is no general PromQL and says so: what it does not understand is an error, never a guess.
Arrays of series by moments all the way; the daemon never imports it.
"""
