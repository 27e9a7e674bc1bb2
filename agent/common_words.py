"""Everyday English words: those that mean nothing in a search, and those that state no fact in prose."""

_STOPWORDS = """
hi hello hey ok okay nah nope prefer think thinking looks bored weekend
a about again all an and another any anything are as at bad be been best better book books both but by can could did
do does else film films first for from good great had has have he here how i if in is it just kind last less like
love me more most movie movies my need new next no not nothing now of old on one only or other out over please
really second see seen she show so some something sort thanks that the then there these they thing things this those
three to today tonight too two under up very want was watch we what when where which who why will with would yes you
"""
_GLUE = """
above add added addition additionally after alike along already although always amount answer appeal appealing
around ask asked away back because before begin being beside besides between bit bring brings call cannot case
catalog chance choice choices choose close closer closest come comes connection consider count delightful describe
described description different doesn don done down during each easier easy either end enjoy enjoyable enjoyed
enough entertaining especially even evening ever every exactly excellent experience explore fair fan fans fantastic
favorite feel feeling few final finally find fine fit fits fitting follow found friend full fun gem general get gets
give gives go goes going got guess guesses happy hard help her hers his hope however idea ideal include includes
instead interest interested interesting into isn item items its join keep keeps know known later lean learn least
let let's liked likely likes list little long look looking looks lot lots loved lovely made make makes many match
matches matter maybe mean means mind missing mix moment mood much must name named near nearly never nice night none
nor note number off offer offers often once opinion option options others our own pair part particularly people
perfect perhaps person pick picked picks place pleasant plenty point possible prefer preference pretty probably
question quite rather ready reason reasons recommend recommendation recommendations recommended recommending related
request rest right same satisfy say says search seem seems selection sense set several share shared shares should
side similar simply since slightly solid someone sometimes soon sorry spirit spot start still strong style such
suggest suggested suggestion suggestions suit suits sure take takes taste tastes tell than thank their them think
third though through title titles together toward treat tried true try trying type unless unlike unsure until use
using usual vibe wanted wants way weekend well were whether while whole whose wish wishes within without wonderful
word words work works worth yet youd your yours yourself
"""
STOPWORDS = frozenset(_STOPWORDS.split())
"""Words that never name an item or a wish by themselves."""
GLUE = STOPWORDS | frozenset(_GLUE.split())
"""Words of prose that state no fact about an item."""
