"""Does exploring pay? Simulated strangers with real ratings, and off-policy estimates with known truth."""
