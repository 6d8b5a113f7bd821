"""How far two sets of scores agree: a judge against people, or one judge against another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sevenllm_bench.errors import PredictionsError
from sevenllm_bench.io.files import read_bytes, user_path
from sevenllm_bench.judge.grade import SCORES

_EXPECTED = 'expected one JSON object per line with "id" (a whole number) and "score" (1, 2, 3, 4 or 5)'


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two sets of scores, compared on the rows that both have scored.

    Attributes:
        n: Rows compared.
        only_first: Rows that only the first has scored.
        only_second: Rows that only the second has scored.
        spearman: Rank correlation (ties share their mean rank), in [-1, 1]; None where undefined.
        pearson: Linear correlation, in [-1, 1]; None where undefined.
        kappa: Cohen's kappa with quadratic weights over the five grades, at most 1; None where undefined.
        exact: Share of equal scores, in [0, 1].
        within_one: Share of scores at most one apart, in [0, 1].
        mean_difference: Mean of first minus second, in [-4, 4]: above 0 the first is the more generous.
        confusion: 5 x 5 counts, first score by second score, 1 to 5 each.
        undefined: For each figure that is None, why.
    """

    n: int
    only_first: int
    only_second: int
    spearman: float | None
    pearson: float | None
    kappa: float | None
    exact: float
    within_one: float
    mean_difference: float
    confusion: tuple[tuple[int, ...], ...]
    undefined: dict[str, str]


def agreement(first: Mapping[int, int | None], second: Mapping[int, int | None]) -> Agreement:
    """Compare two sets of scores by row id; a row that is unscored (None) or absent in one is left out and counted.

    Raises:
        PredictionsError: No row has both scores.
    """
    one, two = _scored(first), _scored(second)
    ids = sorted(one.keys() & two.keys())
    if not ids:
        raise PredictionsError(
            f"no row has both scores ({len(one):,} rows in the first set, {len(two):,} in the second); "
            "compare scores of the same data, matched by row id"
        )
    return _agreement([one[i] for i in ids], [two[i] for i in ids], len(one) - len(ids), len(two) - len(ids))


def _scored(scores: Mapping[int, int | None]) -> dict[int, int]:
    return {identifier: score for identifier, score in scores.items() if score is not None}


def _agreement(first: list[int], second: list[int], only_first: int, only_second: int) -> Agreement:
    differences = [one - two for one, two in zip(first, second, strict=True)]
    confusion = _confusion(first, second)
    kappa = _kappa(first, second)
    constant = _why_no_correlation(first, second)
    spearman, pearson = (None, None) if constant else _correlations(first, second)
    undefined = dict.fromkeys(("spearman", "pearson"), constant) if constant else {}
    if kappa is None:
        undefined["kappa"] = f"all scores of both are {first[0]}"
    return Agreement(
        n=len(first),
        only_first=only_first,
        only_second=only_second,
        spearman=spearman,
        pearson=pearson,
        kappa=kappa,
        exact=differences.count(0) / len(first),
        within_one=sum(abs(difference) <= 1 for difference in differences) / len(first),
        mean_difference=sum(differences) / len(first),
        confusion=confusion,
        undefined=undefined,
    )


def _why_no_correlation(first: list[int], second: list[int]) -> str:
    if len(first) < 2:
        return "fewer than two rows"
    constant = [
        f"all {name} scores are {scores[0]}" for name, scores in (("first", first), ("second", second)) if len({*scores}) == 1
    ]
    return " and ".join(constant)


def _correlations(first: list[int], second: list[int]) -> tuple[float, float]:
    """Spearman's and Pearson's, kept within [-1, 1] where rounding exceeds it."""
    from scipy.stats import pearsonr, spearmanr

    spearman, pearson = (float(test(first, second).statistic) for test in (spearmanr, pearsonr))
    return max(-1.0, min(1.0, spearman)), max(-1.0, min(1.0, pearson))


def _confusion(first: list[int], second: list[int]) -> tuple[tuple[int, ...], ...]:
    pairs = list(zip(first, second, strict=True))
    return tuple(tuple(pairs.count((one, two)) for two in SCORES) for one in SCORES)


def _kappa(first: list[int], second: list[int]) -> float | None:
    """Cohen's kappa with quadratic weights; None where all scores of both are the same."""
    from sklearn.metrics import cohen_kappa_score

    if len({*first, *second}) == 1:
        return None
    return float(cohen_kappa_score(first, second, labels=SCORES, weights="quadratic"))


def read_scores(path: str | Path) -> dict[int, int]:
    """Read given scores by row id from JSON lines of `id` and `score`; other keys are left alone.

    Raises:
        PredictionsError: The file can't be read or is empty, or a line is broken, lacks a key, has a score that is no whole
            number from 1 to 5, or repeats an id. The line is named.
    """
    file = user_path(path, PredictionsError)
    lines = read_bytes(file, PredictionsError).removeprefix(b"\xef\xbb\xbf").split(b"\n")
    scores: dict[int, int] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            identifier, score = _score(line, f"{file}, line {number}")
            if identifier in scores:
                raise PredictionsError(f"{file}, line {number}: id {identifier} has a score already")
            scores[identifier] = score
    if not scores:
        raise PredictionsError(f"{file}: no scores in it; {_EXPECTED}")
    return scores


def _score(line: bytes, where: str) -> tuple[int, int]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise PredictionsError(f"{where}: broken JSON ({error}); {_EXPECTED}") from None
    if not isinstance(record, dict):
        raise PredictionsError(f"{where}: found {type(record).__name__}; {_EXPECTED}")
    if "id" not in record or "score" not in record:
        raise PredictionsError(f"{where}: found the keys {', '.join(record)[:200] or 'none'}; {_EXPECTED}")
    identifier, score = record["id"], record["score"]
    if isinstance(identifier, bool) or not isinstance(identifier, int):
        raise PredictionsError(f"{where}: id must be a whole number, found {identifier!r:.80}")
    if isinstance(score, bool) or not isinstance(score, int) or score not in SCORES:
        raise PredictionsError(f"{where}: score must be 1, 2, 3, 4 or 5, found {score!r:.80}")
    return identifier, score
