"""A whole probe with models whose answers are known; its words, its file, and hostile models and files."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_probed import NOT_FINITE, ScriptedProbed, noise

from sevenllm_bench.cli import memorisation_probe as command
from sevenllm_bench.cli.command_parser import CommandParser
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.embedded import load_embedded
from sevenllm_bench.errors import ConfigError, ResultsError
from sevenllm_bench.harness import lm_for_probe
from sevenllm_bench.memorisation.probe_file import probe_as_json, read_probe
from sevenllm_bench.memorisation.probe_result import OF_COMPLETIONS, ProbeResult, ProbeTest
from sevenllm_bench.memorisation.run_probe import drawn, probe_model
from sevenllm_bench.memorisation.twin_tests import halves, twin_test

BENCHMARK = load_benchmark("embedded")


def _silent(instruction, text):
    return ""


@pytest.fixture(scope="module")
def result():
    """A model without any knowledge, in every test."""
    model = ScriptedProbed(noise, lambda *texts: -noise(*texts), _silent)
    return probe_model(model, BENCHMARK, limit=90, resamples=99)


def test_a_model_that_knows_nothing_gives_no_evidence_in_any_words(result):
    assert len(result.tests) == 12
    assert not any(result.found(place) for place in range(12))
    findings = [result.finding(place) for place in range(12)]
    assert all(words.startswith(("no evidence found (this test finds an effect of ", "not made: ")) for words in findings)
    assert result.summary == f"No evidence found in {result.family} tests; each says which effect it finds with 80 %."
    assert "clean" not in json.dumps(probe_as_json(result))
    assert result.data["probed"]["name"] == "sevenllm-bench embedded"
    assert result.data["control"]["splits"] == ["fewshot", "train"]


def test_p_values_are_corrected_together_and_effects_found_are_those_of_the_strictest_level(result):
    made = [(test.p, result.corrected[place]) for place, test in enumerate(result.tests) if test.p is not None]
    smallest = min(made)
    assert smallest[1] == pytest.approx(min(1, smallest[0] * len(made)))  # Holm's first step
    place = next(place for place, test in enumerate(result.tests) if test.p is not None)
    from statistics import NormalDist

    z = NormalDist().inv_cdf(1 - 0.05 / len(made)) + NormalDist().inv_cdf(0.8)
    assert result.detectable(place) == pytest.approx(z * result.tests[place].error)


def test_the_first_texts_token_by_token_are_found_where_only_the_rows_are_known():
    rows, control = load_embedded("en", "test"), load_embedded("en", "fewshot") + load_embedded("en", "train")
    known = {row.reference_text for row in rows}
    model = ScriptedProbed(token_score=lambda context, text: noise(text) + (text in known))
    found = twin_test(model, "reference-tokens", "en", rows, control, 0, 999)
    assert found.p == 0.001
    assert found.effect == pytest.approx(1, abs=0.25)
    assert found.low > 0
    # A model that likes every original better than its twin, in the controls too, is the usual one.
    fluent = known | {row.reference_text for row in control}
    usual = ScriptedProbed(token_score=lambda context, text: noise(text) + (text in fluent))
    found = twin_test(usual, "reference-tokens", "en", rows, control, 0, 999)
    assert found.p > 0.05
    assert found.details["official_sign_flip_p"] < 0.05


def test_a_text_that_is_completed_word_for_word_is_found():
    rows, control = load_embedded("zh", "test"), load_embedded("zh", "fewshot") + load_embedded("zh", "train")
    second = dict(halves(row.input, "zh") for row in rows)
    model = ScriptedProbed(completion=lambda _, text: second.get(text, "这里没有什么。"))
    found = twin_test(model, "incident-completion", "zh", rows, control, 0, 999)
    assert found.p <= 0.005
    assert found.effect > 0.05
    assert found.details["official_mean"] == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("bad", NOT_FINITE)
def test_a_model_whose_scores_are_no_numbers_is_counted_out(bad):
    result = probe_model(ScriptedProbed(lambda *_: bad, lambda *_: bad, _silent), BENCHMARK, limit=90, resamples=19)
    assert result.family == 0
    assert result.summary == "No test was made."
    tokens = next(test for test in result.tests if test.name == "reference-tokens")
    assert tokens.left_out["no finite log-likelihood"] > 10
    assert tokens.units == 0


def test_a_model_whose_scores_are_all_alike_gives_no_test():
    result = probe_model(ScriptedProbed(lambda *_: -1.0, lambda *_: -1.0, lambda *_: "x"), BENCHMARK, limit=90, resamples=19)
    assert {test.p for test in result.tests} == {None}
    assert result.finding(0) == "not made: no row differs from another"


def test_a_model_without_log_likelihoods_is_refused_with_the_option_that_helps():
    model = ScriptedProbed(completion=_silent)
    with pytest.raises(ConfigError, match="gives no log-likelihoods: --completions-only"):
        probe_model(model, BENCHMARK)
    result = probe_model(model, BENCHMARK, limit=90, completions_only=True, resamples=19)
    assert {test.name for test in result.tests if test.why_not != "--completions-only"} == {
        "incident-completion",
        "option-completion",
    }


def test_log_likelihoods_without_logits_leave_the_tests_of_tokens_out():
    result = probe_model(ScriptedProbed(None, noise, _silent), BENCHMARK, limit=90, resamples=19)
    assert result.finding(0) == "not made: needs logits, which --model hf gives"
    assert any(test.name == "option-order" and test.p is not None for test in result.tests)


def test_a_small_window_is_refused():
    with pytest.raises(ConfigError, match="a window of 128 tokens; these tests need 256"):
        probe_model(ScriptedProbed(noise, noise, _silent, window=128), BENCHMARK)


def test_drawn_rows_keep_their_order_and_all_questions():
    rows = load_embedded("en", "test")
    some = drawn(rows, "en", 25, 3)
    assert [row for row in rows if row in some] == some
    assert sum(row.kind != "mcq" for row in some) == 25
    assert sum(row.kind == "mcq" for row in some) == sum(row.kind == "mcq" for row in rows)
    assert drawn(rows, "en", 25, 4) != some
    assert drawn(rows, "en", None, 3) == list(rows)
    assert drawn(rows, "zh", 25, 3) == []


def test_a_file_comes_back_as_it_was(result, tmp_path):
    path = tmp_path / "probe.json"
    path.write_text(json.dumps(probe_as_json(result)), encoding="utf-8")
    assert read_probe(path) == replace(result)


def test_what_a_file_claims_is_computed_again(result, tmp_path):
    path, content = tmp_path / "probe.json", probe_as_json(result)
    for test in content["tests"]:
        test["p_holm"], test["finding"] = 0.0001, "evidence that the model has seen everything"
    content["summary"] = "Evidence of everything."
    path.write_text(json.dumps(content), encoding="utf-8")
    found = read_probe(path)
    assert found.summary == result.summary
    assert found.corrected == result.corrected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(format="other"), "no result of sevenllm-bench probe"),
        (lambda c: c.update(version=2), "not version 1 of the format"),
        (lambda c: c.update(tests={}), "a list of at most 12 tests"),
        (lambda c: c.update(tests=c["tests"] * 2), "a list of at most 12 tests"),
        (lambda c: c["tests"].__setitem__(1, c["tests"][0]), "a test comes twice"),
        (lambda c: c["tests"][0].update(name="other"), "is no test of a probe"),
        (lambda c: c["tests"][0].update(name=["x"]), "is no test of a probe"),
        (lambda c: c["tests"][0].update(p=0), "p is 0; 99 draws"),
        (lambda c: c["tests"][0].update(p=1.5), "p is 1.5; 99 draws"),
        (lambda c: c["tests"][0].update(p="0.1"), "p: a finite number or null"),
        (lambda c: c["tests"][0].update(effect=None), "none of them"),
        (lambda c: c["tests"][0].update(error=-1), "an error of -1"),
        (lambda c: c["tests"][0].update(low=2, high=1), "low end is above"),
        (lambda c: c["tests"][0].update(units=-1), "units: a whole number"),
        (lambda c: c["tests"][0].update(details={"x": "y"}), "finite numbers were expected"),
        (lambda c: c["tests"][0].update(left_out={"x": 1.5}), "x: a whole number"),
        (lambda c: c["tests"][0].update(left_out={"x": -1}), "x: a whole number"),
        (lambda c: c["tests"][0].update(left_out=[1]), "an object was expected"),
        (lambda c: c.update(seed=1.5), "seed: a whole number"),
        (lambda c: c.pop("model") and c.update(model=3), "an object was expected"),
    ],
)
def test_a_file_with_what_no_probe_gives_is_refused(result, tmp_path, change, message):
    content = json.loads(json.dumps(probe_as_json(result)))
    change(content)
    path = tmp_path / "probe.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ResultsError, match=message):
        read_probe(path)


class _Server:
    """An lm-eval model that only answers, with whatever it likes; by chat."""

    def loglikelihood(self, requests):
        raise NotImplementedError

    def apply_chat_template(self, messages):
        return messages[0]["content"]

    def generate_until(self, requests):
        return [(None, "", "x" * 50_000, 7, "\ud800")[place % 5] for place in range(len(requests))]


def _run(words, monkeypatch, model=None):
    if model is not None:
        monkeypatch.setattr(lm_for_probe, "open_model", lambda *_: lm_for_probe.LmForProbe(model, "server", "model=m", True))
    monkeypatch.setattr(command, "probe_model", lambda *args: probe_model(*args, resamples=19))
    parser = CommandParser(prog="probe")
    command.add_arguments(parser)
    return command.run(parser.parse_args([*words, "--dataset", "embedded", "--limit", "12"]))


def test_the_command_line_with_a_server_that_answers_anything(monkeypatch, tmp_path, capsys):
    with pytest.raises(ConfigError, match="--completions-only"):
        _run([], monkeypatch, _Server())
    path = tmp_path / "probe.json"
    assert _run(["--completions-only", "-o", str(path)], monkeypatch, _Server()) == 0
    out = capsys.readouterr().out
    assert "empty answers" in out
    assert OF_COMPLETIONS in out
    assert json.loads(path.read_text(encoding="utf-8"))["note"] == OF_COMPLETIONS
    result = read_probe(path)
    assert result.model["name"] == "m"
    assert result.model["chat_template"]
    assert not any(map(result.found, range(12)))
    assert all(math.isfinite(value) for test in result.tests for value in test.details.values())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "hff"], "unknown type of model .*hff"),
        (["--model_args", "pretrained=/no/such/folder"], "/no/such/folder can't be loaded"),
        ([], "can't be loaded"),
    ],
)
def test_a_model_that_is_none_is_one_message(words, message, monkeypatch):
    with pytest.raises(ConfigError, match=message):
        _run(words, monkeypatch)


class _Bare:
    """A model of transformers, as far as lm-eval shows it, whose tokenizer has no beginning-of-text and no end-of-text token."""

    device, max_length, prefix_token_id = "cpu", 300, None

    def __init__(self):
        torch = pytest.importorskip("torch")
        self.backend, self.model, self.seen = "causal", torch.nn.Linear(1, 1), []

    def tok_encode(self, text, add_special_tokens=None):
        return [ord(character) % 10 for character in text]

    def _encode_pair(self, context, text):
        return self.tok_encode(context), self.tok_encode(text)

    def loglikelihood(self, requests):
        return [(-1.0, True)] * len(requests)

    def _model_call(self, ids):
        import torch

        self.seen.append(ids.tolist()[0])
        return torch.zeros(1, ids.shape[1], 10)


def test_without_a_beginning_of_text_token_the_first_token_is_not_scored():
    bare = _Bare()
    model = lm_for_probe.LmForProbe(bare, "hf", "pretrained=an-org/a-model")
    assert model.has_logits
    first, nothing, both = model.token_scores([("", "abc"), ("", "a"), ("xy", "abc")])
    assert (first, both) == (0, 0)  # uniform logits
    assert math.isnan(nothing)
    assert bare.seen == [bare.tok_encode("abc"), bare.tok_encode("xyabc")]


def test_a_text_longer_than_the_window_is_cut_at_its_end_and_its_context_at_the_beginning():
    bare = _Bare()
    model = lm_for_probe.LmForProbe(bare, "hf", "pretrained=an-org/a-model")
    model.token_scores([("a" * 1000, "b" * 1000), ("a" * 1000, "b" * 10)])
    a, b = bare.tok_encode("ab")
    assert bare.seen == [[a] * 150 + [b] * 150, [a] * 290 + [b] * 10]
    assert model.truncated == 2
    assert math.isnan(model.log_likelihoods([("a", "b" * 300)])[0])


def test_references_to_one_incident_are_one_unit_of_the_test():
    rows, control = load_embedded("en", "test"), load_embedded("en", "fewshot") + load_embedded("en", "train")
    found = twin_test(
        ScriptedProbed(token_score=lambda context, text: noise(text)), "reference-tokens", "en", rows, control, 0, 19
    )
    assert (found.units, found.controls) == (12, 15)  # incidents in these files; 112 and 134 references


def of_p_values(**p_values):
    """A result with one test for each "test_language" and p-value; "_" in place of "-"."""
    tests = []
    for name, p in p_values.items():
        test, _, language = name.rpartition("_")
        tests.append(ProbeTest(test.replace("_", "-"), language, 100, 0, 0.1, 0.0, 0.2, p, 0.1))
    return ProbeResult("0", 0, 999, {}, {}, {}, 0, tuple(tests))


#: The p-values of an untrained model on the official rows, beside controls of another style: 10 x 0.0036 is under 0.05.
UNTRAINED = {
    "reference_tokens_en": 0.8087,
    "reference_tokens_zh": 0.9182,
    "incident_tokens_en": 0.2847,
    "incident_tokens_zh": 0.0036,
    "row_order_en": 0.696,
    "row_order_zh": 0.8058,
    "option_order_en": 0.3938,
    "option_order_zh": 0.9952,
    "incident_completion_en": 0.0062,
    "incident_completion_zh": 0.6457,
}


def test_style_alone_is_no_evidence():
    result = of_p_values(**UNTRAINED)
    assert [result.verdict(place) for place in range(10)] == ["none"] * 3 + ["difference"] + ["none"] * 6
    assert not any(result.found(place) for place in range(10))
    assert result.finding(3).startswith("differs from the controls, as style alone can make it; no test of orders")
    assert result.summary == (
        "No evidence found in 10 tests; each says which effect it finds with 80 %. "
        "1 differs from the controls, as style alone can make it."
    )


def test_a_test_with_controls_is_evidence_beside_a_test_of_orders_in_its_language_only():
    """Holm over four: 4 x 0.001, 3 x 0.002, 2 x 0.003; the order of the Chinese rows has 0.5."""
    result = of_p_values(row_order_en=0.001, reference_tokens_en=0.002, incident_tokens_zh=0.003, option_order_zh=0.5)
    assert [result.verdict(place) for place in range(4)] == ["evidence", "evidence", "difference", "none"]
    assert result.summary == (
        "Evidence that the model has seen the rows in the order of the file; the reference answers, or texts of the same origin. "
        "1 more differs from the controls, as style alone can make it."
    )


def test_however_sure_tests_with_controls_are_evidence_needs_an_order_at_the_level_of_holm():
    """Three tests at 0 are taken first; of the two orders that are left the smaller needs 0.05 / 2."""
    style = {"reference_tokens_en": 0.0, "incident_tokens_en": 0.0, "incident_completion_en": 0.0}
    over = of_p_values(**style, row_order_en=0.0251, option_order_en=0.9)
    assert not any(over.found(place) for place in range(5))
    assert "3 differ from the controls" in over.summary
    under = of_p_values(**style, row_order_en=0.0249, option_order_en=0.9)
    assert [under.verdict(place) for place in range(5)] == ["evidence"] * 4 + ["none"]


def test_a_test_that_was_not_made_has_no_verdict_of_its_own(result):
    missing = ProbeTest("row-order", "en", 0, 0, None, None, None, None, None, "no row differs from another")
    assert replace(result, tests=(missing,)).verdict(0) == "not made"


def test_a_file_has_the_verdicts():
    content = probe_as_json(of_p_values(**UNTRAINED))
    assert [test["verdict"] for test in content["tests"]].count("difference") == 1


def test_the_docs_begin_the_tests_with_what_completions_do_not_show():
    docs = (Path(__file__).parents[2] / "docs" / "memorisation.md").read_text(encoding="utf-8")
    section = docs.partition("## The tests\n\n")[2]
    assert section.replace("`", "").startswith(OF_COMPLETIONS)
