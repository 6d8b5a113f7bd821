"""Which rows were read, and why: python examples/audit/sample.py prints them by reason.

"mcq": all multiple choice. "flagged": a check by program that calls for a reading fires. "random": 200 of the others, drawn with
seed 16. "rest": the rows of extraction that are in neither, read afterwards, so that both sections of extraction are read whole.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from sevenllm_bench.audit.check_codes import READ_WHEN
from sevenllm_bench.audit.row_checks import row_codes
from sevenllm_bench.data.benchmark import load_genuine
from sevenllm_bench.data.rows import Row

SEED, OTHERS = 16, 200


def reasons(rows: Sequence[Row]) -> dict[int, str]:
    """Id of each row that was to be read to the reason, by rows of the official file in its order."""
    found = {row.id: "mcq" for row in rows if row.kind == "mcq"}
    found |= {row.id: "flagged" for row in rows if row.id not in found and READ_WHEN.intersection(row_codes(row))}
    others = [row for row in rows if row.id not in found]
    found |= {row.id: "random" for row in random.Random(SEED).sample(others, OTHERS)}
    return {row.id: "rest" for row in rows if row.kind == "understanding"} | found


if __name__ == "__main__":
    chosen = reasons(load_genuine("official").rows)
    for reason in ("mcq", "flagged", "random", "rest"):
        ids = sorted(row_id for row_id, why in chosen.items() if why == reason)
        print(f"{reason}: {len(ids)} rows: {', '.join(map(str, ids))}")
