"""Writes runs as lm-eval 0.4.13 does, without lm-eval: results file and samples files, with values given by the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sevenllm_bench.data.document import to_document
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.data.rows import Row
from sevenllm_bench.metrics.registry import METRIC_VERSIONS, READING_VERSION

STAMP = "2026-11-24T19-01-45.882114"
METRICS = {
    "understanding": ("value_f1", "value_f1_norm", "json_valid"),
    "generation": ("rouge_l_paper", "rouge_l"),
    "mcq": ("acc", "answered"),
}


def rows_of(*leaves: str) -> list[Row]:
    return [row for leaf in leaves for row in embedded_split("test") if row.leaf.name == leaf]


def sample_of(row: Row, response: str, values: dict[str, float], prompt: str = "the prompt") -> dict[str, Any]:
    return {
        "doc_id": 0,
        "doc": to_document(row),
        "target": row.reference_text,
        "arguments": {"gen_args_0": {"arg_0": f"{prompt} {row.id}", "arg_1": {"until": []}}},
        "resps": [[response]],
        "filtered_resps": [response],
        "filter": "none",
        "metrics": list(values),
        **values,
    }


def write_run(
    folder: Path,
    model: str,
    rows: list[Row],
    value: Callable[[Row, str], float] = lambda row, metric: 1.0,
    response: Callable[[Row], str] = lambda row: row.reference_text,
    stamp: str = STAMP,
    change: Callable[[dict[str, Any]], None] | None = None,
    prompt: str = "the prompt",
) -> Path:
    """Write the files of one run into `folder`/`model` and return the results file.

    `value` gives each metric of each row, `change` may alter the results before they are written.
    """
    target = folder / model
    target.mkdir(parents=True, exist_ok=True)
    tasks: dict[str, list[Row]] = {}
    for row in rows:
        tasks.setdefault(row.leaf.name, []).append(row)
    results: dict[str, Any] = {key: {} for key in ("results", "configs", "versions", "n-shot", "n-samples", "task_hashes")}
    for task, own in tasks.items():
        names = METRICS[own[0].leaf.kind]
        samples = [sample_of(row, response(row), {name: value(row, name) for name in names}, prompt) for row in own]
        lines = [json.dumps(sample, ensure_ascii=False) for sample in samples]
        (target / f"samples_{task}_{stamp}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        figures = {f"{name},none": sum(sample[name] for sample in samples) / len(own) for name in names}
        errors = {f"{name}_stderr,none": "N/A" for name in names}
        results["results"][task] = {"alias": task, "sample_len": len(own), **figures, **errors}
        results["configs"][task] = _config(task, own[0])
        results["versions"][task], results["n-shot"][task] = "2-A", 0
        results["n-samples"][task] = {"original": len(own), "effective": len(own)}
        results["task_hashes"][task] = "ab12"
    results |= {
        "config": {
            "model": "hf",
            "model_args": {"pretrained": model},
            "model_revision": "main",
            "limit": None,
            "use_cache": None,
            "batch_size": 8,
            "random_seed": 0,
        },
        "date": 1795546896.5,
        "lm_eval_version": "0.4.13",
        "transformers_version": "5.0.0",
        "model_source": "hf",
        "model_name": model,
        "system_instruction_sha": None,
        "fewshot_as_multiturn": None,
        "chat_template_sha": None,
    }
    if change:
        change(results)
    path = target / f"results_{stamp}.json"
    path.write_text(json.dumps(results), encoding="utf-8")
    return path


def _config(task: str, row: Row) -> dict[str, Any]:
    kind = row.leaf.kind
    return {
        "task": task,
        "output_type": "generate_until",
        "generation_kwargs": {"do_sample": False, "max_gen_toks": 2000},
        "metadata": {
            "sevenllm": {
                "signature": {
                    "sevenllm_bench": "0.1.0",
                    "metrics": {name: METRIC_VERSIONS[name] for name in METRICS[kind]},
                    "reading": READING_VERSION,
                    "language": row.language,
                    **({"segmenter": "words 1", "lcs": "rapidfuzz 3"} if kind == "generation" else {}),
                    "data": {"name": "rows", "sha256": "0" * 64},
                    "prompt": {"name": "alpaca", "version": 1, "sha256": "abc"},
                },
                "answers": {"read_as": {"json": 1}, "look_cut_off": 0},
            }
        },
    }
