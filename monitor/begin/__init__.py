"""Before the first packet: where the box stands, what probing from there means, what it would cost."""
