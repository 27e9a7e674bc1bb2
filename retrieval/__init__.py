"""Knows items and users: catalog, channels, fusion, ranking, exploration, state. Knows nothing of chat models."""
