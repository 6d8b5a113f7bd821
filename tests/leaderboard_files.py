"""Writes submissions as `sevenllm-bench submit` does, with figures given by the test: a zip file with a manifest."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import LEAVES

METRIC = {"understanding": "value_f1", "generation": "rouge_l", "mcq": "acc"}
SECTIONS = tuple(f"{language}_{kind}" for language in ("en", "zh") for kind in METRIC)


def manifest_of(name: str, sections: dict[str, float], date: str = "2026-05-01", **submission: Any) -> dict[str, Any]:
    """A manifest with the headline's six parts, the headline, and every official task at its section's value."""
    figures = [
        {"id": f"{section}.{METRIC[section[3:]]}", "value": value, "rows": 300, "stderr": 0.01}
        for section, value in sections.items()
    ]
    if len(sections) == 6:
        figures.insert(0, {"id": "headline", "value": sum(sections.values()) / 6, "rows": 1300, "stderr": 0.005})
    figures += [
        {"id": f"{leaf.name}.{METRIC[leaf.kind]}", "value": sections[f"{leaf.language}_{leaf.kind}"], "rows": 20, "stderr": 0.02}
        for leaf in LEAVES
        if leaf.is_official and f"{leaf.language}_{leaf.kind}" in sections
    ]
    return {
        "format": "sevenllm-bench submission",
        "version": 2,
        "created": f"{date}T12:00:00Z",
        "sevenllm_bench": "0.1.0",
        "submission": {"repository": name, "revision": "a" * 40, "organization": "somebody", **submission},
        "model": {"name": name, "source": "hf", "arguments": {}, "revision": "main", "sha": "unknown"},
        "tasks": {"sevenllm_en_mcq": {"num_fewshot": 0, "prompt": {"name": "alpaca", "version": 1}}},
        "command": f"lm_eval --model hf --model_args pretrained={name} --tasks sevenllm --log_samples",
        "date": f"{date}T10:00:00Z",
        "figures": figures,
    }


def write_bundle(path: Path, manifest: dict[str, Any]) -> Path:
    """Write a zip file with a manifest; ".zip" is added to the name where it is missing."""
    path = path.with_name(f"{path.name.removesuffix('.zip')}.zip")
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        archive.writestr("run/samples.jsonl", "not looked at")
    return path


def write_many(folder: Path, count: int) -> dict[str, dict[str, Any]]:
    """`count` submissions of as many models, and the facts of each."""
    chance = random.Random(7)
    facts = {}
    for number in range(count):
        size = chance.choice((0.5, 1.5, 7, 8, 14, 70))
        name = f"org{number % 37}/model-{number:04d}-{size:g}B"
        values = {section: round(chance.random(), 4) for section in SECTIONS}
        date = f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}"
        write_bundle(folder / f"s{number:04d}", manifest_of(name, values, date))
        facts[name] = {
            "parameters": size,
            "licence": chance.choice(("apache-2.0", "mit", "llama3")),
            "languages": chance.choice((["en"], ["en", "zh"])),
            "tuning": chance.choice(("base", "tuned")),
        }
    return facts
