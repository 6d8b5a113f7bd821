"""Processor time and memory of the leak guard and the selection after it, over a corpus of SEvenLLM-Instruct's size.

    SEVENLLM_DATA_DIR=… python tests/perf/bench_leaks.py [--rows 91401] [--rows-per-incident 1]

Rows of about 2.4 kB, half of them Chinese, are made of sentences of the embedded rows, each with a word of its own, so that no
two texts are alike. The guard compares with the embedded and, where they are, the official rows.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import string
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from sevenllm_bench.corpus.leaks import LeakGuard
from sevenllm_bench.corpus.selection import deduplicate, split_held_out
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.data.official import load_official
from sevenllm_bench.data.rows import Row


def main() -> None:
    """Measure each step."""
    parser = argparse.ArgumentParser(description="Time and memory of the leak guard.")
    parser.add_argument("--rows", type=int, default=91_401)
    parser.add_argument("--rows-per-incident", type=int, default=1)
    arguments = parser.parse_args()
    rows = list(corpus(arguments.rows, arguments.rows_per_incident))
    size = sum(len(f"{row.instruction}{row.input}{row.thought}{row.output}".encode()) for row in rows)
    print(f"{len(rows):,} rows of {size / len(rows):,.0f} bytes, {arguments.rows_per_incident} to an incident")
    print(f"rows alone: {_peak():,} MB")
    folder = os.environ.get("SEVENLLM_DATA_DIR")
    benchmark = (*embedded_split("test"), *(load_official(folder).rows if folder else ()))
    guard = _timed(f"index of {len(benchmark):,} rows", lambda: LeakGuard(benchmark))
    clean, leaks = _timed("guard", lambda: guard.separate(rows))
    print(f"  {len(leaks):,} leaks")
    clean, _ = _timed("duplicates", lambda: deduplicate(clean))
    _timed("held-out incidents", lambda: split_held_out(clean, 0.01, 0))


def corpus(count: int, rows_per_incident: int) -> Iterator[Row]:
    """Rows that are no leaks, English and Chinese in turn."""
    chance = random.Random(0)
    own = [row for split in ("train", "fewshot") for row in embedded_split(split)]
    sentences = {language: _sentences(own, language) for language in ("en", "zh")}
    texts: dict[str, str] = {}
    for place in range(count):
        language = ("en", "zh")[place % 2]
        if place % (2 * rows_per_incident) < 2:
            texts[language] = _text(chance, sentences[language], 1200)
        row = chance.choice([row for row in own[place % 7 :: 7] if row.language == language and row.kind == "generation"])
        thought, output = (_text(chance, sentences[language], size) for size in (350, 550))
        yield replace(row, id=place, input=texts[language], thought=thought, output=output, source="instruct")


def _sentences(rows: list[Row], language: str) -> list[str]:
    found = (part for row in rows if row.language == language for part in re.split(r"(?<=[.。;；])", row.input))
    return [sentence for sentence in found if len(sentence) > 10]


def _text(chance: random.Random, sentences: list[str], size: int) -> str:
    text = ""
    while len(text.encode()) < size:
        sentence = chance.choice(sentences)
        place = chance.randrange(len(sentence))
        text += f"{sentence[:place]} {''.join(chance.choices(string.ascii_lowercase, k=6))} {sentence[place:]}"
    return text


def _timed(name: str, work: Callable[[], Any]) -> Any:
    begin = time.process_time()
    result = work()
    print(f"{name}: {time.process_time() - begin:.1f} s of processor time, peak {_peak():,} MB")
    return result


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
