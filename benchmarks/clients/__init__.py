"""The blocks of docs/integrate.md, each run as it stands there, by its own program, against the real server."""
