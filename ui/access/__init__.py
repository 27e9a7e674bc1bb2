"""Who is there and what they may: API keys, users' tokens, logins of the page, the tenant of each request."""
