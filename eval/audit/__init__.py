"""Reads transcripts of any assistant and holds what it said against the catalog and against what the user said."""
