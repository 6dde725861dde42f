"""What leaves as evidence: commitments, forms, manifest, time-stamps. Never who keeps a box."""
