"""What is learned from interactions: each model scores items for anyone's history, without training on that person.

A model knows rows and arrays only. Evidence, catalogs and wishes belong to the channels that use it.
"""
