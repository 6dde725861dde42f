"""What carries Didban to other machines: images, packages, charts, roles. `make deployed` runs all of it."""
