"""Writes submissions as `sevenllm-bench submit` does, with figures given by the test: a zip file with a manifest.

The manifests of whole submissions agree in everything with the benchmark and with themselves, so that they have a rank; they
list the files of their runs, which the zip files don't have: submissions without samples.
"""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import LEAVES, TASK_VERSION, Leaf
from sevenllm_bench.data.official import SHA256
from sevenllm_bench.metrics.registry import METRIC_VERSIONS, READING_VERSION

METRIC = {"understanding": "value_f1", "generation": "rouge_l", "mcq": "acc"}
LEXICAL = {
    "understanding": ("value_f1", "value_f1_norm", "json_valid"),
    "generation": ("rouge_l_paper", "rouge_l"),
    "mcq": ("acc", "answered"),
}
SECTIONS = tuple(f"{language}_{kind}" for language in ("en", "zh") for kind in METRIC)
#: Official rows of a section: 300, of MCQ 50.
ROWS = {section: 50 if section.endswith("mcq") else 300 for section in SECTIONS}
_STAMP = "2026-05-01T10-00-00.000000"


def manifest_of(
    name: str, sections: dict[str, float], date: str = "2026-05-01", every_metric: bool = False, **submission: Any
) -> dict[str, Any]:
    """A manifest with the headline's parts, the headline where there are six, and every official task at its section's value.

    Values of multiple choice are multiples of 1/50. `every_metric` adds the other lexical metrics, at the same values.
    """
    leaves = [leaf for leaf in LEAVES if leaf.is_official and section_of(leaf) in sections]
    figures = [section_figure(f"{section}.{METRIC[section[3:]]}", value, leaves) for section, value in sections.items()]
    if len(sections) == 6:
        error = sum(figure["stderr"] ** 2 for figure in figures) ** 0.5 / 6
        figures.insert(0, {"id": "headline", "value": sum(sections.values()) / 6, "rows": 1300, "stderr": error})
    figures += [task_figure(leaf, METRIC[leaf.kind], sections[section_of(leaf)]) for leaf in leaves]
    if every_metric:
        others = {section: [m for m in LEXICAL[section[3:]] if m != METRIC[section[3:]]] for section in sections}
        values = {**sections, "json_valid": 1.0}
        figures += [
            section_figure(f"{section}.{metric}", values.get(metric, sections[section]), leaves)
            for section in sections
            for metric in others[section]
        ]
        figures += [
            task_figure(leaf, metric, values.get(metric, sections[section_of(leaf)]))
            for leaf in leaves
            for metric in others[section_of(leaf)]
        ]
    return {
        "format": "sevenllm-bench submission",
        "version": 3,
        "created": f"{date}T12:00:00Z",
        "sevenllm_bench": "0.1.0",
        "submission": {
            "repository": name,
            "revision": "a" * 40,
            "benchmark": "Multilingual-Multimodal-NLP/SEVENLLM-Dataset",
            "source_url": None,
            "organization": "somebody",
            "relationship": "other",
            "notes": "",
            **submission,
        },
        "model": {"name": name, "source": "hf", "arguments": {}, "revision": "main", "sha": "unknown"},
        "settings": {"limit": None, "chat_template": None, "system_instruction": None, "fewshot_as_multiturn": None},
        "tasks": {leaf.name: task_of(leaf) for leaf in leaves},
        "command": f"lm_eval --model hf --model_args pretrained={name} --tasks sevenllm --log_samples",
        "date": f"{date}T10:00:00Z",
        "answers": {"like_references": {}, "sketches": {}},
        "figures": figures,
        "left_out_of_hub_formats": {},
        "files": {f"run/results_{_STAMP}.json": {"bytes": 60_000, "sha256": "b" * 64}}
        | {f"run/samples_{leaf.name}_{_STAMP}.jsonl": {"bytes": 100_000, "sha256": "c" * 64} for leaf in leaves},
    }


def sections_at(headline: float) -> dict[str, float]:
    """Values of the sections with this mean: half of the answers to multiple choice are right, none below 1/6, the others equal.

    Where the headline is a small multiple of a power of 2, so is every value, and sums of them are exact.
    """
    right = 0.5 if headline >= 1 / 6 else 0.0
    return {section: right if section.endswith("mcq") else (6 * headline - 2 * right) / 4 for section in SECTIONS}


def section_of(leaf: Leaf) -> str:
    return f"{leaf.language}_{leaf.kind}"


def largest_error(value: float, rows: int) -> float:
    """The standard error of values of which some are 1 and all others 0: no values in [0, 1] of this mean have a larger one."""
    return (max(0.0, value * (1 - value)) / max(1, rows - 1)) ** 0.5


def task_figure(leaf: Leaf, metric: str, value: float) -> dict[str, Any]:
    """A figure of a task; its standard error is 0.02, or less where values of this mean can't have that."""
    rows, most = leaf.official_rows_scored, largest_error(value, leaf.official_rows_scored)
    is_share = metric in ("acc", "answered", "json_valid")
    error = None if rows < 2 else most if is_share else min(0.02, most)
    return {"id": f"{leaf.name}.{metric}", "value": value, "rows": rows, "stderr": error}


def section_figure(name: str, value: float, leaves: list[Leaf]) -> dict[str, Any]:
    """A figure of a section whose tasks are all at its value: the sum of squares is that of the tasks."""
    section, _, metric = name.partition(".")
    tasks = [task_figure(leaf, metric, value) for leaf in leaves if section_of(leaf) == section]
    rows = ROWS[section]
    squares = sum(task["rows"] * (task["rows"] - 1) * (task["stderr"] or 0.0) ** 2 for task in tasks)
    return {"id": name, "value": value, "rows": rows, "stderr": (squares / rows / (rows - 1)) ** 0.5}


def task_of(leaf: Leaf) -> dict[str, Any]:
    """A task as `submit` describes it."""
    data = {"name": "SEvenLLM-Bench", "revision": "1de23ce5", "modified": False, "sha256": SHA256}
    return {
        "version": TASK_VERSION,
        "rows": leaf.official_count,
        "rows_in_all": leaf.official_count,
        "num_fewshot": 0,
        "output_type": "generate_until",
        "generation": {"do_sample": False, "temperature": 0.0, "max_gen_toks": 2000, "until": ["### Instruction:"]},
        "prompt": {"name": "alpaca", "version": 1, "sha256": "dff82b84626b"},
        "signature": {
            "sevenllm_bench": "0.1.0",
            "metrics": {metric: METRIC_VERSIONS[metric] for metric in LEXICAL[leaf.kind]},
            "reading": READING_VERSION,
            "language": leaf.language,
            "data": data,
        },
        "task_hash": "d" * 64,
    }


def write_bundle(path: Path, manifest: dict[str, Any]) -> Path:
    """Write a zip file with a manifest; ".zip" is added to the name where it is missing."""
    path = path.with_name(f"{path.name.removesuffix('.zip')}.zip")
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo("manifest.json")  # dated 1980, so that the same manifest gives the same bytes
        member.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(member, json.dumps(manifest))
    return path


def write_many(folder: Path, count: int) -> dict[str, dict[str, Any]]:
    """`count` submissions of as many models, and the facts of each."""
    chance = random.Random(7)
    facts = {}
    for number in range(count):
        size = chance.choice((0.5, 1.5, 7, 8, 14, 70))
        name = f"org{number % 37}/model-{number:04d}-{size:g}B"
        values = {s: chance.randrange(51) / 50 if s.endswith("mcq") else round(chance.random(), 4) for s in SECTIONS}
        date = f"2026-{1 + number % 10:02d}-{1 + number % 28:02d}"
        write_bundle(folder / f"s{number:04d}", manifest_of(name, values, date))
        facts[name] = {
            "parameters": size,
            "licence": chance.choice(("apache-2.0", "mit", "llama3")),
            "languages": chance.choice((["en"], ["en", "zh"])),
            "tuning": chance.choice(("base", "tuned")),
        }
    return facts
