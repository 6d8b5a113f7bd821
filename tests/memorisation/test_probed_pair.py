"""A tiny model that was trained on rows is found, and its twin that was trained on other rows is not; through lm-eval's hf."""

import math

import pytest
from trained_on_rows import train

from sevenllm_bench.data.embedded import load_embedded
from sevenllm_bench.harness.lm_for_probe import open_model
from sevenllm_bench.memorisation.order_tests import option_completion_test, option_order_test
from sevenllm_bench.memorisation.probe_result import ProbeResult
from sevenllm_bench.memorisation.twin_tests import twin_test

EPOCHS = 14


def _rows(language, split, place):
    """The multiple-choice questions of a split, and of the other rows the one at a place among those of each incident."""
    by_incident = {}
    for row in load_embedded(language, split):
        if row.kind != "mcq":
            by_incident.setdefault(row.input, []).append(row)
    questions = [row for row in load_embedded(language, split) if row.kind == "mcq"]
    return questions, [rows[place] for rows in by_incident.values() if len(rows) > place]


@pytest.fixture(scope="module")
def rows():
    """Rows that the first model reads, rows that the second reads, and rows that neither reads."""
    seen, other, control = [], [], []
    for language in ("en", "zh"):
        questions, texts = _rows(language, "test", 0)
        seen += questions + texts
        control += _rows(language, "test", 1)[1]
        questions, texts = _rows(language, "train", 0)
        more, others = _rows(language, "fewshot", 0)
        other += questions + more + texts + others
    assert not {row.id for row in control} & {row.id for row in seen + other}
    return {"seen": seen, "other": other, "control": control}


@pytest.fixture(scope="module", params=["seen", "other"])
def probed(request, rows, tmp_path_factory):
    """Which rows the model was trained on, and the model as lm-eval loads it."""
    folder = train(tmp_path_factory.mktemp(request.param), rows[request.param], EPOCHS, incidents=False)
    return request.param, open_model("hf", f"pretrained={folder}", batch_size=16)  # on a GPU, or else on the CPU


def test_what_was_trained_on_is_found_in_both_languages_and_nothing_else_is(probed, rows):
    trained_on, model = probed
    tests = []
    for language in ("en", "zh"):
        tests.append(twin_test(model, "reference-tokens", language, rows["seen"], rows["control"], 0, 999))
        tests.append(option_order_test(model, language, rows["seen"], 0, 999))
        tests.append(option_completion_test(model, language, rows["seen"], 0, 999))
    result = ProbeResult("0", 0, 999, model.identity, {}, {}, model.truncated, tuple(tests))
    found = {(test.name, test.language) for place, test in enumerate(tests) if result.found(place)}
    if trained_on == "seen":
        # 12 incidents are few for the test with controls: after Holm's correction it is sure of the Chinese ones alone.
        assert found >= {("option-order", "en"), ("option-order", "zh"), ("reference-tokens", "zh")}
        assert result.summary.startswith("Evidence that the model has seen ")
        assert "the reference answers" in result.summary
    else:
        assert not found
        assert "clean" not in result.summary
        assert "No evidence found" in result.summary
        assert all("no evidence found (this test finds" in result.finding(p) or tests[p].p is None for p in range(len(tests)))


@pytest.mark.parametrize(("arguments", "device"), [(",device=cpu", None), ("", "cpu")])
def test_the_device_is_said_once(probed, arguments, device):
    _, model = probed
    folder = model.identity["name"]
    assert open_model("hf", f"pretrained={folder}{arguments}", device=device).has_logits


def test_a_model_of_transformers_has_an_identity_a_window_and_answers_of_every_kind(probed):
    trained_on, model = probed
    assert model.has_logits
    assert model.has_log_likelihoods
    assert model.window == 512
    assert model.identity["type"] == "hf"
    assert trained_on in model.identity["name"]
    before = model.truncated
    assert all(map(math.isfinite, model.token_scores([("", "a short text"), ("a context ", "text")])))
    assert model.truncated == before
    long = "indicator " * 3000
    scores = model.token_scores([("", long), (long, "text"), ("", "")])
    assert math.isfinite(scores[0])
    assert math.isfinite(scores[1])
    assert math.isnan(scores[2])
    assert model.truncated == before + 2
    values = model.log_likelihoods([("a", long), ("a", " text")])
    assert math.isnan(values[0])
    assert values[1] < 0
    assert model.log_likelihoods([]) == []
    assert model.completions([], 8) == []
