"""Scores the published SEvenLLM models' answers, and writes the file of scores that the package holds.

    python examples/published_scores.py FOLDER [OUT]

FOLDER holds the authors' answers, NAME.jsonl for each of the twelve models: JSON lines of `id` and `output`, from the
outputs in their repository CSJianYang/SEevenLLM at a84b86aabf2b5be35a2cbbac546511883cc5ff85. The official rows come from
SEVENLLM_DATA_DIR or the Hub. OUT is the package's file unless named.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.errors import SEvenLLMError, report
from sevenllm_bench.published.score_file import FILE, encode
from sevenllm_bench.published.scored_answers import score_folder


def main(words: list[str]) -> int:
    """Write the file and print what is in it."""
    if len(words) not in (1, 2):
        print(__doc__)
        return 2
    try:
        scores = score_folder(Path(words[0]), load_benchmark())
    except SEvenLLMError as error:
        return report(error)
    path = Path(words[1]) if len(words) > 1 else Path(str(FILE))
    content = encode(scores)
    path.write_bytes(content)
    metrics = ", ".join(f"{name} {version}" for name, version in scores.versions.items())
    print(f"{path}: {len(scores.models)} models, {len(scores.rows):,} rows, {len(content):,} bytes; {metrics}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
