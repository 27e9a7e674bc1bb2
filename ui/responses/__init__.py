"""OpenAI's Responses API, without a store: every request brings the whole conversation as typed items."""
