"""The leaves inside lm-eval itself, on the embedded rows and, where they are, on the official ones."""

import json
import logging

import pytest
from conftest import MODELS
from harness_tools import Scripted, against_references, evaluate, figures, gold
from lm_eval import simple_evaluate

from sevenllm_bench.catalog import LEAVES
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.errors import ConfigError, DataError
from sevenllm_bench.harness import generated_answers, task
from sevenllm_bench.harness.launch import SEvenLLMTaskManager
from sevenllm_bench.harness.replay import ReplayLM
from sevenllm_bench.prompts import INPUT_HEADER, INSTRUCTION_HEADER, OPENING, RESPONSE_HEADER, render, style_by_name


def test_the_58_leaves_give_gold_its_due_without_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        results = evaluate(Scripted(gold), "sevenllm_*", log_samples=True)
    assert set(results["results"]) == {leaf.name for leaf in LEAVES}
    for leaf in LEAVES:
        assert min(against_references(figures(results, leaf.name)).values()) == pytest.approx(1.0, abs=1e-8), leaf.name
        assert results["n-samples"][leaf.name]["effective"] == (16 if leaf.kind == "mcq" else 4)
    assert [record.getMessage() for record in caplog.records if "sevenllm" in record.getMessage()] == []


def test_groups_aggregate_over_rows_without_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        results = evaluate(Scripted(gold), "sevenllm")
    assert set(results["groups"]) == {
        "sevenllm",
        *(f"sevenllm-{language}{part}" for language in ("en", "zh") for part in ("", "-understanding", "-generation", "-mcq")),
    }
    of_understanding = {"value_f1", "value_f1_norm", "json_valid", "grounded"}
    assert set(figures(results, "sevenllm")) == {*of_understanding, "rouge_l", "invented_indicators", "acc", "answered"}
    assert set(figures(results, "sevenllm-zh-generation")) == {"rouge_l_paper", "rouge_l", "invented_indicators"}
    assert figures(results, "sevenllm")["rouge_l"] == 1.0
    assert [record.getMessage() for record in caplog.records if "missing in" in record.getMessage()] == []


def test_the_signature_stands_in_the_results():
    results = evaluate(Scripted(lambda doc: "The attacker mov"), "sevenllm_en_threat_analysis", metadata={"prompt": "cot"})
    record = results["configs"]["sevenllm_en_threat_analysis"]["metadata"]["sevenllm"]
    assert record["signature"]["prompt"]["name"] == "cot"
    assert record["signature"]["data"]["name"] == "sevenllm-bench embedded"
    assert record["answers"] == {"read_as": {"empty": 4}, "look_cut_off": 4, "look_like_reasoning": 0}
    assert results["versions"]["sevenllm_en_threat_analysis"] == "2-A"
    assert "(embedded rows)" in results["results"]["sevenllm_en_threat_analysis"]["alias"]
    assert json.dumps(results["configs"])


def test_cut_answers_are_warned_about_once(caplog, monkeypatch):
    monkeypatch.setattr(generated_answers, "_warned", set())
    with caplog.at_level(logging.WARNING):
        evaluate(Scripted(lambda doc: "The attacker mov"), "sevenllm_en_threat_analysis", "sevenllm_en_impact_scope")
    assert sum("look cut off" in record.getMessage() for record in caplog.records) == 1


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.name)
def test_two_shots_come_from_the_embedded_fewshot_rows(leaf):
    model = Scripted(gold)
    evaluate(model, leaf.name, num_fewshot=2, limit=1)
    fewshot = [row for row in embedded_split("fewshot") if row.leaf == leaf][:2]
    test = next(row for row in embedded_split("test") if row.leaf == leaf)
    style = style_by_name("alpaca")
    examples = "".join(f"{render(row, style)}\n{row.reference_text}\n\n" for row in fewshot)
    assert model.prompts == [examples + render(test, style)]


def test_more_shots_take_other_cells_and_too_many_are_an_error():
    model = Scripted(gold)
    evaluate(model, "sevenllm_en_threat_analysis", num_fewshot=5, limit=1)
    assert model.prompts[0].count("### Response:") == 6
    with pytest.raises(ConfigError, match="--num_fewshot 500, but there are 30 few-shot rows"):
        evaluate(model, "sevenllm_en_threat_analysis", num_fewshot=500, limit=1)


def test_chat_template_wraps_the_prompt_and_its_examples():
    model = Scripted(gold)
    evaluate(model, "sevenllm_zh_mcq", num_fewshot=1, limit=1, apply_chat_template=True, fewshot_as_multiturn=True)
    assert model.prompts[0].startswith("<user>Below is")
    assert model.prompts[0].endswith("### Response:<assistant>")
    assert model.prompts[0].count("<user>") == 2


def test_limit_samples_and_predict_only():
    assert evaluate(Scripted(gold), "sevenllm_en_mcq", limit=2)["n-samples"]["sevenllm_en_mcq"]["effective"] == 2
    chosen = evaluate(Scripted(gold), "sevenllm_en_mcq", samples={"sevenllm_en_mcq": [1, 3]}, log_samples=True)
    rows = [row.id for row in embedded_split("test") if row.leaf.name == "sevenllm_en_mcq"]
    assert [sample["doc"]["id"] for sample in chosen["samples"]["sevenllm_en_mcq"]] == [rows[1], rows[3]]
    only = evaluate(Scripted(gold), "sevenllm_en_mcq", predict_only=True)
    assert figures(only, "sevenllm_en_mcq") == {"bypass": 999}
    assert len(only["samples"]["sevenllm_en_mcq"]) == 16


def test_cached_answers_are_used(tmp_path):
    arguments = {"use_cache": str(tmp_path / "cache"), "limit": 2}
    first = evaluate(Scripted(gold), "sevenllm_en_mcq", **arguments)
    second = evaluate(Scripted(lambda doc: "wrong"), "sevenllm_en_mcq", **arguments)
    assert figures(first, "sevenllm_en_mcq")["acc"] == figures(second, "sevenllm_en_mcq")["acc"] == 1.0


def test_hostile_answers_go_through_the_harness_and_into_json():
    results = evaluate(Scripted(lambda doc: "\ud800\x00\u202e{" * 50), "sevenllm_*", limit=1, log_samples=True)
    for leaf in LEAVES:
        assert all(0.0 <= value <= 0.1 for value in figures(results, leaf.name).values()), leaf.name
    json.dumps(results["samples"], ensure_ascii=False, default=str).encode("utf-8")


def test_log_likelihood_variant_ranks_the_letters():
    results = evaluate(Scripted(gold), "sevenllm-*-mcq-logprob")
    assert [figures(results, f"sevenllm-{language}-mcq-logprob") for language in ("en", "zh")] == [{"acc": 1.0}] * 2
    always_b = evaluate(Scripted(lambda doc: "B"), "sevenllm-en-mcq-logprob")
    assert figures(always_b, "sevenllm-en-mcq-logprob") == {"acc": 0.25}


def test_generation_arguments_reach_the_model():
    model = Scripted(gold)
    evaluate(model, "sevenllm_en_mcq", limit=1)
    assert model.arguments[0]["max_gen_toks"] == 2000
    assert set(model.arguments[0]["until"]) == {OPENING, INSTRUCTION_HEADER, INPUT_HEADER, RESPONSE_HEADER}


@pytest.mark.parametrize(
    ("metadata", "arguments", "until"),
    [
        ({"prompt": "cot"}, {}, {OPENING, INSTRUCTION_HEADER, INPUT_HEADER}),
        ({}, {"apply_chat_template": True}, None),
        ({"prompt": "cot"}, {"apply_chat_template": True}, None),
        ({}, {"apply_chat_template": True, "gen_kwargs": "until=#"}, {"#"}),
        ({}, {"gen_kwargs": "max_gen_toks=5"}, {OPENING, INSTRUCTION_HEADER, INPUT_HEADER, RESPONSE_HEADER}),
    ],
)
def test_what_stops_generation(metadata, arguments, until):
    """Without `until`, lm-eval stops at the model's own end."""
    model = Scripted(gold)
    results = evaluate(model, "sevenllm_en_mcq", limit=1, metadata=metadata, **arguments)
    for arguments in (model.arguments[0], results["configs"]["sevenllm_en_mcq"]["generation_kwargs"]):
        assert arguments["max_gen_toks"] in (5, 2000)
        assert ("until" in arguments and set(arguments["until"])) == (until or False)


def record_of(results):
    (leaf,) = results["samples"]
    return results["configs"][leaf]["metadata"]["sevenllm"]["answers"], results["samples"][leaf][0]["resps"][0][0]


class Thinking(Scripted):
    """A model whose chat template opens its reasoning."""

    def apply_chat_template(self, chat_history, add_generation_prompt=True):
        return super().apply_chat_template(chat_history) + "<think>\n"


def test_reasoning_that_the_chat_template_opens_and_the_model_never_closes():
    answer = Scripted(lambda doc: f"So is it {doc['output']}? Yes. The answer is {doc['output']}")
    closed = Thinking(lambda doc: f"Is it A, B, C? Yes.</think>{doc['output']}")
    arguments = {"limit": 1, "log_samples": True, "apply_chat_template": True}
    assert figures(evaluate(answer, "sevenllm_en_mcq", **arguments), "sevenllm_en_mcq")["acc"] == 1.0
    assert figures(evaluate(closed, "sevenllm_en_mcq", **arguments), "sevenllm_en_mcq")["acc"] == 1.0
    results = evaluate(Thinking(answer.answer), "sevenllm_en_mcq", **arguments)
    assert figures(results, "sevenllm_en_mcq") == {"acc": 0.0, "answered": 0.0}
    counts, response = record_of(results)
    assert counts == {"read_as": {"empty": 1}, "look_cut_off": 1, "look_like_reasoning": 0}
    assert response.startswith("<think>\nSo is it ")


def test_where_lm_eval_leaves_the_reasoning_out_what_the_template_opened_is_closed():
    results = evaluate(
        Thinking(gold), "sevenllm_en_mcq", limit=1, apply_chat_template=True, metadata={"think_end_token": "</think>"}
    )
    assert figures(results, "sevenllm_en_mcq")["acc"] == 1.0


def test_reasoning_of_an_unknown_form_is_counted_and_can_be_named(caplog, monkeypatch):
    monkeypatch.setattr(generated_answers, "_warned", set())
    model = Scripted(lambda doc: f"<musing> perhaps A, or B, or C ~~~ {doc['output']}")
    with caplog.at_level(logging.WARNING):
        unknown = evaluate(model, "sevenllm_en_mcq", "sevenllm_en_mcq", limit=2, log_samples=True)
    assert record_of(unknown)[0]["look_like_reasoning"] == 2
    assert sum("--metadata reasoning_end=TEXT" in record.getMessage() for record in caplog.records) == 1
    named = evaluate(model, "sevenllm_en_mcq", limit=2, log_samples=True, metadata={"reasoning_end": "~~~"})
    assert figures(named, "sevenllm_en_mcq")["acc"] == 1.0
    assert record_of(named)[0]["look_like_reasoning"] == 0
    assert record_of(named)[1].startswith("<think><musing> perhaps A, or B, or C ~~~</think> ")
    assert named["configs"]["sevenllm_en_mcq"]["metadata"]["sevenllm"]["signature"]["reasoning_end"] == "~~~"
    never = evaluate(model, "sevenllm_en_mcq", limit=2, log_samples=True, metadata={"reasoning_end": "[end]"})
    assert record_of(never)[0] == {"read_as": {"empty": 2}, "look_cut_off": 2, "look_like_reasoning": 0}


@pytest.mark.parametrize("arguments", [{}, {"apply_chat_template": True}, {"num_fewshot": 1}])
def test_a_prompt_that_asks_for_the_thought_first(arguments):
    def thinks(doc):
        return f"It may be A.\n\n### Response:\n{doc['output']}\n\n### Instruction:\nnext\n\n### Response:\nA"

    right = evaluate(Scripted(thinks), "sevenllm_en_mcq", metadata={"prompt": "cot"}, **arguments)
    assert figures(right, "sevenllm_en_mcq")["acc"] == 1.0
    never = evaluate(Scripted(lambda doc: "The answer is B"), "sevenllm_en_mcq", metadata={"prompt": "cot"}, **arguments)
    assert figures(never, "sevenllm_en_mcq") == {"acc": 0.0, "answered": 0.0}


def test_without_the_official_file_there_is_an_error_not_a_fallback(tmp_path):
    with pytest.raises(ConfigError, match=r"no test\.jsonl in the data folder"):
        evaluate(Scripted(gold), "sevenllm_en_mcq", metadata={"dataset": "official", "data_dir": str(tmp_path)})


def test_cells_without_official_rows_need_no_official_file(tmp_path):
    results = evaluate(Scripted(gold), "sevenllm-complement", metadata={"dataset": "official", "data_dir": str(tmp_path)})
    assert results["n-samples"]["sevenllm_zh_security_policy_audit"]["effective"] == 4


def test_a_modified_file_is_recorded_and_its_missing_cells_are_named(tmp_path, embedded_record):
    (tmp_path / "test.jsonl").write_text(json.dumps(embedded_record), encoding="utf-8")
    metadata = {"dataset": "official", "data_dir": str(tmp_path), "allow_modified": "true"}
    results = evaluate(Scripted(gold), "sevenllm_en_time_element_acquisition", metadata=metadata)
    record = results["configs"]["sevenllm_en_time_element_acquisition"]["metadata"]["sevenllm"]
    assert record["signature"]["data"]["modified"] is True
    with pytest.raises(DataError, match="no row for sevenllm_en_mcq"):
        evaluate(Scripted(gold), "sevenllm_en_mcq", metadata=metadata)


def test_a_leaf_outside_the_catalogue_is_an_error():
    with pytest.raises(ConfigError, match="no leaf 'sevenllm_fr_mcq'"):
        task.SEvenLLMTask({"task": "sevenllm_fr_mcq"})


@pytest.mark.predictions
@pytest.mark.parametrize("model", MODELS)
def test_replayed_through_lm_eval_the_rows_are_those_of_the_authors(model, data_dir, predictions_dir, expected):
    replay = ReplayLM(predictions=str(predictions_dir / f"{model}.jsonl"))
    results = evaluate(replay, "sevenllm", metadata={"dataset": "official", "data_dir": str(data_dir)}, log_samples=True)
    seen = 0
    for samples in results["samples"].values():
        for sample in samples:
            row_id = sample["doc"]["id"]
            seen += 1
            # 791 and 823 are scored as prose in their generation leaves; 1223 is read by our letter parser only.
            if row_id in (791, 823) or (model, row_id) == ("llama2-13b-cot", 1223):
                continue
            value = next(sample[name] for name in ("value_f1", "rouge_l_paper", "acc") if name in sample)
            assert value == pytest.approx(expected[model]["items"][str(row_id)], abs=1e-6), row_id
    assert seen == 1300
    assert figures(results, "sevenllm-zh-understanding")["value_f1"] == pytest.approx(
        expected[model]["sections"]["zh_understanding"], abs=1e-6
    )
    assert figures(results, "sevenllm-zh-generation")["rouge_l_paper"] == pytest.approx(
        expected[model]["sections"]["zh_generation"], abs=1e-6
    )


def test_a_real_model_through_plain_lm_eval(tiny_checkpoint):
    """Hugging Face model, generated and log-likelihood tasks, chat template, two shots."""
    manager = SEvenLLMTaskManager(metadata={"dataset": "embedded"})
    results = simple_evaluate(
        model="hf",
        model_args={"pretrained": str(tiny_checkpoint), "device": "cpu"},
        tasks=["sevenllm_en_threat_analysis", "sevenllm_zh_mcq", "sevenllm_zh_key_entity_recognition", "sevenllm-en-mcq-logprob"],
        task_manager=manager,
        num_fewshot=1,
        limit=2,
        gen_kwargs={"max_gen_toks": 8},
        apply_chat_template=True,
        batch_size=4,
        bootstrap_iters=0,
    )
    assert results["n-samples"]["sevenllm_zh_mcq"]["effective"] == 2
    answers = [sample["resps"][0][0] for sample in results["samples"]["sevenllm_en_threat_analysis"]]
    assert all(isinstance(answer, str) for answer in answers)


def test_a_null_response_is_an_empty_answer_also_in_the_samples():
    """lm-eval gives None where a chat server gives no text (a refusal, for example), and would write it as "None"."""
    leaf = "sevenllm_en_time_element_acquisition"
    results = evaluate(Scripted(lambda doc: None), leaf, log_samples=True)
    assert set(figures(results, leaf).values()) == {0.0}
    assert {str(sample["resps"]) for sample in results["samples"][leaf]} == {"[['']]"}
    block = results["configs"][leaf]["metadata"]["sevenllm"]["answers"]
    assert block["read_as"] == {"empty": 4}


def test_a_local_checkpoint_is_recorded_as_one(tmp_path):
    """lm-eval hands tasks the model's arguments; what is a folder on this machine is no repository on the Hub."""
    leaf = "sevenllm_en_time_element_acquisition"
    for name, local in ((str(tmp_path), ("pretrained",)), ("org/model", None)):
        results = evaluate(Scripted(gold), leaf, metadata={"pretrained": name, "peft": "org/adapter"}, limit=1)
        assert results["configs"][leaf]["metadata"]["sevenllm"].get("local") == local
