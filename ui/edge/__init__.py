"""The edge of the server: who may reach it, how much one request may hold, how long one client may take."""
