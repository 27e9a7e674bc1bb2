"""Thin LangChain tools over `retrieval`, one per file."""
