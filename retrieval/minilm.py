"""The bundled sentence encoder, read straight from its folder: a BERT of six layers, the mean of its tokens.

sentence-transformers reads it, too, with vectors that differ in the eighth digit, but takes five seconds of every start
to load; other encoders go through it (`retrieval.encoder`).
"""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Encoding, Tokenizer
from torch import Tensor
from torch.nn import functional

BATCH = 32
"""Texts that are read at once, those of like length together."""


class MiniLm:
    """Weights and tokenizer; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Map the weights into memory.

        Raises:
            OSError: A file is absent.
            ValueError: A file is damaged.
        """
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        longest = json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))["max_seq_length"]
        self._layers, self._heads = config["num_hidden_layers"], config["num_attention_heads"]
        self._eps, self._width = config["layer_norm_eps"], config["hidden_size"]
        self._weights = load_file(folder / "model.safetensors")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(longest)
        self._tokenizer.no_padding()

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors, shape (len(texts), width)."""
        read = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(read)), key=lambda place: len(read[place].ids))
        vectors = torch.empty(len(read), self._width)
        with torch.inference_mode():
            for begin in range(0, len(order), BATCH):
                places = order[begin : begin + BATCH]
                vectors[places] = self._encode([read[place] for place in places])
        return vectors

    def _encode(self, read: Sequence[Encoding]) -> Tensor:
        longest = max(len(one.ids) for one in read)
        for one in read:
            one.pad(longest)
        ids = torch.tensor([one.ids for one in read])
        is_token = torch.tensor([one.attention_mask for one in read], dtype=torch.bool)
        hidden = self._weights["embeddings.word_embeddings.weight"][ids]
        hidden = hidden + self._weights["embeddings.token_type_embeddings.weight"][0]
        hidden = hidden + self._weights["embeddings.position_embeddings.weight"][:longest]
        hidden = self._norm(hidden, "embeddings")
        among = None if bool(is_token.all()) else is_token[:, None, None, :]
        for number in range(self._layers):
            hidden = self._layer(hidden, f"encoder.layer.{number}", among)
        shares = is_token[..., None].float()
        return functional.normalize((hidden * shares).sum(dim=1) / shares.sum(dim=1))

    def _layer(self, hidden: Tensor, name: str, among: Tensor | None) -> Tensor:
        """Self-attention and a dense layer, each added to what came in."""
        asked = (self._dense(hidden, f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
        query, key, value = (one.unflatten(-1, (self._heads, -1)).transpose(1, 2) for one in asked)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=among).transpose(1, 2).flatten(2)
        hidden = self._norm(self._dense(found, f"{name}.attention.output.dense") + hidden, f"{name}.attention.output")
        wide = functional.gelu(self._dense(hidden, f"{name}.intermediate.dense"))
        return self._norm(self._dense(wide, f"{name}.output.dense") + hidden, f"{name}.output")

    def _dense(self, values: Tensor, name: str) -> Tensor:
        return functional.linear(values, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, values: Tensor, name: str) -> Tensor:
        weight, bias = self._weights[f"{name}.LayerNorm.weight"], self._weights[f"{name}.LayerNorm.bias"]
        return functional.layer_norm(values, (self._width,), weight, bias, self._eps)
