"""The other end abroad."""
