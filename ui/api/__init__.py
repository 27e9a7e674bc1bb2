"""The HTTP interface: OpenAI-compatible chat, recommendations, users, items, health."""
