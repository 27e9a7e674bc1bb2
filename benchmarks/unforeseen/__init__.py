"""Talk that nobody foresaw: conversations by people who did not see the code, played by the agent and judged blind."""
