"""Masked terms by a tiny ModernBERT: ranks and pseudo-log-likelihoods as a plain loop over transformers computes them."""

import heapq

import pytest
from encoders import tiny_encoders

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_runs.masked_run import run_masked_terms
from sevenllm_bench.encoder_tasks.encoder_task import Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.masked_terms import items, score
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.errors import ConfigError

TASK = encoder_task_by_name("sevenllm-en-masked-terms")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_encoders.make_encoder(tmp_path_factory.mktemp("masked"), limit=512)


def plain(model, tokenizer, item):
    """Rank and pseudo-log-likelihood, one mask at a time."""
    import torch

    text, start, end = (item.document[name] for name in ("text", "start", "end"))
    found = tokenizer(text, return_offsets_mapping=True, return_tensors="pt")
    ids, offsets = found["input_ids"], found["offset_mapping"][0].tolist()
    places = [place for place, (left, right) in enumerate(offsets) if left < end and right > start and right > left]
    with torch.no_grad():
        masked = ids.clone()
        masked[0, places] = tokenizer.mask_token_id
        together = model(masked).logits[0, places].double().log_softmax(-1)
        own = sum(together[number, ids[0, place]].item() for number, place in enumerate(places))
        best = [0.0]
        for row in together:
            best = heapq.nlargest(10, (value + more for value in best for more in row.topk(10).values.tolist()))
        total = 0.0
        for place in places:
            masked = ids.clone()
            masked[0, place] = tokenizer.mask_token_id
            total += model(masked).logits[0, place].double().log_softmax(-1)[ids[0, place]].item()
    larger = sum(value > own + 1e-9 for value in best)
    return larger + 1 if larger < 10 else None, total, len(places)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_answers_are_those_of_a_plain_loop(language, checkpoint):
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    task = encoder_task_by_name(f"sevenllm-{language}-masked-terms")
    some = items(task, load_benchmark("embedded"))[:6]
    outcome = run_masked_terms(task, some, EncoderChoice(str(checkpoint), device="cpu"))
    model, tokenizer = AutoModelForMaskedLM.from_pretrained(checkpoint).eval(), AutoTokenizer.from_pretrained(checkpoint)
    for item, answer in zip(some, outcome.answers, strict=True):
        rank, likelihood, tokens = plain(model, tokenizer, item)
        assert (answer["rank"], answer["tokens"]) == (rank, tokens)
        assert answer["pseudo_log_likelihood"] == pytest.approx(likelihood, abs=1e-4)
    assert outcome.method["kind"] == "masked-lm"
    assert len(score(some, outcome.answers)) == 6


def test_unknown_tokens_are_no_answer(tmp_path, checkpoint):
    """A tokenizer of words that knows only two of three."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "worm"]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=32, **special).save_pretrained(tmp_path)
    size = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    BertForMaskedLM(BertConfig(vocab_size=len(words), max_position_embeddings=32, **size)).save_pretrained(tmp_path)
    documents = [
        {"text": "the worm", "start": 4, "end": 8},
        {"text": "the botnet", "start": 4, "end": 10},
        {"text": "", "start": 0, "end": 0},
    ]
    asked = [Item(number, "one word", "own", document) for number, document in enumerate(documents)]
    outcome = run_masked_terms(TASK, asked, EncoderChoice(str(tmp_path), device="cpu"))
    assert outcome.answers[0]["tokens"] == 1
    assert outcome.answers[1:] == [None, None]
    assert any("2 of 3 terms have tokens that are unknown to the model" in note for note in outcome.notes)


def test_another_kind_of_encoder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="token-classifier"):
        run_masked_terms(TASK, [], EncoderChoice(str(tiny_encoders.make_token_classifier(tmp_path)), device="cpu"))
