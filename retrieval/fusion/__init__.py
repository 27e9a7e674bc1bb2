"""From the lists of many channels to one: `conversation` is the default, `others` holds what settings choose instead."""
