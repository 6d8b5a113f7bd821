"""Processor time, wall time and memory of `corpus check` over a corpus of SEvenLLM-Instruct's size, and what it finds in it.

    SEVENLLM_DATA_DIR=… python tests/perf/bench_corpus_check.py [--rows 91401] [--processes 2] [--planted 5]

The rows are those of `bench_leaks.py`: about 2.4 kB, half of them Chinese, no two texts alike. Of each kind of overlap in
`tests/corpus/leak_mutations.py`, `--planted` texts of each language are put between them. Without the official file, the
embedded test rows are compared with alone.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "perf"), str(TESTS / "corpus")]

from bench_leaks import corpus  # noqa: E402
from leak_mutations import INCIDENT_PLACES, MCQ_PLACES, TEXT_MUTATIONS, chosen, training_row  # noqa: E402

from sevenllm_bench.data.embedded import embedded_split  # noqa: E402
from sevenllm_bench.data.official import load_official  # noqa: E402
from sevenllm_bench.data.rows import Row  # noqa: E402

KINDS = {"understanding", "generation", "mcq"}


def main() -> None:
    """Write the file, check it, and print the figures."""
    parser = argparse.ArgumentParser(description="Time and memory of corpus check.")
    parser.add_argument("--rows", type=int, default=91_401)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--planted", type=int, default=5)
    arguments = parser.parse_args()
    folder = os.environ.get("SEVENLLM_DATA_DIR")
    with tempfile.TemporaryDirectory() as temporary:
        train, report = Path(temporary) / "train.jsonl", Path(temporary) / "report.json"
        benchmark = list(load_official(folder).rows) if folder else list(embedded_split("test"))
        planted = _write(train, arguments.rows, list(_planted(benchmark, arguments.planted)))
        size = train.stat().st_size
        print(f"{arguments.rows + len(planted):,} rows of {size / (arguments.rows + len(planted)):,.0f} bytes")
        words = ["corpus", "check", str(train), "--json", str(report), "-o", str(Path(temporary) / "clean.jsonl")]
        words += ["--processes", str(arguments.processes), "--against", "official" if folder else "embedded"]
        _timed(words)
        _say_what_was_found(json.loads(report.read_text()), planted, arguments.rows)


def _planted(benchmark: list[Row], count: int) -> Iterator[tuple[str, Row]]:
    """Overlaps of each kind, with the kind's name."""
    for language in ("en", "zh"):
        rows = chosen(benchmark, language, KINDS)[:count]
        for name, change in TEXT_MUTATIONS.items():
            yield from ((name, training_row(row, input=change(row.input))) for row in rows)
        for places, kinds in ((INCIDENT_PLACES, KINDS), (MCQ_PLACES, {"mcq"})):
            for name, place in places.items():
                made = [place(row) for row in chosen(benchmark, language, kinds)[:count]]
                yield from ((name, row) for row in made if isinstance(row, Row))


def _write(path: Path, count: int, planted: list[tuple[str, Row]]) -> dict[int, str]:
    """Write the file with the planted rows spread over it; the line of each and its kind."""
    every = count // (len(planted) + 1)
    waiting, lines = list(planted), dict[int, str]()
    with path.open("w", encoding="utf-8") as file:
        number = 0
        for place, row in enumerate(corpus(count, 1)):
            if waiting and place % every == every - 1:
                name, own = waiting.pop()
                number += 1
                lines[number] = name
                file.write(_line(own, number))
            number += 1
            file.write(_line(row, number))
    assert not waiting
    return lines


def _line(row: Row, number: int) -> str:
    instruction = row.instruction if isinstance(row.instruction, str) else json.dumps(row.instruction, ensure_ascii=False)
    output = row.output if isinstance(row.output, str) else json.dumps(row.output, ensure_ascii=False)
    record = {"id": number, "category": row.category, "instruction": instruction, "input": row.input, "thought": row.thought}
    return json.dumps(record | {"output": output}, ensure_ascii=False) + "\n"


def _timed(words: list[str]) -> None:
    begin = time.monotonic()
    child = subprocess.Popen([sys.executable, "-m", "sevenllm_bench.cli.main", *words])
    peak = [0]
    watcher = threading.Thread(target=_watch, args=(child, peak), daemon=True)
    watcher.start()
    child.wait()
    watcher.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall, processor = time.monotonic() - begin, used.ru_utime + used.ru_stime
    print(f"exit code {child.returncode}; {wall:.0f} s by the clock, {processor:.0f} s of processor time")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")
    print(f"peak memory of all its processes together: {peak[0] / 2**20:,.0f} MiB (proportional set size)")


def _watch(child: subprocess.Popen[bytes], peak: list[int]) -> None:
    while child.poll() is None:
        peak[0] = max(peak[0], sum(map(_memory, _family(child.pid))))
        time.sleep(0.2)


def _family(pid: int) -> list[int]:
    """A process and its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in _family(int(child)))]


def _memory(pid: int) -> int:
    """Bytes of a process; what several share is counted once in all."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _say_what_was_found(report: dict, planted: dict[int, str], clean: int) -> None:
    found = {entry["record"] for entry in report["records"]}
    missed = sorted(name for number, name in planted.items() if number not in found)
    kinds = len(set(planted.values()))
    print(f"planted: {len(planted) - len(missed):,} of {len(planted):,} found, of {kinds} kinds; missed: {missed}")
    false = len(found - planted.keys())
    print(f"false positives: {false:,} of {clean:,} ({false / clean:.3%})")


if __name__ == "__main__":
    main()
