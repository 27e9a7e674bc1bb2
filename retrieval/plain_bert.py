"""A BERT model's arithmetic for one text, as plain calls: a fifth of a short text's time is what wraps them.

The same operations in the same order, so that the vectors are the same to the last bit; where they are not, the model
itself is asked.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertModel

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TRIED = ("quiet", "A film like the last one that we saw, but shorter, and with a happy ending.")
"""Both ways must give the same for these."""

Features = Mapping[str, Any]
"""What a model's tokenizer makes of one text."""


@torch.inference_mode()
def reader_of_one(model: "SentenceTransformer") -> Callable[[Features], Tensor]:
    """What makes the vector of one text, shape (1, dimension): plain calls where the model is such a BERT."""

    def whole(features: Features) -> Tensor:
        return torch.as_tensor(model({**features})["sentence_embedding"])

    first, *others = model
    bert = getattr(first, "auto_model", None)
    if not isinstance(bert, BertModel):
        return whole
    plain = PlainBert(bert)

    def quick(features: Features) -> Tensor:
        read: Any = {**features, "token_embeddings": plain(features["input_ids"])}
        for module in others:
            read = module(read)
        return torch.as_tensor(read["sentence_embedding"])

    tried = [model.preprocess([text]) for text in TRIED]
    return quick if all(torch.equal(quick(features), whole(features)) for features in tried) else whole


class PlainBert:
    """The layers of a BERT model, for one text without padding."""

    def __init__(self, bert: BertModel) -> None:
        first = bert.embeddings
        self._heads = bert.config.num_attention_heads
        self._words, self._places = first.word_embeddings.weight, first.position_embeddings.weight
        self._kind = first.token_type_embeddings.weight[0]
        self._norm = _norm(first.LayerNorm)
        self._layers = [_Layer(layer) for layer in bert.encoder.layer]

    def __call__(self, ids: Tensor) -> Tensor:
        """The vectors of the tokens, shape (1, n, width), from their ids, shape (1, n)."""
        length = ids.shape[1]
        x = functional.layer_norm(self._words[ids] + self._kind + self._places[:length], *self._norm)
        for layer in self._layers:
            query, key, value = (
                functional.linear(x, *look).view(1, length, self._heads, -1).transpose(1, 2) for look in layer.looks
            )
            seen = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(1, length, -1)
            x = functional.layer_norm(functional.linear(seen, *layer.joins) + x, *layer.norm)
            wide = functional.gelu(functional.linear(x, *layer.widens))
            x = functional.layer_norm(functional.linear(wide, *layer.narrows) + x, *layer.last_norm)
        return x


class _Layer:
    """The weights of one layer: a module looks up each of them by name."""

    def __init__(self, layer: Any) -> None:
        own, joins, narrows = layer.attention.self, layer.attention.output, layer.output
        self.looks = [_linear(part) for part in (own.query, own.key, own.value)]
        self.joins, self.norm = _linear(joins.dense), _norm(joins.LayerNorm)
        self.widens = _linear(layer.intermediate.dense)
        self.narrows, self.last_norm = _linear(narrows.dense), _norm(narrows.LayerNorm)


def _linear(module: nn.Linear) -> tuple[Tensor, Tensor]:
    return module.weight, module.bias


def _norm(module: nn.LayerNorm) -> tuple[tuple[int, ...], Tensor, Tensor, float]:
    return module.normalized_shape, module.weight, module.bias, module.eps
