"""Public logs without words: ingested as any user would, and the shipped recommender beside plain peers."""
