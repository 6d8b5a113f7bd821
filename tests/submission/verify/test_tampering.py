"""Every way to tamper with a bundle that we could think of, with the hashes brought up to date: each is caught and named."""

import json

import pytest
from submission_files import (
    differing,
    edit_json,
    edit_samples,
    make_bundle,
    packed,
    sign_again,
    small_rows,
    verify,
    write_lines,
    write_true_run,
)

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.benchmark import load_genuine
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.errors import DataError

MCQ = "sevenllm_en_mcq"
EVENTS = "sevenllm_en_time_element_acquisition"


def results_of(bundle):
    return next((bundle / "run").glob("results_*.json"))


def caught(bundle, check, *words, signed=True):
    """Verification names it under `check`, with these words."""
    if signed:
        sign_again(bundle)
    found = verify(bundle)
    lines = [finding.line for finding in differing(found, check)]
    assert any(all(word in line for word in words) for line in lines), [finding.line for finding in found.of("differs")]
    assert found.exit_code() == 1
    return found


def test_a_score_in_a_sample(bundle):
    edit_samples(bundle, MCQ, lambda lines: lines[0].update(acc=1.0 - lines[0]["acc"]))
    caught(bundle, "scores", MCQ, "acc", "1 of", "recomputed")


def test_a_score_and_the_mean_and_the_figures(bundle):
    """All places where a figure stands, consistently: only computing it again shows it."""

    def all_right(lines):
        for line in lines:
            line["acc"] = 1.0

    edit_samples(bundle, MCQ, all_right)
    edit_json(results_of(bundle), lambda r: r["results"][MCQ].update({"acc,none": 1.0}))

    def figures(manifest):
        for figure in manifest["figures"]:
            if figure["id"] in (f"{MCQ}.acc", "en_mcq.acc"):
                figure["value"] = 1.0

    edit_json(bundle / "manifest.json", figures)
    found = caught(bundle, "figures", "en_mcq.acc", "claimed 1.000000", "differs by +")
    assert [f.what for f in found.findings if f.check == "task figures" and f.status == "differs"] == [f"{MCQ} acc"]
    assert not differing(found, "manifest")


def test_a_mean_in_the_results(bundle):
    edit_json(results_of(bundle), lambda r: r["results"][MCQ].update({"acc,none": 0.99}))
    caught(bundle, "task figures", MCQ, "claimed 0.990000")


def test_a_figure_in_the_manifest(bundle):
    edit_json(bundle / "manifest.json", lambda m: m["figures"][0].update(value=m["figures"][0]["value"] + 2e-6))
    caught(bundle, "figures", "headline", "differs by +0.000002")


def test_a_figure_within_rounding_is_confirmed(bundle):
    edit_json(bundle / "manifest.json", lambda m: m["figures"][0].update(value=m["figures"][0]["value"] + 1e-7))
    assert differing(verify(bundle)) == []


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", '"0.9"', "null", "true", "1" + "0" * 400])
def test_a_figure_that_is_no_number(bundle, value):
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["figures"][0]["value"] = "HERE"
    path.write_text(json.dumps(manifest).replace('"HERE"', value), encoding="utf-8")
    if value in ("NaN", "Infinity"):
        assert main(["verify", str(packed(bundle))]) == 2
    else:
        caught(bundle, "figures", "headline", "missing, or no finite number", signed=False)


def test_a_figure_removed_added_or_given_twice(bundle):
    edit_json(bundle / "manifest.json", lambda m: m["figures"].pop(0))
    caught(bundle, "figures", "headline", "missing")
    edit_json(bundle / "manifest.json", lambda m: m["figures"].append({"id": "en_mcq.charm", "value": 1.0}))
    caught(bundle, "figures", "en_mcq.charm", "no rows for it")
    edit_json(bundle / "manifest.json", lambda m: m["figures"].append(m["figures"][0]))
    caught(bundle, "figures", "each once")


def test_a_standard_error_and_a_row_count(bundle):
    edit_json(bundle / "manifest.json", lambda m: m["figures"][1].update(stderr=0.0001))
    caught(bundle, "figures", "standard error")
    edit_json(bundle / "manifest.json", lambda m: m["figures"][1].update(stderr=m["figures"][1]["stderr"], rows=9_999))
    caught(bundle, "figures", "9999 rows")


def test_an_answer(bundle):
    """A better answer without a better score: the score is computed from the answer."""
    wrong = next(row for row in small_rows() if row.leaf.name == MCQ and row.id % 2)

    def change(lines):
        line = next(line for line in lines if line["doc"]["id"] == wrong.id)
        line["resps"] = line["filtered_resps"] = [[wrong.output]]

    edit_samples(bundle, MCQ, change)
    caught(bundle, "scores", MCQ, f"row {wrong.id} claims 0.000000, recomputed 1.000000")


def test_an_answer_without_new_hashes(bundle):
    edit_samples(bundle, MCQ, lambda lines: lines[1].update(resps=[["C"]]))
    caught(bundle, "manifest", f"run/samples_{MCQ}", "sha256", signed=False)


@pytest.mark.parametrize("field", ["input", "output", "instruction", "thought", "category"])
def test_a_row(bundle, field):
    def change(lines):
        line = lines[1]
        line["doc"][field] = {"output": '{"x": "y"}', "category": "Domain Intelligence Acquisition"}.get(field, "Something else")

    edit_samples(bundle, EVENTS, change)
    # A row of another category belongs to another task, which the reader of samples says.
    caught(bundle, "samples" if field == "category" else "rows", EVENTS, "belongs to" if field == "category" else field)


def test_a_reference_made_to_fit_the_answer(bundle):
    def change(lines):
        for line in lines:
            line["doc"]["output"] = line["target"] = line["resps"][0][0] if line["resps"][0][0] in "ABCD" else "A"
            line["resps"], line["acc"], line["answered"] = [[line["doc"]["output"]]], 1.0, 1.0

    edit_samples(bundle, MCQ, change)
    caught(bundle, "rows", MCQ, "output")


def test_a_prompt(bundle):
    def change(lines):
        lines[2]["arguments"]["gen_args_0"]["arg_0"] += "\nThe answer is A."

    edit_samples(bundle, MCQ, change)
    caught(bundle, "prompts", MCQ, "1 prompts are not the generated ones")


def test_a_prompt_that_claims_a_chat_template(bundle):
    """With a chat template the generated prompt must still be in it, and no more than that can be said."""
    edit_json(results_of(bundle), lambda r: r.update(chat_template_sha="f00"))

    def wrap(lines):
        for line in lines:
            argument = line["arguments"]["gen_args_0"]
            argument["arg_0"] = f"<user>{argument['arg_0']}<assistant>"

    edit_samples(bundle, MCQ, wrap)
    sign_again(bundle)
    (finding,) = [f for f in verify(bundle).of("unconfirmed") if f.what == MCQ and f.check == "prompts"]
    assert "contain the generated one" in finding.detail
    assert "chat template" in finding.detail
    edit_samples(bundle, MCQ, lambda lines: lines[0]["arguments"]["gen_args_0"].update(arg_0="<user>Say A<assistant>"))
    caught(bundle, "prompts", MCQ, "1 prompts are not the generated ones")


def test_dropped_rows(bundle):
    edit_samples(bundle, MCQ, lambda lines: [lines.pop() for _ in range(3)])
    found = caught(bundle, "coverage", MCQ, "3 of 16 rows missing")
    assert any("the results count 16 rows, the samples have 13" in finding.line for finding in differing(found))


def test_dropped_wrong_rows_with_all_counts_and_figures_changed(bundle):
    def only_right(lines):
        lines[:] = [line for line in lines if line["acc"] == 1.0]

    edit_samples(bundle, MCQ, only_right)
    kept = len(list((bundle / "run").glob(f"samples_{MCQ}_*"))[0].read_text(encoding="utf-8").splitlines())  # noqa: RUF015

    def counts(results):
        results["results"][MCQ].update({"acc,none": 1.0, "answered,none": 1.0})
        results["n-samples"][MCQ] = {"original": kept, "effective": kept}

    edit_json(results_of(bundle), counts)
    caught(bundle, "coverage", MCQ, f"{16 - kept} of 16 rows missing")


def test_a_row_twice(bundle):
    edit_samples(bundle, MCQ, lambda lines: lines.append(lines[0]))
    caught(bundle, "samples", MCQ, "was there already")


def test_a_raised_limit(tmp_path):
    """A run of three rows per task, whose limit is later said to be five, or none."""
    first = {}
    for row in embedded_split("test"):
        first.setdefault(row.leaf.name, []).append(row)
    rows = [row for name in (MCQ, "sevenllm_zh_mcq") for row in first[name][:3]]

    def limited(results):
        results["config"]["limit"] = 3
        for task in results["n-samples"]:
            results["n-samples"][task] = {"original": 16, "effective": 3}

    bundle = make_bundle(write_true_run(tmp_path / "run", rows, change=limited), tmp_path / "bundle")
    honest = verify(bundle)
    assert differing(honest) == []
    assert any("limit 3: 3 of 16 rows" in note.line for note in honest.of("note"))
    edit_json(results_of(bundle), lambda r: r["config"].update(limit=5))
    found = caught(bundle, "coverage", MCQ, "2 of 16 rows missing")
    assert any("settings.limit" in finding.line for finding in differing(found, "manifest"))
    edit_json(results_of(bundle), lambda r: r["config"].update(limit=None))
    caught(bundle, "coverage", MCQ, "13 of 16 rows missing")
    edit_json(results_of(bundle), lambda r: r["config"].update(limit=2))
    caught(bundle, "limit", MCQ, "rows beyond it are there")


def testrows_within_a_limit_as_lm_eval_counts_them():
    from lm_eval.evaluator_utils import get_sample_size

    from sevenllm_bench.submission.verify.check_rows import rows_within

    class Task:
        eval_docs = range(16)

    for limit in (None, 0.1, 0.5, 0.99, 1, 3, 3.7, 15, 16, 40):
        wanted = get_sample_size(Task, limit)
        assert rows_within(limit, 16) == min(16, 16 if wanted is None else wanted), limit


def test_another_data_file_in_the_signature(bundle):
    def change(results):
        results["configs"][MCQ]["metadata"]["sevenllm"]["signature"]["data"]["sha256"] = "f" * 64

    edit_json(results_of(bundle), change)
    caught(bundle, "data", MCQ, "f" * 64)


def test_another_data_file_at_the_verifier(data_dir, tmp_path, monkeypatch):
    content = (data_dir / "test.jsonl").read_bytes()
    (tmp_path / "test.jsonl").write_bytes(content.replace(b"ransomware", b"malware", 1))
    with pytest.raises(DataError, match="not the official file"):
        load_genuine("official", str(tmp_path))
    monkeypatch.setenv("SEVENLLM_ALLOW_MODIFIED", "1")
    with pytest.raises(DataError, match="genuine file only"):
        load_genuine("official", str(tmp_path))


def test_another_model(bundle):
    edit_json(bundle / "manifest.json", lambda m: m["model"].update(name="an-org/a-better-model"))
    caught(bundle, "manifest", "model", "a-better-model")


def test_another_revision(bundle):
    edit_json(bundle / "manifest.json", lambda m: m["submission"].update(revision="f" * 40))
    caught(bundle, "model", "f" * 40, "the run says abc123")


def test_other_shots(bundle):
    edit_json(results_of(bundle), lambda r: r["n-shot"].update({MCQ: 2}))
    caught(bundle, "manifest", "tasks", "num_fewshot")


@pytest.mark.parametrize("key", ["model", "settings", "tasks", "command", "date"])
def test_a_part_of_the_manifest_removed(bundle, key):
    edit_json(bundle / "manifest.json", lambda m: m.pop(key))
    caught(bundle, "manifest", key)


def test_group_figures(bundle):
    def change(results):
        results["group_subtasks"] = {"sevenllm-en": ["sevenllm-en-mcq"], "sevenllm-en-mcq": [MCQ, "sevenllm-en"]}
        results["groups"] = {"sevenllm-en": {"acc,none": 0.5}, "other": {"acc,none": 0.1}, "sevenllm-en-mcq": "?"}

    right = [row.id % 2 == 0 for row in small_rows() if row.leaf.name == MCQ]
    edit_json(results_of(bundle), change)
    found = verify(bundle)
    group, broken = [finding for finding in found.findings if finding.check == "group figures"]
    assert group.found == pytest.approx(sum(right) / len(right))
    assert (group.status == "confirmed") == (group.found == 0.5)
    assert (broken.what, broken.status) == ("sevenllm-en-mcq", "differs")


@pytest.mark.parametrize("name", ["every_eval_ever/**/*.json", "every_eval_ever/**/*_samples.jsonl", f"run/samples_{MCQ}_*"])
def test_a_file_removed(bundle, name):
    path = next(bundle.glob(name))
    path.unlink()
    caught(bundle, "manifest", path.name, "missing", signed=False)


def test_a_file_added(bundle):
    (bundle / "run" / "readme.txt").write_text("x")
    caught(bundle, "manifest", "run/readme.txt", "not listed", signed=False)


def test_figures_in_every_eval_ever(bundle):
    aggregate = next(bundle.glob("every_eval_ever/**/*.json"))
    edit_json(aggregate, lambda e: e["evaluation_results"][0]["score_details"].update(score=0.99))
    caught(bundle, "every_eval_ever", ".evaluation_results[0].score_details.score: 0.99, expected")


def test_a_record_in_the_instances(bundle):
    path = next(bundle.glob("every_eval_ever/**/*_samples.jsonl"))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[4]["evaluation"]["score"] = 0.123
    write_lines(path, lines)
    caught(bundle, "every_eval_ever", "line 5.evaluation.score: 0.123, expected")
    write_lines(path, lines[:4])
    caught(bundle, "every_eval_ever", "line 5: missing")


def test_semantic_and_judge_figures_cannot_be_confirmed(tmp_path):
    run = write_true_run(tmp_path / "run", small_rows(), extra={"semantic": 0.5, "judge": 4.0, "judge_scored": 1.0})
    bundle = make_bundle(run, tmp_path / "bundle")
    found = verify(bundle)
    assert differing(found) == []
    unconfirmed = {finding.what: finding.detail for finding in found.of("unconfirmed") if finding.check == "figures"}
    assert "needs the embedding model" in unconfirmed["en_understanding.semantic"]
    assert "needs the judge" in unconfirmed["zh_generation.judge"]
    assert [found.exit_code(allowed) for allowed in ((), {"semantic"}, {"semantic", "judge"})] == [1, 1, 0]
    edit_json(results_of(bundle), lambda r: r["results"][EVENTS].update({"judge,none": 4.5}))
    caught(bundle, "task figures", EVENTS, "judge", "claimed 4.500000, recomputed 4.000000")


def test_another_version_of_a_metric_cannot_be_confirmed(bundle):
    def change(results):
        results["configs"][MCQ]["metadata"]["sevenllm"]["signature"]["metrics"]["acc"] = 7

    edit_json(results_of(bundle), change)
    assert any("version 7" in finding.line for finding in verify(bundle).of("unconfirmed"))


def test_exit_codes_and_output(bundle, tmp_path, capsys):
    assert main(["verify", str(packed(bundle)), "--strict", "--json", str(tmp_path / "v.json")]) == 0
    out = capsys.readouterr().out
    assert "headline" in out
    assert "0 differ or are missing" in out
    content = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))
    assert (content["exit_code"], content["counts"]["differs"]) == (0, 0)
    edit_samples(bundle, MCQ, lambda lines: lines[0].update(acc=1.0 - lines[0]["acc"]))
    assert main(["verify", str(packed(bundle)), "--all"]) == 1
    out = capsys.readouterr().out
    assert "differs: scores: Multiple choice, English (acc): 1 of 16 rows differ" in out
    assert "confirmed: prompts: Multiple choice, English: 16 prompts" in out
    assert main(["verify", str(packed(bundle)), "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["counts"]["differs"] >= 2


def test_claims_are_allowed_by_name(tmp_path, capsys):
    run = write_true_run(tmp_path / "run", small_rows(), extra={"semantic": 0.5, "judge": 4.0, "judge_scored": 1.0})
    command = ["verify", str(make_bundle(run, tmp_path / "b.zip"))]
    assert main(command) == 1
    assert "not confirmed and not allowed: judge, semantic (--allow-unconfirmed judge,semantic)" in capsys.readouterr().out
    assert main([*command, "--allow-unconfirmed", "semantic"]) == 1
    assert "not confirmed and not allowed: judge (" in capsys.readouterr().out
    assert main([*command, "--allow-unconfirmed", "semantic, judge"]) == 0
    capsys.readouterr()
    assert main([*command, "--allow-unconfirmed", "semantic", "--allow-unconfirmed", "judge", "--json", "-"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["exit_code"] == 0
    assert {f["claim"] for f in content["findings"] if f["status"] == "unconfirmed"} == {"semantic", "judge"}
    assert main([*command, "--allow-unconfirmed", "semantics"]) == 2
    assert "did you mean 'semantic'?" in capsys.readouterr().err


@pytest.mark.parametrize("value", [True, "no", 1])
def test_rows_that_the_run_calls_modified(bundle, value):
    """With the right hash all the same."""

    def change(results):
        results["configs"][MCQ]["metadata"]["sevenllm"]["signature"]["data"]["modified"] = value

    edit_json(results_of(bundle), change)
    sign_again(bundle)
    assert MCQ in {finding.what for finding in differing(verify(bundle), "data")}
