"""Builds for tests: reports of our own, a scripted model on loopback, the command in a process of its own."""

import hashlib
import os
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "corpus"
REPORTS = EXAMPLES / "reports"
sys.path += [str(EXAMPLES), str(ROOT / "tests")]  # the second for `kill_builds` as a script

import preloaded  # noqa: E402
from scripted_model import ScriptedModel  # noqa: E402  (an example, not a package)

__all__ = ["REPORTS", "ROOT", "ScriptedModel", "begin", "build", "config_file", "environment", "results"]


def config_file(folder, url, **changes):
    """A configuration of a build in `folder / "corpus"`; `changes` are sections or keys."""
    content = {
        "sources": [str(REPORTS)],
        "output": str(folder / "corpus"),
        "model": {"name": "scripted", "base_url": url, "temperature": None, "price": "1/2", "concurrency": 4},
        "quality": {"leak_guard": "embedded"},
        "executor": {"workers": 1, "shards": 3},
    }
    for name, value in changes.items():
        content[name] = {**content[name], **value} if isinstance(content.get(name), dict) else value
    path = folder / "build.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return path


def environment():
    """Of a process that builds: without servers and keys of the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "SEVENLLM_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "none", "OMP_NUM_THREADS": "1"}


def begin(config, *more, **changes):
    """Start a build in a process that loads no libraries any more."""
    return preloaded.Run(preloaded.CORPUS, ["corpus", "build", str(config), *more], {**environment(), **changes})


def build(config, *more, code=0, **changes):
    """Run a build; its output."""
    done = begin(config, *more, **changes).finish()
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def results(output):
    """Hashes of all files that a build is for: those that don't tell when, or at which cost, it was made."""
    names = ["train.jsonl", "rows-without-texts.jsonl", "bill.jsonl", "texts.jsonl", *(f"work/{name}/records" for name in STAGES)]
    files = [path for name in names for path in ([output / name] if (output / name).is_file() else (output / name).glob("*"))]
    files += list((output / "rejected").glob("*"))
    return {path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


STAGES = ("fetch", "extract", "texts", "select", "write", "corpus")
