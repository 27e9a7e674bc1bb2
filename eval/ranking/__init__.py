"""Ranks catalog items at a place of a recorded dialogue, from what was said before it alone."""
