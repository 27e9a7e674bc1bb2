"""One turn from message to reply: a driver decides, code ranks, explores, shows, words and keeps."""
