"""Words and their stems, and the everyday words that name nothing."""

import re

_STOPWORDS = """
a about again all also an and another any anything are as at bad be been best better bit bored both but by can could did
do does else first for from good great had has have he hello here hey hi how i if in is it just kind last less like
looks love make me more most my nah need new next no nope not nothing now of ok okay old on one ones only or other out
over please prefer really second see seen she show so some something sort thanks that the then there these they thing
things think thinking this those three to today tonight too two under up very want was watch we weekend what when where
which who why will with would yes you
"""
STOPWORDS = frozenset(_STOPWORDS.split())
"""Words that never name an item or a wish by themselves."""


def words_of(text: str) -> list[str]:
    """The words of a text, casefolded: "Sci-Fi" -> ['sci', 'fi']."""
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)?", text.casefold())


def stem(word: str) -> str:
    """A word without its plural: comedies -> comedy, westerns -> western."""
    word = word.casefold().replace("’", "'").removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
