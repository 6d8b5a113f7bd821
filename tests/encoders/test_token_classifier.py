import re

import pytest
import torch
from encoders.tiny_encoders import NER_LABELS, make_token_classifier
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.token_classifier import TokenClassifier

TEXTS = ["The kit GlassTurnstile sat at 192.0.2[.]77.", "攻击者使用了恶意软件", "x", "مرحبا بالعالم"]
LONG = "Behind it ran GlassTurnstile, a rented phishing kit. " * 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(make_token_classifier(tmp_path_factory.mktemp("ner")))


@pytest.fixture(scope="module")
def classifier(folder):
    return TokenClassifier(EncoderChoice(folder, device="cpu", batch_size=4))


def test_labels(classifier):
    assert classifier.labels == NER_LABELS


def test_spans_equal_the_pipelines_of_transformers(folder, classifier):
    reference = pipeline("token-classification", model=folder, aggregation_strategy="first", device="cpu", ignore_labels=[])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    words = dict.fromkeys(re.findall("[a-z]+", " ".join(row.input for row in embedded_split("train"))))
    # The pipeline's words end at spaces, and a space that is a token of its own is a word to it: words without either.
    usual = [word for word in words if tokenizer.tokenize(f" {word}")[0] != "Ġ"]
    texts = [f"a {' '.join(usual[start : start + 12])}" for start in range(0, 96, 12)]
    for text, found in zip(texts, classifier.spans(texts), strict=True):
        groups = [group for group in reference(text) if group["entity_group"] != "O"]
        wanted = []
        for group in groups:
            start, end = group["start"], group["end"]
            part = text[start:end]
            start += len(part) - len(part.lstrip())
            if part.strip():
                wanted.append((start, start + len(part.strip()), group["entity_group"]))
        assert found == wanted


def test_each_text_is_read_once(folder):
    classifier = TokenClassifier(EncoderChoice(folder, device="cpu"))
    once = classifier.spans(TEXTS)
    passes = classifier.cost.passes
    assert (classifier.cost.texts, passes) == (4, 4)
    assert classifier.spans(TEXTS * 3) == once * 3
    assert classifier.cost.passes == 2 * passes


def test_a_long_text_is_read_in_windows(folder, classifier):
    """Each token has the label of the window in which it is most central; by a loop over all windows."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    encoded = tokenizer(LONG, add_special_tokens=False, return_offsets_mapping=True, truncation=False)
    ids, size = encoded["input_ids"], 126
    starts = [*range(0, len(ids) - size, 95), len(ids) - size]  # a quarter of 126 tokens, 31, is shared
    best = {}
    for start in starts:
        whole = torch.tensor([[tokenizer.cls_token_id, *ids[start : start + size], tokenizer.sep_token_id]])
        with torch.no_grad():
            labels = model(whole).logits[0, 1:-1].argmax(-1).tolist()
        for place, label in enumerate(labels):
            left = 10_000 if start == 0 else place
            right = 10_000 if start + size == len(ids) else size - 1 - place
            centrality = min(left, right)
            if centrality > best.get(start + place, (-1, 0))[0]:
                best[start + place] = (centrality, label)
    from sevenllm_bench.encoders.label_spans import spans_of_labels

    names = [NER_LABELS[best[token][1]] for token in range(len(ids))]
    assert classifier.spans([LONG])[0] == spans_of_labels(names, encoded["offset_mapping"], LONG, encoded.word_ids())
    assert classifier.cost.long_texts >= 1


def test_cut_texts_are_counted(folder):
    classifier = TokenClassifier(EncoderChoice(folder, device="cpu", long_texts="cut"))
    (spans,) = classifier.spans([LONG])
    assert classifier.cost.long_texts == 1
    assert classifier.cost.passes == 1
    assert all(end < 600 for _, end, _ in spans)
    assert classifier.describe()["long_texts"] == "cut"


def test_hostile_texts(classifier):
    texts = ["", " ", "\0", "\ud800\udc00 x", "a" * 20_000, "‮" * 50, "\n\n"]
    for text, spans in zip(texts, classifier.spans(texts), strict=True):
        assert all(0 <= start < end <= len(text) and text[start:end].strip() for start, end, _ in spans)
    assert classifier.spans([]) == []


def test_batches_change_nothing(folder, classifier):
    one = TokenClassifier(EncoderChoice(folder, device="cpu", batch_size=1)).spans([*TEXTS, LONG])
    assert classifier.spans([*TEXTS, LONG]) == one
    assert any(one)
