"""What forbids a comparison, what is only worth knowing, and what nobody can say."""

import json
from dataclasses import replace

import pytest
from run_files import STAMP, rows_of, write_run

from sevenllm_bench.catalog import TASK_VERSION
from sevenllm_bench.comparison.compatibility import differences, forbidding
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.prompts import style_by_name
from sevenllm_bench.runs.reader import read_runs

EVENT, THREAT, MCQ = "sevenllm_en_important_event_extraction", "sevenllm_zh_threat_analysis", "sevenllm_en_mcq"


def pair(folder, change=None, rows=None, other_rows=None, **arguments):
    rows = rows or rows_of(EVENT, THREAT, MCQ)
    write_run(folder, "a", rows)
    write_run(folder, "b", other_rows or rows, change=change, **arguments)
    return read_runs([folder])


def found(runs):
    return {(d.setting, d.weight) for d in differences(runs)}


def configs(results):
    return [config["metadata"]["sevenllm"]["signature"] for config in results["configs"].values()]


def test_equal_runs_differ_in_nothing(tmp_path):
    assert differences(pair(tmp_path)) == []


@pytest.mark.parametrize(
    ("change", "setting", "weight"),
    [
        (lambda r: r["config"].update(limit=10), "limit", "forbids"),
        (lambda r: r.update(system_instruction_sha="ab"), "system instruction", "forbids"),
        (lambda r: r.update(chat_template_sha="ab"), "chat template", "note"),
        (lambda r: r.update(fewshot_as_multiturn=True), "few-shot examples as turns", "note"),
        (lambda r: r.update(lm_eval_version="0.4.14"), "version of lm-eval", "note"),
        (lambda r: r["config"].update(random_seed=1), "seeds", "note"),
        (lambda r: r["config"].update(use_cache="c.db"), "answer cache", "note"),
        (lambda r: r["n-shot"].update({MCQ: 2}), "few-shot examples", "forbids"),
        (lambda r: r["versions"].update({MCQ: "99-A"}), "task version", "forbids"),
        (lambda r: configs(r)[0]["data"].update(sha256="1" * 64), "data (sha256)", "forbids"),
        (lambda r: configs(r)[0]["prompt"].update(name="cot", sha256="c"), "prompt", "forbids"),
        (lambda r: configs(r)[0]["metrics"].update(value_f1=2), "version of value_f1", "forbids"),
        (lambda r: r["configs"][EVENT]["generation_kwargs"].update(max_gen_toks=99), "generation arguments", "forbids"),
        (lambda r: r["configs"][EVENT]["generation_kwargs"].update(until=["\n\n"]), "generation arguments", "forbids"),
        (lambda r: configs(r)[0].update(reasoning_end="~~"), "end of reasoning", "note"),
        (lambda r: configs(r)[0].update(reading=1), "version of reading answers", "forbids"),
        (lambda r: [s.update(segmenter="words 2") for s in configs(r)], "segmenter", "forbids"),
        (lambda r: configs(r)[0].update(embedding={"model": "x"}), "embedding model", "forbids"),
        (lambda r: configs(r)[0].update(judge={"model": "x"}), "judge", "forbids"),
        (lambda r: [s.update(sevenllm_bench="0.2.0") for s in configs(r)], "version of sevenllm-bench", "note"),
        (lambda r: [s["data"].update(modified=True) for s in configs(r)], "data", "note"),
        (lambda r: r["config"].pop("limit"), "limit", "unknown"),
        (lambda r: r["configs"][MCQ].pop("metadata"), "prompt", "unknown"),
        (lambda r: r["n-samples"][MCQ].update(original=50), "partial run", "note"),
        (lambda r: r["results"][MCQ].update({"acc,none": 0.5}), "problem in b", "forbids"),
    ],
)  # fmt: skip
def test_each_setting(tmp_path, change, setting, weight):
    assert (setting, weight) in found(pair(tmp_path, change))


def test_the_letter_of_a_task_version_does_not_count(tmp_path):
    assert found(pair(tmp_path, lambda r: r["versions"].update({MCQ: TASK_VERSION.replace("-A", "-Z")}))) == set()


def test_only_what_differs_is_shown_and_where(tmp_path):
    runs = pair(tmp_path, lambda r: r["configs"][EVENT]["generation_kwargs"].update(max_gen_toks=99))
    (difference,) = differences(runs)
    assert difference.line == f"generation arguments [{EVENT}]: max_gen_toks 2000 in a; max_gen_toks 99 in b"


def test_a_metric_that_one_run_lacks_is_of_no_other_version(tmp_path):
    runs = pair(tmp_path, lambda r: [s["metrics"].update(json_valid=99) for s in configs(r)])
    (difference,) = differences(runs)
    assert difference.metrics == ("json_valid",)
    assert forbidding([difference], ["value_f1"], [EVENT]) == []
    assert forbidding([difference], ["json_valid"], [EVENT]) == [difference]


def test_tasks_that_only_one_run_has_are_left_out(tmp_path):
    runs = pair(tmp_path, other_rows=rows_of(EVENT, MCQ))
    (difference,) = differences(runs)
    assert (difference.weight, difference.tasks) == ("note", (THREAT,))
    runs = [runs[0], read_runs([write_run(tmp_path / "c", "c", rows_of("sevenllm_zh_mcq"))])[0]]
    assert ("tasks", "forbids") in found(runs)


def test_rows_that_only_one_run_has(tmp_path):
    rows = rows_of(MCQ)
    runs = pair(tmp_path, rows=rows, other_rows=rows[2:])
    (difference, *_) = differences(runs)
    assert (difference.setting, difference.weight, difference.tasks) == ("rows", "forbids", (MCQ,))
    assert difference.detail == f"b lacks {rows[0].id}-{rows[1].id}"


def test_another_text_behind_the_same_id(tmp_path):
    first, *others = rows_of(MCQ)
    runs = pair(tmp_path, rows=[first, *others], other_rows=[replace(first, output="D" if first.output != "D" else "A"), *others])
    assert ("content of rows", "forbids") in found(runs)


def test_prompts_that_differ_behind_the_same_name(tmp_path):
    assert found(pair(tmp_path, prompt="another prompt")) == {("text of prompts", "forbids")}


def test_each_models_chat_template_changes_its_prompts(tmp_path):
    runs = pair(tmp_path, lambda r: r.update(chat_template_sha="ab"), prompt="<user> the prompt")
    assert found(runs) == {("chat template", "note")}


def test_a_run_without_samples(tmp_path):
    runs = pair(tmp_path)
    assert ("samples", "forbids") in found([runs[0], replace(runs[1], samples=())])


@pytest.mark.parametrize("style", ["alpaca", "cot"])
def test_the_stop_strings_that_go_with_a_chat_template_are_no_difference(tmp_path, style):
    """A base model stops where the template begins again, a chat model at its own end: each is asked in its own form."""

    def stops(results):
        for config in results["configs"].values():
            config["generation_kwargs"].pop("until", None)

    runs = pair(tmp_path, stops)
    base = {
        task: replace(leaf, generation={**leaf.generation, "until": style_by_name(style).stop_strings})
        for task, leaf in runs[0].leaves.items()
    }
    assert found([replace(runs[0], leaves=base), runs[1]]) == set()


def test_saved_answers_against_a_run(tmp_path):
    rows = rows_of(EVENT, THREAT, MCQ)
    write_run(tmp_path, "a", rows)
    path = tmp_path / "saved.jsonl"
    path.write_text("\n".join(json.dumps({"id": row.id, "output": row.output}) for row in rows), encoding="utf-8")
    runs = read_runs([tmp_path / "a", path], load=lambda: Benchmark("official", tuple(rows), "0" * 64))
    weights = found(runs)
    assert {("prompt", "unknown"), ("limit", "unknown"), ("few-shot examples", "unknown")} <= weights
    assert not any(weight == "forbids" for setting, weight in weights if setting != "segmenter")


def test_an_older_run_is_noted(tmp_path):
    rows = rows_of(MCQ)
    write_run(tmp_path, "a", rows, stamp="2025-01-01T00-00-00")
    runs = pair(tmp_path, rows=rows)
    assert STAMP in runs[0].path
    assert found(runs) == {("older runs", "note")}
