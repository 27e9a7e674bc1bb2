"""How much likelier a conversation makes a title to a language model: all candidates read, none written.

A model too small to name good titles can still say which of thirty fits. It reads the conversation once, then each
title as if it had answered with it; the log-probabilities of the title's tokens are added up. What the same title is
worth after a conversation that says nothing is subtracted, since long and obscure titles are unlikely anywhere. The
difference is the pointwise mutual information of title and conversation (Holtzman et al., EMNLP 2021,
doi:10.18653/v1/2021.emnlp-main.564).

The weights are run in this process: under a schema that forces it to write one title, vLLM says that it was sure of
every token; and asked about a prompt's tokens, it reads the conversation again for each title.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.conversation import Role
from eval.places import Ask
from eval.ranking.blend import standard
from eval.ranking.proposals import dialogue_text
from eval.ranking.rankers import best_rows
from eval.ranking.run import OfflineRanker
from eval.ranking.world import Vector
from eval.transcripts import TranscriptTurn
from retrieval.errors import BadDataError
from retrieval.items import Catalog

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

CANDIDATES = 30
"""So many of the best are asked about."""
LIFT = 0.6
"""What the lifts count beside the offline scores, both in deviations among the candidates.

On 133 turns of ReDial's tuning part the likelihood of what was recommended is highest at 0.66; drawn towards 0, since
that is few turns.
"""
LONGEST_DIALOGUE = 3000
"""Characters of a dialogue that the model reads, its end."""
BATCH = 16
"""Titles read side by side."""


@dataclass
class TitleLikelihood:
    """A causal language model with its tokenizer, and the catalog whose titles it reads."""

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    catalog: Catalog
    _plain: dict[int, float] = field(default_factory=dict)
    """Row -> log-probability after a conversation that says nothing."""

    @classmethod
    def load(cls, model: str, catalog: Catalog) -> "TitleLikelihood":
        """Load a model from a folder or the Hugging Face hub: safetensors only, no code of the model's.

        Raises:
            BadDataError: There is no such model.
        """
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                model, dtype=torch.bfloat16, use_safetensors=True, trust_remote_code=False
            )
        except (OSError, ValueError) as error:
            raise BadDataError(
                f"--likelihood: expected a folder with safetensors or a model of the hub, found {model}: {error}"
            ) from error
        return cls(loaded.to(device).eval(), tokenizer, catalog)

    def lifts(self, ask: Ask, rows: Sequence[int]) -> Vector:
        """By how many nats the conversation before a place lifts each title.

        Args:
            ask: The place; the model sees what was said before it.
            rows: Catalog rows.

        Returns:
            Shape (len(rows),), float32.
        """
        new = [row for row in rows if row not in self._plain]
        self._plain.update(zip(new, self._log_probabilities((), new), strict=True))
        said = self._log_probabilities(ask.before, rows)
        plain = [self._plain[row] for row in rows]
        return np.asarray(said, dtype=np.float32) - np.asarray(plain, dtype=np.float32)

    def _log_probabilities(self, turns: tuple[TranscriptTurn, ...], rows: Sequence[int]) -> list[float]:
        """The log-probability of each title as the whole answer."""
        import torch

        if not rows:
            return []
        ending = str(self.tokenizer.eos_token)
        titles = [self.tokenizer(self.catalog.items[row].label + ending).input_ids for row in rows]
        order = sorted(range(len(titles)), key=lambda place: len(titles[place]))
        found = [0.0] * len(titles)
        with torch.inference_mode():
            prefix = torch.tensor([self._prefix(turns)], device=self.model.device)
            read = self.model(prefix, use_cache=True, logits_to_keep=1)
            first = torch.log_softmax(read.logits[0, -1].float(), dim=-1)
            for start in range(0, len(order), BATCH):
                places = order[start : start + BATCH]
                cache = copy.deepcopy(read.past_key_values)
                values = self._read([titles[place] for place in places], first, cache)
                for place, value in zip(places, values, strict=True):
                    found[place] = value
        return found

    def _read(self, titles: Sequence[list[int]], first: "torch.Tensor", cache: Any) -> Iterator[float]:
        """Sums over the tokens of each title; what pads the shorter ones comes after them and changes nothing."""
        import torch

        width = max(1, max(map(len, titles)) - 1)
        tokens = torch.zeros(len(titles), width, dtype=torch.long, device=self.model.device)
        for place, title in enumerate(titles):
            tokens[place, : len(title) - 1] = torch.tensor(title[:-1])
        cache.batch_repeat_interleave(len(titles))
        hidden = self.model.model(tokens, past_key_values=cache, use_cache=True).last_hidden_state
        head: Any = self.model.lm_head
        for place, title in enumerate(titles):
            logits = head(hidden[place, : len(title) - 1]).float()
            later = torch.tensor(title[1:], device=logits.device)
            chosen = logits.gather(1, later[:, None])[:, 0] - logits.logsumexp(dim=1)
            yield float(first[title[0]] + chosen.sum())

    def _prefix(self, turns: tuple[TranscriptTurn, ...]) -> list[int]:
        schema = self.catalog.schema
        text = files("eval").joinpath("prompts/name_next.md").read_text(encoding="utf-8").strip()
        prompt = text.replace("<<nouns>>", schema.nouns_in("en")).replace("<<noun>>", schema.noun_in("en"))
        told = turns or (TranscriptTurn(role=Role.USER, text=f"Hi, can you recommend a {schema.noun_in('en')}?"),)
        messages = [
            {"role": "system", "content": prompt},
            {"role": "user", "content": dialogue_text(told)[-LONGEST_DIALOGUE:]},
        ]
        shown = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return list(self.tokenizer(shown, add_special_tokens=False).input_ids)


@dataclass
class LikelihoodRanker:
    """The offline ranker, the best of its list put in order together with what a language model finds likely."""

    ranker: OfflineRanker
    likelihood: TitleLikelihood

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.ranker.name

    def rank(self, ask: Ask, k: int) -> list[tuple[int, float]]:
        """The best rows for a place, with scores."""
        situation = self.ranker.situation(ask)
        ranked = best_rows(self.ranker.score(situation), situation, max(k, CANDIDATES))
        head = ranked[:CANDIDATES]
        lifts = self.likelihood.lifts(ask, [row for row, _ in head])
        return [*relisted(head, lifts), *ranked[CANDIDATES:]][:k]


def relisted(ranked: Sequence[tuple[int, float]], lifts: Vector) -> list[tuple[int, float]]:
    """The same rows by scores and lifts together, best first; the lowest score stays what it was."""
    if not ranked:
        return []
    scores = np.asarray([score for _, score in ranked], dtype=np.float32)
    together = standard(scores) + LIFT * standard(lifts)
    moved = together - together.min() + scores.min()
    return [(ranked[place][0], float(moved[place])) for place in np.argsort(-moved, kind="stable")]
