"""Three ways to lead a turn, behind one protocol: by tool calls, by one constrained JSON step, or without a model."""
