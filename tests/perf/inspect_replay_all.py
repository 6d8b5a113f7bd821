"""The published answers through Inspect: the section means of each model, and the largest difference from the authors'.

SEVENLLM_DATA_DIR=FOLDER python tests/perf/inspect_replay_all.py PREDICTIONS [MODEL…]
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from inspect_replay import write_log

from sevenllm_bench.inspect_tasks.benchmark_tasks import sevenllm

#: The paper's metric of each kind.
PAPER = {"understanding": "value_f1", "generation": "rouge_l_paper", "mcq": "acc"}


def main() -> None:
    """Print a line per model."""
    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    authors = json.loads((folder / "sections.json").read_text(encoding="utf-8"))
    for model in wanted or sorted(authors):
        lines = (folder / f"{model}.jsonl").read_text(encoding="utf-8").splitlines()
        outputs = {record["id"]: record["output"] for record in map(json.loads, lines)}
        texts = {i: own if isinstance(own, str) else json.dumps(own, ensure_ascii=False) for i, own in outputs.items()}
        with tempfile.TemporaryDirectory() as name:
            log = json.loads(
                write_log(sevenllm(), lambda i, texts=texts: texts.get(i, ""), Path(name)).read_text(encoding="utf-8")
            )
        metrics = log["results"]["scores"][0]["metrics"]
        found = {section: metrics[f"{section}.{PAPER[section.split('_')[1]]}"]["value"] for section in authors[model]}
        worst = max(authors[model], key=lambda section: abs(found[section] - authors[model][section]))
        difference = found[worst] - authors[model][worst]
        print(
            f"{model:18} headline {metrics['headline']['value']:.4f}  largest difference {difference:+.1e} ({worst})", flush=True
        )


if __name__ == "__main__":
    main()
