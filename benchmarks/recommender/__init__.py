"""How good the recommender is: one split, one harness, well-known libraries beside our own models."""
