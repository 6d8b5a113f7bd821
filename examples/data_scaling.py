"""Scores over the number of training rows, as in the paper's figure from 1,000 to 70,000 rows.

Each size is a sample that the next one contains. Prints a table and writes OUT/scaling.csv.

    python examples/data_scaling.py lora-8b Qwen/Qwen3-8B runs/scaling --sizes 1000 10000 70000 -- training.epochs=1
    python examples/data_scaling.py demo CHECKPOINT runs/tiny --sizes 20 80 160 --dataset embedded --max-gen-toks 64
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

PAPER_SIZES = (1_000, 5_000, 10_000, 30_000, 50_000, 70_000)
#: The headline's metric of each kind.
METRICS = {"understanding": "value_f1", "generation": "rouge_l", "mcq": "acc"}


def main() -> None:
    """Tune and evaluate at each size."""
    arguments = _arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    curve = []
    for size in (0, *sorted(arguments.sizes)):
        model = f"pretrained={arguments.base}" if size == 0 else _tune(arguments, size)
        curve.append({"rows": size, **_evaluate(arguments, model, size)})
        print(" ".join(f"{name} {value:.4f}" if name != "rows" else f"{value:>7,} rows:" for name, value in curve[-1].items()))
    target = arguments.out / "scaling.csv"
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(curve[0]))
        writer.writeheader()
        writer.writerows(curve)
    print(f"written: {target}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Scores over the number of training rows.")
    parser.add_argument("recipe")
    parser.add_argument("base")
    parser.add_argument("out", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=PAPER_SIZES)
    parser.add_argument("--dataset", choices=("official", "embedded"), default="official")
    parser.add_argument("--max-gen-toks", type=int, default=2000)
    parser.add_argument("--batch-size", default="8")
    parser.add_argument("changes", nargs="*", metavar="key=value", help="changes to the recipe")
    return parser.parse_args()


def _tune(arguments: argparse.Namespace, size: int) -> str:
    """Fine-tune on `size` rows; the arguments for lm_eval's model."""
    output = arguments.out / f"rows-{size}"
    if (output / "README.md").is_file():  # the card comes last: this size is done
        print(f"{output}: there already")
        return _trained(arguments, output)
    changes = [f"model.base={arguments.base}", f"output={output}", f"data.max_rows={size}", *arguments.changes]
    _run("sevenllm_bench.cli.main", "finetune", arguments.recipe, *changes, "resume=auto")
    return _trained(arguments, output)


def _trained(arguments: argparse.Namespace, output: Path) -> str:
    adapters = f"pretrained={arguments.base},peft={output},tokenizer={output}"
    return adapters if (output / "adapter_config.json").is_file() else f"pretrained={output}"


def _evaluate(arguments: argparse.Namespace, model: str, size: int) -> dict[str, float]:
    """The headline's metric of each section."""
    results = arguments.out / f"results-{size}"
    scores = arguments.out / f"scores-{size}.json"
    tasks = "sevenllm_*" if arguments.dataset == "embedded" else "sevenllm"
    words = ["--tasks", tasks, "--metadata", f"dataset={arguments.dataset}", "--log_samples", "--output_path", str(results)]
    words += ["--batch_size", arguments.batch_size, "--gen_kwargs", f"max_gen_toks={arguments.max_gen_toks}"]
    if not scores.is_file():  # written last, so that a stopped curve goes on where it was
        _run("sevenllm_bench.cli.main", "eval", "--model", "hf", "--model_args", model, *words)
        _run("sevenllm_bench.cli.main", "score", "--dataset", arguments.dataset, str(results), "--json", str(scores))
    sections = json.loads(scores.read_text(encoding="utf-8"))["metrics"]
    return {section: figures[METRICS[section.partition("_")[2]]] for section, figures in sections.items()}


def _run(*words: str) -> None:
    subprocess.run([sys.executable, "-m", *words], check=True)


if __name__ == "__main__":
    main()
