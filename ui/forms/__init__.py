"""Answers in a client's own JSON schema: each field is filled with a fact, and what no fact can fill is refused."""
