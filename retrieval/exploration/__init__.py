"""Exploration: which items are worth a guess, how many, and drawn with which probability."""
