"""What a language model finds likely joins the offline ranking; a tiny one with random weights stands in."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

import eval.__main__ as command
from eval.catalogs import load_catalog
from eval.places import Ask, asks
from eval.predictions import read_predictions
from eval.ranking.features import Signals
from eval.ranking.likelihood import LikelihoodRanker, TitleLikelihood, relisted
from eval.ranking.rankers import SYSTEMS, WeightedSum
from eval.ranking.reading import TurnReader
from eval.ranking.run import OfflineRanker
from eval.ranking.world import build_world
from eval.transcripts import Dialogue
from retrieval.errors import BadDataError
from retrieval.items import Catalog
from tests.eval.films import film_dialogue, title, write_dialogues, write_world

TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"


@pytest.fixture
def dataset(tmp_path: Path):
    items, ratings = write_world(tmp_path)
    return load_catalog(items, interactions=ratings).dataset


@pytest.fixture(scope="module")
def parts() -> tuple[Qwen2ForCausalLM, PreTrainedTokenizerFast]:
    alphabet = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    raw = Tokenizer(models.BPE(vocab={**alphabet, "<end>": len(alphabet)}, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<end>", chat_template=TEMPLATE)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=len(alphabet) + 1,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        initializer_range=0.3,
    )
    return Qwen2ForCausalLM(config).eval(), tokenizer


@pytest.fixture
def likelihood(parts, dataset) -> TitleLikelihood:
    return TitleLikelihood(*parts, dataset.catalog)


def place() -> Ask:
    turns = [
        {"role": "user", "text": f"Hello, I like {title(0, 0)}"},
        {"role": "assistant", "text": "MARKER", "recommended": ["f01"]},
        {"role": "user", "text": "MARKER"},
    ]
    return next(iter(asks([Dialogue.model_validate({"dialogue_id": "d0", "turns": turns})])))


def by_hand(likelihood: TitleLikelihood, turns: tuple, row: int) -> float:
    """The whole text read at once, without a cache, without a batch."""
    prefix = likelihood._prefix(turns)
    answer = likelihood.tokenizer(likelihood.catalog.items[row].label + "<end>").input_ids
    with torch.inference_mode():
        logits = likelihood.model(torch.tensor([prefix + answer])).logits[0].float().log_softmax(dim=-1)
    return sum(float(logits[len(prefix) + step - 1, token]) for step, token in enumerate(answer))


def test_lifts_are_what_reading_each_text_whole_gives(likelihood):
    rows = [0, 9, 17, 3, 22, 1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15]  # more than one batch

    found = likelihood.lifts(place(), rows)

    wanted = [by_hand(likelihood, place().before, row) - by_hand(likelihood, (), row) for row in rows]
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert float(np.std(found)) > 0.01


def test_nothing_to_read_is_no_lift(likelihood):
    assert likelihood.lifts(place(), []).shape == (0,)


def test_the_model_reads_what_was_said_before_and_nothing_else(likelihood):
    seen = likelihood.tokenizer.decode(likelihood._prefix(place().before))

    assert title(0, 0) in seen
    assert "MARKER" not in seen
    assert "recommend items" in seen
    assert "<<" not in seen


def test_what_is_likely_moves_up_and_the_rest_keeps_its_order():
    ranked = [(4, 3.0), (7, 2.9), (1, 2.8), (5, 0.0)]

    assert [row for row, _ in relisted(ranked, np.zeros(4, dtype=np.float32))] == [4, 7, 1, 5]
    moved = relisted(ranked, np.asarray([0, 0, 5, 0], dtype=np.float32))
    assert [row for row, _ in moved] == [1, 4, 7, 5]
    assert [score for _, score in moved] == sorted((score for _, score in moved), reverse=True)
    assert moved[-1][1] == pytest.approx(0.0)
    assert relisted([], np.zeros(0, dtype=np.float32)) == []


def test_the_best_are_put_in_another_order_and_stay_the_same_items(likelihood, dataset):
    world = build_world(dataset)
    reader = TurnReader.of(dataset.catalog, world.popularity)
    plain = OfflineRanker(Signals(world), reader, WeightedSum("default", SYSTEMS["default"]))

    found = LikelihoodRanker(plain, likelihood).rank(place(), 24)

    assert sorted(row for row, _ in found) == sorted(row for row, _ in plain.rank(place(), 24))
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def test_a_folder_without_a_model_is_said(tmp_path: Path, dataset):
    with pytest.raises(BadDataError, match="expected a folder with safetensors"):
        TitleLikelihood.load(str(tmp_path), Catalog([], dataset.catalog.schema))


def test_the_command_ranks_with_a_model_from_a_folder(tmp_path: Path, parts, monkeypatch):
    items, ratings = write_world(tmp_path)
    dialogues, out, folder = tmp_path / "d.jsonl", tmp_path / "p.jsonl", tmp_path / "model"
    write_dialogues(dialogues, [film_dialogue(number, number % 3) for number in range(4)])
    for part in parts:
        part.save_pretrained(folder)
    given = ["rank", "--catalog", items, "--interactions", ratings, "--dialogues", dialogues, "--out", out]
    monkeypatch.setattr(sys, "argv", ["eval", *map(str, given), "--intent", "llm", "--likelihood", str(folder)])

    with pytest.raises(SystemExit) as caught:
        command.main()

    assert caught.value.code == 0
    assert len(read_predictions(out)) == 8
    assert json.loads((tmp_path / "p.jsonl.run.json").read_text())["system"] == "default + llm"


def test_a_likelihood_needs_a_ranking_and_the_word_for_it(tmp_path: Path, monkeypatch, capsys):
    items, _ = write_world(tmp_path)
    dialogues = tmp_path / "d.jsonl"
    write_dialogues(dialogues, [film_dialogue(0, 0)])
    given = ["rank", "--catalog", items, "--dialogues", dialogues, "--out", tmp_path / "p.jsonl", "--likelihood", "x"]
    monkeypatch.setattr(sys, "argv", ["eval", *map(str, given)])

    with pytest.raises(SystemExit) as caught:
        command.main()

    assert caught.value.code == 1
    assert "--likelihood: expected --intent llm" in capsys.readouterr().err
