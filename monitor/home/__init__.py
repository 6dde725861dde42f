"""What the way home is made of: the wire format, credentials, the sign of life."""
