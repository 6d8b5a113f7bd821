import numpy as np
import pytest
from encoders.tiny_encoders import make_text_classifier
from transformers import pipeline

from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.text_classifier import TextClassifier

TEXTS = ["int main(void) { char b[4]; gets(b); }", "def f(x):\n    return x", "输入", ""]
LONG = "strcpy(a, b); puts(a); " * 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(make_text_classifier(tmp_path_factory.mktemp("classes"), ("safe", "vulnerable")))


def probabilities_of(folder, texts, long_texts="max", **options):
    return TextClassifier(EncoderChoice(folder, device="cpu", long_texts=long_texts, **options)).probabilities(texts)


def test_probabilities_equal_the_pipelines_of_transformers(folder):
    classifier = TextClassifier(EncoderChoice(folder, device="cpu", batch_size=2))
    assert classifier.labels == ("safe", "vulnerable")
    reference = pipeline("text-classification", model=folder, top_k=None, device="cpu")
    wanted = [{part["label"]: part["score"] for part in reference([text])[0]} for text in TEXTS[:3]]
    found = classifier.probabilities(TEXTS)
    assert found.sum(axis=1) == pytest.approx(1.0)
    for row, scores in zip(found, wanted, strict=False):
        assert dict(zip(classifier.labels, row, strict=True)) == pytest.approx(scores, abs=1e-6)


def test_windows(folder):
    from transformers import AutoTokenizer

    from sevenllm_bench.encoders.text_windows import spans_of_windows

    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(LONG, add_special_tokens=False, truncation=False)["input_ids"]
    reference = pipeline("text-classification", model=folder, top_k=None, device="cpu")
    parts = []
    for start, end in spans_of_windows(len(ids), 126):
        scores = reference.model(**tokenizer.pad({"input_ids": [[1, *ids[start:end], 2]]}, return_tensors="pt")).logits
        parts.append(scores.softmax(-1)[0].detach().numpy())
    parts = np.array(parts)
    assert len(parts) > 2
    assert probabilities_of(folder, [LONG], "max")[0] == pytest.approx(parts[parts[:, 1].argmax()], abs=1e-6)
    assert probabilities_of(folder, [LONG], "mean")[0] == pytest.approx(parts.mean(axis=0), abs=1e-6)
    assert probabilities_of(folder, [LONG], "cut")[0] == pytest.approx(parts[0], abs=1e-6)


def test_each_text_is_read_once_and_long_ones_are_counted(folder):
    classifier = TextClassifier(EncoderChoice(folder, device="cpu"))
    found = classifier.probabilities([*TEXTS, *TEXTS, LONG])
    assert classifier.cost.texts == 5
    assert classifier.cost.long_texts == 1
    assert np.array_equal(found[:4], found[4:8])
    assert classifier.probabilities([]).shape == (0, 2)


def test_hostile_texts(folder):
    found = probabilities_of(folder, ["", "\0", "\ud800", "b" * 30_000, "مرحبا"])
    assert found.shape == (5, 2)
    assert np.isfinite(found).all()
