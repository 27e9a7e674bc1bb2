"""Prompts as text files; rendered from the catalog, so that none of them knows a domain."""
