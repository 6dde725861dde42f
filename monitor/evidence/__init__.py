"""What leaves as evidence: in which forms, with what proof, to which store. Never who keeps a box."""
