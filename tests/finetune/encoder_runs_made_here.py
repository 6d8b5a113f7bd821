"""Runs of encoder recipes that take seconds: tiny bases, short texts, few rows."""

from __future__ import annotations

import json
from pathlib import Path

from encoders import tiny_encoders

#: Changes to every recipe that make a run of seconds.
SHORT = (
    "data.languages=[en]",
    "data.held_out=0.2",
    "data.max_length=48",
    "training.device=cpu",
    "training.batch_size=8",
    "training.epochs=1",
    "training.learning_rate=0.002",
    "training.log_every=2",
    "evaluation.every=0",
)
ROWS = ("data.source=embedded", "data.max_rows=40")
#: Recipe of each kind that the embedded rows can train.
RECIPES = {"encoder-mlm": "encoder-mlm", "bi-encoder": "biencoder", "cross-encoder": "cross-encoder", "ner": "ner"}


def make_base(folder: Path, kind: str) -> Path:
    """A tiny base for a kind of run: for a bi-encoder a sentence-transformers model, else a masked language model."""
    if kind == "bi-encoder":
        return tiny_encoders.make_bi_encoder(folder)
    return tiny_encoders.make_encoder(folder, "MaskedLM")


def words(kind: str, base: Path, output: Path, *more: str) -> list[str]:
    """The command line of a short run."""
    pairs = ["pairs.negatives=1"] if kind in ("bi-encoder", "cross-encoder") else []
    return ["finetune", RECIPES[kind], f"model.base={base}", f"output={output}", *SHORT, *ROWS, *pairs, *more]


def write_functions(path: Path, count: int = 24) -> Path:
    """JSON lines of functions: one that copies without a limit, and one that has one, in turns."""
    calls = ("strcpy(b, s)", 'snprintf(b, sizeof b, "%s", s)')
    names = ("buffer", "header", "token", "route", "packet", "banner", "cookie", "field")
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            name = f"{names[number % len(names)]}_{number}"
            code = f"void keep_{name}(char *s) {{ char b[{number + 8}]; {calls[number % 2]}; log_{name}(b); }}"
            file.write(json.dumps({"func": code, "target": 1 - number % 2}) + "\n")
    return path
