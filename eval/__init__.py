"""Scores dialogue transcripts offline."""
