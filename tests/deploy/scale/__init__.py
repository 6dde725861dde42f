"""What deploy/scale ships, for fleets that one Prometheus no longer carries: read by the programs it is for, and held to its words."""
