"""The built-in page at `/`: no asset from outside, no script needed, readable on a phone."""
