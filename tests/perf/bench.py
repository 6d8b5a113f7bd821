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

from sevenllm_bench.answers import final_text
from sevenllm_bench.data.official import load_official
from sevenllm_bench.metrics import rouge as ours
from sevenllm_bench.predictions import read_predictions
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
    manager = SEvenLLMTaskManager()
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


if __name__ == "__main__":
    if not {"SEVENLLM_DATA_DIR", "SEVENLLM_PREDICTIONS_DIR"} <= os.environ.keys():
        sys.exit(
            "set SEVENLLM_DATA_DIR and SEVENLLM_PREDICTIONS_DIR to the folders with the official data and the published outputs"
        )
    bench_rouge(sys.argv[1] if len(sys.argv) > 1 else "qwen1_5-7b")
    bench_leaves()
    bench_import()
