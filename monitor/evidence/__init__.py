"""What leaves as evidence: commitments, forms, manifest, time-stamps. Judges nothing, and says nothing of who keeps a box."""
