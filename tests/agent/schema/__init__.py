"""The driver for small models."""
