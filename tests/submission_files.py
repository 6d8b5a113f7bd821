"""Runs with true scores, prompts and signatures, bundles made of them, and ways to tamper with those."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import statistics
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from run_files import STAMP

from sevenllm_bench.catalog import TASK_VERSION
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.document import to_document
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.data.rows import Row
from sevenllm_bench.metrics.signature import signature
from sevenllm_bench.prompts import STYLES, render
from sevenllm_bench.scoring import score_rows
from sevenllm_bench.submission.bundle import one_run, write_bundle
from sevenllm_bench.submission.manifest import Declared
from sevenllm_bench.submission.verify.findings import Finding, Verification
from sevenllm_bench.submission.verify.verify_bundle import verify_bundle

NOW = datetime(2026, 11, 24, 20, 0, 0, tzinfo=UTC)
DECLARED = Declared("an-org/a-model", None, "Multilingual-Multimodal-NLP/SEVENLLM-Dataset")
#: Six small tasks, one of each language and kind, on embedded rows.
LEAVES = tuple(
    f"sevenllm_{language}_{name}" for language in ("en", "zh") for name in ("time_element_acquisition", "impact_scope", "mcq")
)


def small_rows() -> list[Row]:
    return [row for leaf in LEAVES for row in embedded_split("test") if row.leaf.name == leaf]


def half_right(row: Row) -> str:
    """Right where the id is even, wrong elsewhere."""
    return row.reference_text if row.id % 2 == 0 else "no idea"


#: What our tasks ask of a model.
GENERATION = {"do_sample": False, "temperature": 0.0, "max_gen_toks": 2000, "until": ["### Instruction:"]}


def render_plain(row: Row) -> str:
    """The prompt of a row as the default style has it."""
    return render(row, STYLES["alpaca"])


def with_hashes(line: dict[str, Any]) -> dict[str, Any]:
    """A line of a samples file with the hashes that lm-eval 0.4.13 writes (`evaluator.py`)."""
    hashed = {
        "doc_hash": json.dumps(line["doc"], indent=2, ensure_ascii=False),
        "prompt_hash": line["arguments"]["gen_args_0"]["arg_0"],
        "target_hash": line["target"],
    }
    return {**line, **{name: hashlib.sha256(text.encode()).hexdigest() for name, text in hashed.items()}}


def task_hash(lines: Iterable[dict[str, Any]]) -> str:
    """lm-eval's hash of a task (`evaluation_tracker.py`, 0.4.13)."""
    return hashlib.sha256("".join(li["doc_hash"] + li["prompt_hash"] + li["target_hash"] for li in lines).encode()).hexdigest()


def write_true_run(
    folder: Path,
    rows: Iterable[Row],
    answer: Callable[[Row], str] = half_right,
    data: dict[str, Any] | None = None,
    change: Callable[[dict[str, Any]], None] | None = None,
    prompt: Callable[[Row], Any] = render_plain,
    extra: dict[str, float] | None = None,
) -> Path:
    """Write the files of a run as lm-eval 0.4.13 does; `extra` adds metrics to rows that are no MCQ."""
    folder.mkdir(parents=True, exist_ok=True)
    tasks: dict[str, list[Row]] = {}
    for row in rows:
        tasks.setdefault(row.leaf.name, []).append(row)
    results: dict[str, Any] = {key: {} for key in ("results", "configs", "versions", "n-shot", "n-samples", "task_hashes")}
    for task, own in tasks.items():
        kind = own[0].leaf.kind
        scores = score_rows(own, [answer(row) for row in own], kind)
        values = [score.metrics for score in scores]
        values = [{**value, **(extra or {})} if kind != "mcq" else value for value in values]
        lines = [
            with_hashes(
                {
                    "doc_id": number,
                    "doc": to_document(row),
                    "target": row.reference_text,
                    "arguments": {"gen_args_0": {"arg_0": prompt(row), "arg_1": GENERATION}},
                    "resps": [[answer(row)]],
                    "filtered_resps": [answer(row)],
                    "filter": "none",
                    "metrics": list(value),
                    **value,
                }
            )
            for number, (row, value) in enumerate(zip(own, values, strict=True))
        ]
        write_lines(folder / f"samples_{task}_{STAMP}.jsonl", lines)
        results["task_hashes"][task] = task_hash(lines)
        results["results"][task] = {"name": task, "alias": task, "sample_len": len(own)}
        for name in values[0]:
            column = [value[name] for value in values]
            results["results"][task][f"{name},none"] = sum(column) / len(own)
            error = statistics.stdev(column) / len(own) ** 0.5 if len(own) > 1 else "N/A"
            results["results"][task][f"{name}_stderr,none"] = error
        record = signature(kind, own[0].language, data or load_benchmark("embedded").description)
        style = STYLES["alpaca"]
        record["prompt"] = {"name": style.name, "version": style.version, "sha256": style.sha256}
        read_as = dict(Counter(score.reading.how for score in scores))
        readings = [score.reading for score in scores]
        answers = {"read_as": read_as, "look_cut_off": sum(reading.cut for reading in readings)}
        answers["look_like_reasoning"] = sum(reading.is_suspect for reading in readings)
        results["configs"][task] = {
            "task": task,
            "num_fewshot": 0,
            "metric_list": [{"metric": name} for name in values[0]],
            "output_type": "generate_until",
            "generation_kwargs": GENERATION,
            "repeats": 1,
            "metadata": {"version": TASK_VERSION, "sevenllm": {"signature": record, "answers": answers}},
        }
        results["versions"][task], results["n-shot"][task] = "2-A", 0
        results["n-samples"][task] = {"original": len(own), "effective": len(own)}
    results |= {
        "config": {"model": "hf", "model_args": {"pretrained": "an-org/a-model"}, "limit": None, "model_sha": "abc123"},
        "date": 1795546896.5,
        "lm_eval_version": "0.4.13",
        "model_name": "an-org/a-model",
        "system_instruction_sha": None,
        "chat_template_sha": None,
    }
    if change:
        change(results)
    path = folder / f"results_{STAMP}.json"
    path.write_text(json.dumps(results), encoding="utf-8")
    return path


def write_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def make_bundle(run: Path, output: Path, declared: Declared = DECLARED) -> Path:
    """Write a bundle; where `output` is no zip file, unpack it there, to be changed by a test."""
    path = write_bundle(one_run(run), output.with_name(f"{output.stem}.zip"), declared, NOW).path
    return path if output.suffix == ".zip" else unpacked(path, output)


def unpacked(bundle: Path, folder: Path) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def packed(folder: Path) -> Path:
    """The zip file of a bundle's folder, beside it."""
    return zipped(folder, folder.with_name(f"{folder.name}-changed.zip"))


def verify(bundle: Path, known: str | None = None) -> Verification:
    """Verify a bundle, or the folder of one as it is now."""
    return verify_bundle(packed(bundle) if bundle.is_dir() else bundle, known)


def differing(verification: Verification, check: str = "") -> list[Finding]:
    return [finding for finding in verification.of("differs") if check in ("", finding.check)]


def edit_json(path: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def edit_samples(bundle: Path, task: str, change: Callable[[list[dict[str, Any]]], Any]) -> None:
    path = next((bundle / "run").glob(f"samples_{task}_*.jsonl"))
    records = read_lines(path)
    change(records)
    write_lines(path, records)


def sign_again(bundle: Path) -> None:
    """Bring the hashes of the manifest up to date, as somebody who tampers would."""
    from sevenllm_bench.submission.manifest import file_record

    names = [path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file() and path.name != "manifest.json"]
    edit_json(bundle / "manifest.json", lambda m: m.update(files={name: file_record(bundle / name) for name in names}))


def zipped(folder: Path, path: Path, *more: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    """A bundle's folder as a zip file, with further members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
        for name, content in more:
            archive.writestr(name, content)
    return path


def copied(bundle: Path, to: Path) -> Path:
    return Path(shutil.copytree(bundle, to))


def as_bytes(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def official_run(folder, rows, answers, **arguments):
    """A run over official rows with saved answers."""
    data = {"name": "SEvenLLM-Bench", "revision": "1de23ce55cadc984d3f3a7b52c4035a68c6cd5b0", "modified": False}
    data["sha256"] = "08a27277386b1f205ed0814d379bb0db9bdce8f39bde099020a1f8044d404d7b"
    texts = {row_id: a if isinstance(a, str) else json.dumps(a, ensure_ascii=False) for row_id, a in answers.items()}
    return write_true_run(folder, rows, lambda row: texts[row.id], data, **arguments)
