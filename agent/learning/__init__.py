"""Learns from recorded conversations, other people's and a data folder's own."""
