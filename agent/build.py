"""All wiring happens here."""

from agent.lexicon import Lexicon
from agent.llm import make_chat_model
from agent.model_reader import ModelReader
from agent.rules import RuleReader
from agent.settings import LlmSettings
from agent.understand import Understanding
from retrieval.items import Catalog


def make_understanding(catalog: Catalog, llm: LlmSettings) -> Understanding:
    """The reader of messages about a catalog; without a model where no endpoint is set."""
    model = make_chat_model(llm)
    reader = ModelReader.of(catalog, model, max_tokens=llm.understand_tokens) if model else None
    return Understanding(catalog, RuleReader(catalog, Lexicon(catalog)), reader)
