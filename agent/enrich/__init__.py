"""What a language model adds to a catalog before anybody talks: features read out of texts, names for groups."""
