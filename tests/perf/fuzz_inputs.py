"""Command lines that succeed, and the inputs that they read: what fuzzing starts from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from finetune.finetune_runs import make_base
from leaderboard_files import write_many
from submission_files import make_bundle, small_rows, write_true_run

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.data.rows import FIELDS
from sevenllm_bench.harness.yamls import write

#: An address at which nobody listens.
NOBODY = (("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"), ("OPENAI_API_KEY", "a-key"))


@dataclass(frozen=True)
class Command:
    """A command line that succeeds, and how often it is drawn.

    Attributes:
        words: Its words; those that begin with "IN/" are inputs, "OUT/" outputs.
        inputs: Files and folders of the originals that it reads.
        environment: Further environment.
        weight: How often it is drawn.
    """

    words: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    weight: int = 1


def commands(port: int) -> dict[str, list[Command]]:
    """The command lines by command. `port` is that of a server that judges; at port 9 nobody listens."""
    rows = ("--dataset", "embedded")
    quick = ("--resamples", "100")
    server = (("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1"), ("OPENAI_API_KEY", "a-key"))
    judge = ("judge", "--model", "m", *rows)
    return {
        "score": [
            Command(("score", "IN/answers.jsonl", *rows, "--json", "OUT/score.json"), ("answers.jsonl",), weight=2),
            Command(("score", "IN/run", *rows, "--partial", "--json", "-"), ("run",)),
            Command(("score", "IN/answers.jsonl", "--data-dir", "IN/data", "--allow-modified"), ("answers.jsonl", "data")),
        ],
        "compare": [
            Command(("compare", "IN/run", "IN/other", *rows, *quick, "--csv", "OUT/c.csv"), ("run", "other"), weight=2),
            Command(("compare", "IN/run", "IN/answers.jsonl", *rows, *quick, "--json", "-", "--force"), ("run", "answers.jsonl")),
        ],
        "report": [Command(("report", "IN/run", "IN/other", "-o", "OUT/report", *rows, *quick), ("run", "other"))],
        "submit": [Command(("submit", "IN/run", "-o", "OUT/b.zip", "--data-dir", "IN/data"), ("run", "data"))],
        "verify": [Command(("verify", "IN/bundle.zip", "--all", "--json", "OUT/v.json"), ("bundle.zip",), weight=2)],
        "leaderboard": [
            Command(
                ("leaderboard", "build", "IN/board", "IN/bundle.zip", "-o", "OUT/board", "--models", "IN/facts.json"),
                ("board", "bundle.zip", "facts.json"),
            )
        ],
        "judge": [
            Command((*judge, "IN/few.jsonl", "--json", "OUT/j.json"), ("few.jsonl",), server),
            Command((*judge, "--calibrate", "IN/scored.jsonl", "--second-judge", "n"), ("scored.jsonl",), server),
            Command((*judge, "IN/few.jsonl", "--against", "IN/few.jsonl"), ("few.jsonl",), server),
            Command((*judge, "IN/few.jsonl", "--batch", "IN/state.json"), ("few.jsonl", "state.json"), server),
            Command((*judge, "IN/few.jsonl"), ("few.jsonl",), NOBODY),
        ],
        "finetune": [
            Command(("finetune", "IN/config.yaml", "--dry-run", "model.base=IN/base"), ("config.yaml", "base")),
            Command(
                ("finetune", "IN/config.yaml", "--dry-run", "model.base=IN/base", "data.source=IN/train.jsonl"),
                ("config.yaml", "base", "train.jsonl"),
            ),
        ],
        "tasks": [
            Command(("tasks", "check", "IN/yamls"), ("yamls",)),
            Command(("tasks", "generate", "OUT/yamls")),
            Command(("tasks", "show", "Threat Analysis", "--prompt", "paper")),
        ],
        "doctor": [
            Command(("doctor", "--data-dir", "IN/data", "--allow-modified", "--semantic-model", "IN/base"), ("data", "base")),
            Command(("doctor", *rows, "--judge", "m"), (), server),
        ],
    }


def write_originals(folder: Path) -> None:
    """Inputs that every command understands."""
    rows = small_rows()
    write_true_run(folder / "run", rows)
    write_true_run(folder / "other", rows, lambda row: row.reference_text if row.id % 3 else "", change=_rename)
    make_bundle(folder / "run" / next((folder / "run").glob("results_*")).name, folder / "bundle.zip")
    write_json(folder / "facts.json", write_many(folder / "board", 3))
    answers = [{"id": row.id, "output": row.output} for row in embedded_split("test")]
    write_lines(folder / "answers.jsonl", answers)
    judged = [row for row in rows if row.kind != "mcq"][:6]
    write_lines(folder / "few.jsonl", [{"id": row.id, "output": "An answer."} for row in judged])
    write_lines(folder / "scored.jsonl", [{"id": r.id, "output": "An answer.", "score": 1 + r.id % 5} for r in judged])
    (folder / "data").mkdir()
    of = {split: [{name: getattr(row, name) for name in FIELDS} for row in embedded_split(split)] for split in ("test", "train")}
    write_lines(folder / "data" / "test.jsonl", of["test"])
    write_lines(folder / "train.jsonl", of["train"])
    make_base(folder / "base")
    (folder / "yamls").mkdir()
    write(folder / "yamls")
    data = {"source": "embedded", "leak_guard": "embedded", "languages": ["en"]}
    data |= {"held_out": 0.2, "max_length": 768, "packing": True}
    training = {"method": "full", "precision": "fp32", "device": "cpu", "batch_size": 1, "accumulation": 1, "epochs": 2}
    config = {"model": {"base": "base"}, "data": data, "training": training, "evaluation": {"every": 0}, "output": "trained"}
    write_json(folder / "config.yaml", config)


def _rename(results: dict) -> None:
    results["model_name"] = "other"


def write_json(path: Path, value: object) -> None:
    """Write a JSON file."""
    path.write_text(json.dumps(value), encoding="utf-8")


def write_lines(path: Path, records: list) -> None:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
