"""Submissions with what is shown beside the score: a manifest's figures, what results record of letters, a probe."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

from leaderboard_files import SECTIONS, manifest_of, section_figure, task_figure

from sevenllm_bench.catalog import LEAVES
from sevenllm_bench.data.official import SHA256
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.memorisation.probe_file import probe_as_json
from sevenllm_bench.memorisation.probe_result import ProbeResult, ProbeTest
from sevenllm_bench.metrics.registry import ITEM_METRIC_VERSIONS

CIRCULAR = ("sevenllm-en-mcq-circular", "sevenllm-zh-mcq-circular")
STRESS = ("sevenllm-en-stress", "sevenllm-zh-stress")
RESULTS = "run/results_2026-05-01T10-00-00.000000.json"


def letters(preferred: str = "B", mean: float = 0.3) -> dict[str, Any]:
    """What results record: one letter preferred by `mean`, 40 questions right in some rotations, 10 in all four."""
    others = -mean / 3
    position = {
        letter: {"share": 0.2, "preference": own, "low": own - 0.05, "high": own + 0.05}
        for letter in "ABCD"
        for own in [mean if letter == preferred else others]
    }
    return {"questions": 50, "partial": 0, "position": position, "right_in": {"0": 0, "1": 20, "2": 20, "3": 0, "4": 10}}


def with_trust(name: str, circular: float = 0.2, acc: float = 0.5, noisy: float = 0.4, grounded: float = 0.6) -> dict[str, Any]:
    """A manifest of a whole submission, all sections at 0.5, with the figures of the tasks beside the score."""
    manifest = manifest_of(name, dict.fromkeys(SECTIONS, 0.5))
    for task in CIRCULAR:
        error = (circular * (1 - circular) / 49) ** 0.5
        manifest["figures"].append({"id": f"{task}.circular_acc", "value": circular, "rows": 50, "stderr": error})
        manifest["figures"].append({"id": f"{task}.acc", "value": acc, "rows": 50, "stderr": 0.03})
    for task in STRESS:
        manifest["figures"].append({"id": f"{task}.stress_score", "value": noisy, "rows": 600, "stderr": 0.01})
    leaves = [leaf for leaf in LEAVES if leaf.is_official and leaf.kind == "understanding"]
    manifest["figures"] += [section_figure(f"{language}_understanding.grounded", grounded, leaves) for language in ("en", "zh")]
    manifest["figures"] += [task_figure(leaf, "grounded", grounded) for leaf in leaves]
    for task in (*CIRCULAR, *STRESS):
        manifest["tasks"][task] = _record(task)
    return manifest


def _record(name: str) -> dict[str, Any]:
    """What a manifest says of a task that was run on all official rows."""
    task = encoder_task_by_name(name)
    assert task is not None
    rows = 600 if task.kind == "stress" else 50
    noise = {"stress": {"version": 1, "seed": 0}} if task.kind == "stress" else {}
    return {
        "version": "1-A",
        "rows": rows,
        "rows_in_all": rows,
        "num_fewshot": 0,
        "output_type": "generate_until",
        "prompt": {"name": "alpaca", "version": 1, "sha256": "dff82b84626b"},
        "signature": {
            "metrics": {metric: ITEM_METRIC_VERSIONS[metric] for metric in task.metrics},
            "data": {"name": "SEvenLLM-Bench", "sha256": SHA256},
            "reading": 2,
            **noise,
        },
    }


def probe_of_model(base: str, p: float = 0.4) -> ProbeResult:
    """A probe of two exact tests in each language, with this p-value in each."""
    tests = tuple(
        ProbeTest(name, language, 100, 0, 0.25, 0.05, 0.45, p, 0.1)
        for name in ("row-order", "option-order")
        for language in ("en", "zh")
    )
    data = {"probed": {"name": "SEvenLLM-Bench"}, "control": {}}
    return ProbeResult(
        "0.1.0", 0, 9_999, {"type": "hf", "base": base, "name": base, "arguments": {}, "commit": None}, data, {}, 0, tests
    )


def probe_bytes(base: str, p: float = 0.4) -> bytes:
    """The file of it."""
    return json.dumps(probe_as_json(probe_of_model(base, p))).encode()


def results_bytes(further: Any) -> bytes:
    """A results file that records this of both tasks in every rotation."""
    block = {"metadata": {"sevenllm": {"further": further}}}
    return json.dumps({"results": {}, "configs": dict.fromkeys(CIRCULAR, block)}).encode()


def write_files(path: Path, manifest: dict[str, Any], files: dict[str, bytes]) -> Path:
    """A bundle of a manifest and further files, which it lists with their true hashes."""
    records = {name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()}
    manifest = {**manifest, "files": {**manifest["files"], **records}}
    path = path.with_suffix(".zip")
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for name, content in files.items():
            archive.writestr(name, content)
    return path
