"""Reads recorded words by fixed rules, apart from the product: old figures stay comparable. For evaluations only."""
