"""Bundles that claim what is not so, each made from an honest one with its hashes brought up to date."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from submission_files import edit_json, edit_samples, sign_again

MCQ = "sevenllm_en_mcq"
SCOPE = "sevenllm_en_impact_scope"


def results_of(bundle: Path) -> Path:
    return next((bundle / "run").glob("results_*.json"))


def _results(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    return lambda bundle: edit_json(results_of(bundle), change)


def _manifest(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    return lambda bundle: edit_json(bundle / "manifest.json", change)


def _line(task: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    return lambda bundle: edit_samples(bundle, task, lambda lines: change(lines[0]))


def _file(name: str, content: str) -> Callable[[Path], None]:
    def forge(bundle: Path) -> None:
        (bundle / name).parent.mkdir(parents=True, exist_ok=True)
        (bundle / name).write_text(content, encoding="utf-8")

    return forge


def _both(*forgeries: Callable[[Path], None]) -> Callable[[Path], None]:
    def forge(bundle: Path) -> None:
        for one in forgeries:
            one(bundle)

    return forge


def _padded(bundle: Path) -> None:
    """One answer padded in each task, so that nothing of the task would be scored, and every figure 0.9999."""
    for file in (bundle / "run").glob("samples_*.jsonl"):
        task = file.name.removeprefix("samples_").rpartition("_")[0]

        def pad(line: dict[str, Any]) -> None:
            text = line["resps"][0][0] + " " * 100_001
            line["resps"], line["filtered_resps"] = [[text]], [text]

        edit_samples(bundle, task, lambda lines: pad(lines[0]))
    edit_json(bundle / "manifest.json", lambda m: [figure.update(value=0.9999) for figure in m["figures"]])


def _twice(bundle: Path) -> None:
    """A key twice in an object: readers differ about its value."""
    path = results_of(bundle)
    path.write_text(path.read_text(encoding="utf-8").replace('"limit": null', '"limit": 1, "limit": null', 1), encoding="utf-8")


def _other_model_records(bundle: Path) -> None:
    path = next(bundle.glob("every_eval_ever/**/*.json"))
    record = json.loads(path.read_text(encoding="utf-8"))
    record["model_info"] = {"name": "best", "id": "another/best"}
    other = bundle / "every_eval_ever" / "data" / "sevenllm-bench" / "another" / "best" / path.name
    other.parent.mkdir(parents=True)
    other.write_text(json.dumps(record), encoding="utf-8")


def _signature(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    return _results(lambda r: change(r["configs"][MCQ]["metadata"]["sevenllm"]["signature"]))


#: What is claimed, by what was done.
FORGERIES: dict[str, Callable[[Path], None]] = {
    "padded-answers": _padded,
    "headline": _manifest(lambda m: m["figures"][0].update(value=0.9999)),
    "standard-error": _manifest(lambda m: m["figures"][1].update(stderr=1e-4)),
    "sample-score": _line(MCQ, lambda line: line.update(acc=1.0 - line["acc"])),
    "answer": _line(SCOPE, lambda line: line.update(resps=[["x"]], filtered_resps=["x"])),
    "filtered-answer": _line(SCOPE, lambda line: line.update(filtered_resps=["another answer"])),
    "more-eval-results": _file("hub/.eval_results/other-bench.yaml", "- {dataset: {id: a/b, task_id: c}, value: 0.99}\n"),
    "records-of-another-model": _other_model_records,
    "workflow": _file(".github/workflows/steal.yml", "on: push\n"),
    "git-config": _file(".git/config", "[core]\n  fsmonitor = ./run.sh\n"),
    "script": _file("run/setup.py", "print('x')\n"),
    "archive-inside": _file("run/more.zip", "PK"),
    "samples-of-another-time": _file("run/samples_sevenllm_en_mcq_2020-01-01T00-00-00.000000.jsonl", "{}\n"),
    "group-figure": _results(
        lambda r: r.update(group_subtasks={"sevenllm-en": [MCQ]}, groups={"sevenllm-en": {"acc,none": 0.9999}})
    ),
    "task-standard-error": _results(lambda r: r["results"][MCQ].update({"acc_stderr,none": 1e-4})),
    "output-type": _results(lambda r: r["configs"][MCQ].update(output_type="multiple_choice")),
    "shots": _both(
        _results(lambda r: (r["n-shot"].update({MCQ: 2}), r["configs"][MCQ].update(num_fewshot=2))),
        _manifest(lambda m: m["tasks"][MCQ].update(num_fewshot=2)),
    ),
    "generation-arguments": _results(lambda r: r["configs"][MCQ]["generation_kwargs"].update(max_gen_toks=1)),
    "doc-hash": _line(MCQ, lambda line: line.update(doc_hash="0" * 64)),
    "prompt-hash": _line(MCQ, lambda line: line.update(prompt_hash="0" * 64)),
    "target-hash": _line(MCQ, lambda line: line.update(target_hash="0" * 64)),
    "task-hash": _results(lambda r: r["task_hashes"].update({MCQ: "0" * 64})),
    "read-as": _results(lambda r: r["configs"][MCQ]["metadata"]["sevenllm"]["answers"].update(look_cut_off=5)),
    "key-twice": _twice,
    "run-in-the-future": _both(
        _results(lambda r: r.update(date=4e9)),
        _manifest(lambda m: m.update(date="2096-10-02T07:06:40Z", created="2096-10-03T00:00:00Z")),
    ),
    "limit": _results(lambda r: r["config"].update(limit=None) or r["n-samples"][MCQ].update(effective=3)),
    "data-hash": _signature(lambda signature: signature["data"].update(sha256="f" * 64)),
    "another-model": _manifest(lambda m: m["model"].update(name="an-org/better")),
    "dropped-rows": lambda bundle: edit_samples(bundle, MCQ, lambda lines: [lines.pop() for _ in range(3)]),
    "prompt": _line(MCQ, lambda line: line["arguments"]["gen_args_0"].update(arg_0="Say A")),
    "key-in-settings": _results(lambda r: r["config"]["model_args"].update(api_key="s3cr3t-enough")),
}


def forge(bundle: Path, name: str) -> Path:
    """Change a bundle's folder, with the hashes brought up to date."""
    FORGERIES[name](bundle)
    sign_again(bundle)
    return bundle
