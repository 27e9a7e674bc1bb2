"""The tokens that chat templates are made of, taken out of text that others wrote.

A server turns `<|im_start|>` into a change of speaker wherever it stands, in a title too. So the brackets of whatever
looks like one become others of the same width: a person reads the same, a tokenizer reads words.
"""

import re

_TOKEN = re.compile(
    r"<<\s*/?\s*SYS\s*>>"
    r"|</?[|｜]?\w[\w:.| ▁｜-]{0,80}[|｜]?/?>"  # <|im_start|>, <tool_call>, </s>, <｜User｜>
    r"|<[|｜]|[|｜]>"  # and halves of them
    r"|\[/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|AVAILABLE_TOOLS|[gs]?MASK|[BE]OS|UNK|PAD|CLS|SEP)\]"
    r"|\[\|[a-z_]{1,40}\|\]",
    re.IGNORECASE,
)
_HARMLESS = str.maketrans("<>[]", "‹›()")


def without_tokens(text: str) -> str:
    """A text in which no token of a chat template is left; as long as before."""
    return _TOKEN.sub(lambda match: match.group().translate(_HARMLESS), text)
