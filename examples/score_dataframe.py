"""Scores a column of answers in a pandas DataFrame: python examples/score_dataframe.py ANSWERS.csv [SOURCE].

SOURCE is "official" (the default) or "embedded".
The CSV has the columns "id" (of the row) and "answer" (the model's text). Prints the means by section, and writes the
scores of each row beside the answers, to ANSWERS.scored.csv.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

import sevenllm_bench


def score_frame(frame: pd.DataFrame, source: str = "official") -> tuple[pd.DataFrame, pd.DataFrame]:
    """The frame with a column for each metric, and a frame of means by section."""
    scores = sevenllm_bench.score(dict(zip(frame["id"], frame["answer"], strict=True)), sevenllm_bench.load_benchmark(source))
    by_row = pd.DataFrame([{"id": score.row.id, **score.metrics} for score in scores.rows])
    means = pd.DataFrame({name: {"rows": section.rows, **section.means} for name, section in scores.sections.items()}).T
    return frame.merge(by_row, on="id", how="left"), means


if __name__ == "__main__":
    path = Path(sys.argv[1])
    scored, means = score_frame(pd.read_csv(path), *sys.argv[2:3])
    scored.to_csv(path.with_suffix(".scored.csv"), index=False)
    print(means.to_string(float_format="%.4f", na_rep="-"))
