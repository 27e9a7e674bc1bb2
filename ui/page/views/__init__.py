"""Views of the page beside the conversation: one file a view, `table.py` lists them, `frame.py` has what they share."""
