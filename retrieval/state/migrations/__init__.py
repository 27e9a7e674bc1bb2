"""Alembic's migrations of the state: made and upgraded when a store is opened."""
