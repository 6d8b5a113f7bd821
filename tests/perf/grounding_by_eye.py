"""How far `grounded` agrees with a reading by eye: share of the values decided alike, and Cohen's kappa.

The reader saw the incident text and the value, never the program's decision. `tests/golden/grounding_by_eye.jsonl` holds
ids, places of values and decisions; the texts come from the official file and from the published answers:

    python tests/perf/grounding_by_eye.py DATA_FOLDER PREDICTIONS_FOLDER
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.data.official import load_official
from sevenllm_bench.data.rows import Row
from sevenllm_bench.metrics.grounding import grounding_marks
from sevenllm_bench.runs.predictions import read_predictions
from sevenllm_bench.text.leaf_values import leaf_values

DECISIONS = Path(__file__).parents[1] / "golden" / "grounding_by_eye.jsonl"
ROWS_PER_LANGUAGE = 50
VALUES_PER_ROW = 2
SEED = 16


@dataclass(frozen=True, slots=True)
class ValueToRead:
    """A value whose support in the text is decided by eye.

    Attributes:
        row: The row.
        source: "reference", or the name of a published model.
        place: Place of the value among the answer's leaf values, from 0.
        value: The value.
    """

    row: Row
    source: str
    place: int
    value: str


def sample_values(data_dir: Path, predictions_dir: Path) -> Iterator[ValueToRead]:
    """Two values at random of each of 50 rows a language; half of the answers are references, half of published models."""
    rows = [row for row in load_official(data_dir).rows if row.kind == "understanding"]
    paths = [path for path in sorted(predictions_dir.glob("*.jsonl")) if not path.stem.endswith("judged")]
    answers = {path.stem: read_predictions([path]).answers for path in paths}
    choose = random.Random(SEED)
    for language in ("en", "zh"):
        for row in choose.sample([row for row in rows if row.language == language], ROWS_PER_LANGUAGE):
            source = choose.choice(sorted(answers)) if choose.random() < 0.5 else "reference"
            reading = None if source == "reference" else read_answer(answers[source].get(row.id), row.kind)
            if reading is None or reading.is_unread or not reading.values:
                source, values = "reference", leaf_values(row.output)
            else:
                values = reading.values
            for place in sorted(choose.sample(range(len(values)), min(VALUES_PER_ROW, len(values)))):
                yield ValueToRead(row, source, place, values[place])


def agreement(pairs: list[tuple[bool, bool]]) -> tuple[float, float]:
    """Share of pairs that are alike, and Cohen's kappa."""
    count = len(pairs)
    alike = sum(first == second for first, second in pairs) / count
    first, second = (sum(pair[side] for pair in pairs) / count for side in (0, 1))
    chance = first * second + (1 - first) * (1 - second)
    return alike, (alike - chance) / (1 - chance)


def main() -> None:
    """Print the agreement by language, against both readings of "supported", and the kinds of disagreement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of test.jsonl")
    parser.add_argument("predictions", type=Path, help="folder of the published answers")
    parser.add_argument("--ids", action="store_true", help="list the values that are decided differently")
    options = parser.parse_args()
    decisions = {(d["id"], d["source"], d["value"]): d["supported"] for d in map(json.loads, DECISIONS.open(encoding="utf-8"))}
    found = []
    for item in sample_values(options.data, options.predictions):
        mark = grounding_marks([item.value], item.row.input)[0]
        found.append((item, decisions[item.row.id, item.source, item.place], mark))
    for language in ("en", "zh", "both"):
        own = [(said, mark.is_supported) for item, said, mark in found if language in ("both", item.row.language)]
        for name, yes in (("words", {"words"}), ("words or meaning", {"words", "meaning"})):
            alike, kappa = agreement([(said in yes, program) for said, program in own])
            print(f"{language:5} {name:17} {len(own):4} values  agreement {alike:.3f}  kappa {kappa:.3f}")
    print(Counter((said, mark.how) for _, said, mark in found))
    for item, said, mark in found if options.ids else ():
        if (said == "words") != mark.is_supported:
            print(item.row.id, item.source, item.place, said, mark.how)


if __name__ == "__main__":
    main()
