"""What the walks amount to, up to the evidence the judge reads: canaries, surroundings, causes, the view."""
