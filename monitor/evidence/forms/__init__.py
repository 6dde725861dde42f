"""Records as others read them: OONI's JSON, OpenMetrics, a flat table, and shares that may be shown to everybody."""
