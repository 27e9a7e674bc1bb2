"""How much one caller may ask for, and what happens to a turn whose caller leaves."""
