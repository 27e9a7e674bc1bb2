"""Turns a conversation into a reply: understand, act, rank, explore, write, check."""
