"""Single-field mutations of a bundle: is each reported by `verify`, or does it change nothing that is claimed?

    python tests/mutation/bundles.py RUN [--data-dir DIR] [--sample 2000] [--seed 0] [--lines 2] [--unreported FILE]

RUN is the output of lm-eval, as for `sevenllm-bench submit`. A bundle is made of it. Then one field at a time is changed or
removed, in the manifest, the results, some lines of each samples file, and the files for the Hub and every_eval_ever; the
hashes in the manifest are brought up to date each time, as somebody who tampers would. What is not reported must leave model,
settings, tasks, command, date, answers and figures as they were; the fields are printed, and stand in docs/submitting.md.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from sevenllm_bench.errors import SEvenLLMError
from sevenllm_bench.figures.figures import figures_of
from sevenllm_bench.runs.locate import find_runs
from sevenllm_bench.runs.reader import read_run
from sevenllm_bench.submission.bundle import one_run, write_bundle
from sevenllm_bench.submission.manifest import Declared, describe_run, file_record
from sevenllm_bench.submission.verify.verify_bundle import verify_bundle

DECLARED = Declared("an-org/a-model", "a" * 40, "Multilingual-Multimodal-NLP/SEVENLLM-Dataset")
_Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Mutation:
    """One field changed: the file, the line (0: the whole file), the field's path, and what is done."""

    file: str
    line: int
    path: _Path
    how: str

    @property
    def field(self) -> str:
        """The field's name with numbers, tasks and groups left out, to count alike ones together."""
        kind = "samples" if self.file.endswith(".jsonl") and self.file.startswith("run/") else self.file.split("/")[0]
        named = [
            "TASK" if str(part).startswith("sevenllm") else "N" if isinstance(part, int) else str(part) for part in self.path
        ]
        return f"{kind}: {'.'.join(named)} {self.how}"


def mutated(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1 if value == int(value) and value else value + 0.25
    if isinstance(value, str):
        return f"{value}x" if not value[-1:].isdigit() else value[:-1] + str((int(value[-1]) + 1) % 10)
    return value[:-1] if isinstance(value, list) and value else "x"


def fields_of(value: Any, path: _Path = ()) -> Iterator[tuple[_Path, bool]]:
    """Every place in a JSON value, and whether it is a leaf."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if path:
        yield path, not isinstance(value, dict) and not (isinstance(value, list) and value and isinstance(value[0], dict))
    for key, item in items:
        yield from fields_of(item, (*path, key))


def changed(content: Any, mutation: Mutation) -> Any:
    """A copy of a JSON value with one field changed or removed."""
    copy = json.loads(json.dumps(content))
    *way, last = mutation.path
    here = copy
    for key in way:
        here = here[key]
    if mutation.how == "removed":
        del here[last]
    else:
        here[last] = mutated(here[last])
    return copy


class Bundle:
    """A bundle in memory: the bytes of its files."""

    def __init__(self, run: Path, folder: Path) -> None:
        """Make the bundle of a run."""
        self.folder = folder
        path = write_bundle(one_run(run), folder / "original.zip", DECLARED, datetime.now(UTC)).path
        with zipfile.ZipFile(path) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}

    def mutations(self, lines: int, chance: random.Random) -> list[Mutation]:
        """Every single change; of files of many records, of some lines only."""
        found = []
        for name, content in self.files.items():
            for line, value in self.records(name, content, lines, chance):
                for path, leaf in fields_of(value):
                    found += [Mutation(name, line, path, how) for how in (("changed", "removed") if leaf else ("removed",))]
        return [m for m in found if not (m.file == "manifest.json" and m.path[0] == "files")] + [
            m for m in found if m.file == "manifest.json" and m.path[0] == "files" and len(m.path) == 3
        ]

    @staticmethod
    def records(name: str, content: bytes, lines: int, chance: random.Random) -> Iterator[tuple[int, Any]]:
        """The JSON values of a file with their line; 0 for a file that is one value."""
        if name.endswith(".yaml"):
            yield 0, yaml.safe_load(content)
        elif name.endswith(".json"):
            yield 0, json.loads(content)
        else:
            every = content.splitlines()
            for place in sorted(chance.sample(range(len(every)), min(lines, len(every)))):
                yield place + 1, json.loads(every[place])

    def write(self, mutation: Mutation) -> Path:
        """The bundle with one change, and the manifest's hashes brought up to date."""
        files = dict(self.files)
        name, content = mutation.file, files[mutation.file]
        if mutation.line:
            every = content.splitlines()
            every[mutation.line - 1] = json.dumps(
                changed(json.loads(every[mutation.line - 1]), mutation), ensure_ascii=False
            ).encode()
            files[name] = b"\n".join(every) + b"\n"
        elif name.endswith(".yaml"):
            files[name] = yaml.safe_dump(changed(yaml.safe_load(content), mutation), allow_unicode=True, sort_keys=False).encode()
        else:
            files[name] = json.dumps(changed(json.loads(content), mutation), ensure_ascii=False).encode()
        if name != "manifest.json":
            manifest = json.loads(files["manifest.json"])
            (self.folder / "file").write_bytes(files[name])
            manifest["files"][name] = file_record(self.folder / "file")
            files["manifest.json"] = json.dumps(manifest).encode()
        path = self.folder / "mutant.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for member, data in files.items():
                archive.writestr(member, data)
        return path

    def claims(self, bundle: Path) -> Any:
        """What the run's own files in a bundle say: all that a manifest and the formats are made from."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            with zipfile.ZipFile(bundle) as archive:
                archive.extractall(folder, [name for name in archive.namelist() if name.startswith("run/")])
            run = read_run(find_runs([folder])[0])
        return describe_run(run), [figure.as_json() for figure in figures_of(run)]


def findings(bundle: Path, data_dir: str | None) -> frozenset[str]:
    """What verification says beside what it confirms; a refusal of the whole is one line."""
    try:
        found = verify_bundle(bundle, data_dir).findings
    except SEvenLLMError as error:
        return frozenset((f"error: {error}",))
    return frozenset(f"{finding.status}: {finding.line}" for finding in found if finding.status != "confirmed")


def measure(
    bundle: Bundle, chosen: list[Mutation], data_dir: str | None, tell: Callable[[str], None]
) -> dict[str, list[Mutation]]:
    """The mutations by outcome: "reported", "nothing claimed", or "missed"."""
    original = bundle.folder / "original.zip"
    before, said = findings(original, data_dir), bundle.claims(original)
    outcomes: dict[str, list[Mutation]] = {"reported": [], "nothing claimed": [], "missed": []}
    started = time.monotonic()
    for number, mutation in enumerate(chosen, 1):
        path = bundle.write(mutation)
        if findings(path, data_dir) != before:
            outcomes["reported"].append(mutation)
        else:
            same = mutation.file.startswith("run/") and bundle.claims(path) == said
            outcomes["nothing claimed" if same else "missed"].append(mutation)
        if number % 200 == 0:
            tell(f"{number} of {len(chosen)} in {time.monotonic() - started:.0f} s")
    return outcomes


def main() -> int:
    """Mutate, print the counts and the fields that are not reported; 1 where a claim could be changed unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--data-dir")
    parser.add_argument("--sample", type=int, help="so many mutations, drawn at random (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", type=int, default=2, help="lines of each file of records (default: 2)")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        bundle = Bundle(arguments.run, Path(folder))
        chosen = bundle.mutations(arguments.lines, chance)
        print(f"{len(chosen)} mutations", flush=True)
        if arguments.sample and arguments.sample < len(chosen):
            chosen = chance.sample(chosen, arguments.sample)
        outcomes = measure(bundle, chosen, arguments.data_dir, lambda line: print(line, flush=True))
    for outcome, mutations in outcomes.items():
        print(f"{outcome}: {len(mutations)}")
    for outcome in ("missed", "nothing claimed"):
        for field, count in sorted(Counter(mutation.field for mutation in outcomes[outcome]).items()):
            print(f"  {outcome}: {field} ({count})")
    return int(bool(outcomes["missed"]))


if __name__ == "__main__":
    sys.exit(main())
