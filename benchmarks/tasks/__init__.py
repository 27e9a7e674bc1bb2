"""Somebody who shops for a bicycle with three to five requirements, on a catalog that is ingested without a schema."""
