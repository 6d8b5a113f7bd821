"""Trained on embedded rows, models are better on rows of other incidents: the embedded test rows, by our encoders and scores."""

import numpy as np
import pytest
from encoders import tiny_encoders

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.embedded import FOLDER, embedded_split
from sevenllm_bench.encoder_tasks import entities
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.token_classifier import TokenClassifier
from sevenllm_bench.stats.intervals import mean_interval
from sevenllm_bench.stats.resampling import Draws

for module in ("trl", "sentence_transformers", "bm25s"):
    pytest.importorskip(module)

pytestmark = pytest.mark.slow

#: The training rows and the few-shot rows: 30 incidents, none of which is among the 24 of the test rows.
SOURCES = f"data.sources=[embedded, {FOLDER / 'en_fewshot.jsonl'}, {FOLDER / 'zh_fewshot.jsonl'}]"
SHARED = ("data.leak_guard=embedded", "data.held_out=0", "training.device=cpu", "training.save_every=0.9")
BENCHMARK = load_benchmark("embedded")


def trained(recipe, base, output, *changes):
    assert main(["finetune", recipe, f"model.base={base}", f"output={output}", SOURCES, *SHARED, *changes]) == 0
    return output


def gain(before, after, title):
    """The mean gain over the same rows, whose bootstrap interval has to be above 0."""
    differences = np.array(after) - np.array(before)
    found = mean_interval([differences], Draws(0, 2_000), (-1.0, 1.0))
    print(f"{title}: {np.mean(before):.3f} to {np.mean(after):.3f}, gain [{found.low:.3f}, {found.high:.3f}], n={len(before)}")
    assert found.low > 0
    return float(differences.mean())


def test_the_test_rows_are_of_other_incidents():
    training = {row.input for split in ("train", "fewshot") for row in embedded_split(split)}
    assert len(training) == 30
    assert not training & {row.input for row in BENCHMARK.rows}


def found_spans(folder):
    """Strict F1 of the spans of each English incident of the test rows."""
    items = entities.items(EncoderTask("entities", "en"), BENCHMARK)
    spans = TokenClassifier(EncoderChoice(str(folder))).spans([item.document["text"] for item in items])
    answers = [[list(span) for span in of_text] for of_text in spans]
    return [values["span_f1"] for values in entities.score(items, answers)]


def test_a_tagger_finds_more(tmp_path):
    """A model from random weights."""
    base = tiny_encoders.make_encoder(tmp_path / "base", "MaskedLM", hidden=128)
    untrained = tiny_encoders.make_encoder(tmp_path / "untrained", "TokenClassification", tiny_encoders.NER_LABELS, hidden=128)
    changes = ("data.max_length=128", "training.batch_size=8", "training.epochs=16", "training.learning_rate=0.002")
    output = trained("ner", base, tmp_path / "out", *changes, "evaluation.every=0")
    assert gain(found_spans(untrained), found_spans(output), "ner, strict F1, en") > 0.1
