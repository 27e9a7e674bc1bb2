"""Simulated users who talk to a recommender: made of real people's likes, ignorant of any title that is looked for."""
