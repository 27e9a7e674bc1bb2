"""From many lists to one: `conversation` is the default, `others` holds what settings choose instead."""
