"""Mine the hard negatives of answer ranking again. Needs SEVENLLM_DATA_DIR and the extra `encoders`.

python tests/perf/mine_negatives.py           compare with the files in the package; exit status 1 where they differ
python tests/perf/mine_negatives.py --write   write them
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sevenllm_bench.encoder_tasks.negative_mining as mining
from sevenllm_bench.data.benchmark import SOURCES, Source, load_benchmark

FOLDER = Path(mining.__file__).parent / "negatives"


def content_of(source: Source, data_dir: Path | None = None) -> dict[str, Any]:
    """What the file of a source holds: row ids, thresholds and counts; no text."""
    benchmark = load_benchmark(source, data_dir)
    mined = mining.mine_negatives(benchmark.rows)
    parts = Counter(benchmark.by_id[row].section for row in mined.of_row)
    return {
        "rows": {"name": benchmark.description["name"], "sha256": benchmark.sha256, **dict(sorted(parts.items()))},
        "method": {
            "bm25": f"bm25s {version('bm25s')}, lucene, k1 {mining.K1}, b {mining.B}",
            "words": f"sevenllm-bench words 1 + jieba {version('jieba')}",
            "too_alike": mining.TOO_ALIKE,
            "same_incident": mining.SAME_INCIDENT,
        },
        "left_out": mined.left_out,
        "filled": {"rows": len(mined.filled), "negatives": sum(mined.filled.values())},
        "too_few": mined.too_few,
        "negatives": {str(row): others for row, others in mined.of_row.items()},
    }


def as_text(content: dict[str, Any]) -> str:
    """JSON with a line for each row."""
    head = {name: part for name, part in content.items() if name != "negatives"}
    rows = ",\n".join(f'  "{row}": {json.dumps(others)}' for row, others in content["negatives"].items())
    return json.dumps(head, indent=1).removesuffix("\n}") + ',\n "negatives": {\n' + rows + "\n }\n}\n"


def main() -> int:
    """Compare or write; the number of files that differ."""
    differ = 0
    for source in SOURCES:
        text, path = as_text(content_of(source)), FOLDER / f"{source}.json"
        if "--write" in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif text != path.read_text(encoding="utf-8"):
            differ += 1
            print(f"{path.name}: differs")
    return differ


if __name__ == "__main__":
    sys.exit(main())
