"""Learning from a folder's own users: the command, and the schedule of a server."""
