"""Tests of orders: rows in the order of the file, options in the order of their letters (after Oren et al., arXiv 2310.17623).

If a model has not seen the benchmark, the order in which somebody wrote rows or options down means nothing to it: any other
order is as likely. These tests need no control rows.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sevenllm_bench.catalog import Language
from sevenllm_bench.data.rows import LETTERS, Row
from sevenllm_bench.memorisation.probe_result import ProbeName, ProbeTest
from sevenllm_bench.memorisation.probed_model import ProbedModel
from sevenllm_bench.metrics.rouge import rouge_l
from sevenllm_bench.stats.one_sided import first_of_orders

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Most neighbouring rows in one group: 24 orders from 12 log-likelihoods.
MOST_ROWS = 4
#: Characters of the end of a row before the next one, and of the beginning of a row's text that is scored.
_TAIL = {"en": 600, "zh": 250}
_HEAD = {"en": 300, "zh": 120}
_MAX_TOKENS = 200
_LONGEST_ANSWER = 4_000
#: Options that speak of other options, which has a meaning only in one order.
_OF_OTHERS = re.compile(
    r"(?i)\b(?:all|none|both|any|neither) (?:of )?(?:the )?(?:above|these|them|options)|\b[A-D] and [A-D]\b|以上|上述"
)
_GO_ON = {
    "en": "This is a question of a known benchmark and its first option. Write its options B, C and D as they are there.",
    "zh": "这是一个已知评测集中的问题及其第一个选项。请按原文写出其余选项B、C、D。",
}


def row_order_test(model: ProbedModel, language: Language, rows: Sequence[Row], seed: int, resamples: int) -> ProbeTest:
    """Whether each row's text is likelier after the row that precedes it in the file than after other rows near it.

    Neighbours of one task only, since tasks are not in random order in the file. The log-likelihood of every row of a group
    after every other, less its own without a row before it, gives the values of all orders of the group.

    Args:
        model: The model.
        language: Of the rows.
        rows: Rows in the order of their file.
        seed: Seed of the draws.
        resamples: Number of draws.
    """
    groups = list(neighbours([row for row in rows if row.language == language]))
    pairs = [_joined(before, row) for group in groups for row in group for before in (None, *group) if before is not row]
    values = iter(model.log_likelihoods(pairs))
    units = []
    for size in map(len, groups):
        found = {(a, b): next(values) for b in range(size) for a in (-1, *range(size)) if a != b}
        units.append(order_values({(a, b): found[a, b] - found[-1, b] for a, b in found if a >= 0}, size))
    return _test("row-order", language, units, {}, seed, resamples)


def neighbours(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Groups of 2 to `MOST_ROWS` rows that follow one another in the file, of one task, with different texts.

    Args:
        rows: Rows of one language in the order of their file.
    """
    for _, run in itertools.groupby(rows, key=lambda row: row.leaf):
        every = list({row.input: row for row in run if row.input.strip()}.values())
        for start in range(0, len(every), MOST_ROWS):
            if len(group := every[start : start + MOST_ROWS]) > 1:
                yield group


def _joined(before: Row | None, row: Row) -> tuple[str, str]:
    """The end of a row and the beginning of another as they are in the file, without ids; and the other one's text."""
    tail = ""
    if before is not None:
        tail = f"{json.dumps(before.input, ensure_ascii=False)}, {_rest(before)}"[-_TAIL[before.language] :] + "\n"
    opening = json.dumps({"category": row.category, "instruction": row.instruction}, ensure_ascii=False)[:-1]
    return f'{tail}{opening}, "input": "', json.dumps(row.input, ensure_ascii=False)[1:-1][: _HEAD[row.language]]


def _rest(row: Row) -> str:
    return json.dumps({"thought": row.thought, "output": row.output}, ensure_ascii=False)[1:]


def order_values(gains: Mapping[tuple[int, int], float], rows: int) -> NDArray[Any]:
    """The sum of the gains along each order of a group, the file's order first.

    Args:
        gains: How much likelier the second row is after the first than without a row before it.
        rows: Number of rows in the group.
    """
    import numpy as np

    orders = itertools.permutations(range(rows))
    return np.array([sum(gains[pair] for pair in itertools.pairwise(order)) for order in orders])


def option_order_test(model: ProbedModel, language: Language, rows: Sequence[Row], seed: int, resamples: int) -> ProbeTest:
    """Whether the options of a question are likelier in their order than in others that leave the right one in its place.

    Args:
        model: The model.
        language: Of the rows.
        rows: Rows; those that are no multiple-choice questions are left aside.
        seed: Seed of the draws.
        resamples: Number of draws.
    """
    import numpy as np

    questions, left_out = _questions(rows, language)
    orders = [option_orders(row, LETTERS) for row in questions]
    pairs = [(f"{_question(row)}\n", _listed(texts)) for row, of_row in zip(questions, orders, strict=True) for texts in of_row]
    values = iter(model.log_likelihoods(pairs))
    units = [np.array([next(values) for _ in of_row]) for of_row in orders]
    return _test("option-order", language, units, left_out, seed, resamples)


def option_completion_test(model: ProbedModel, language: Language, rows: Sequence[Row], seed: int, resamples: int) -> ProbeTest:
    """Whether options B to D that a model writes after a question and A are nearer to their order than to others.

    Nearness is ROUGE-L. The right option stays in its place, as in `option_order_test`.

    Args:
        model: The model.
        language: Of the rows.
        rows: Rows; those that are no multiple-choice questions are left aside.
        seed: Seed of the draws.
        resamples: Number of draws.
    """
    import numpy as np

    questions, left_out = _questions(rows, language)
    prompts = [(_GO_ON[language], f"{_question(row)}\nA. {row.choices['A']}\nB.") for row in questions]
    answers = [answer[:_LONGEST_ANSWER] for answer in model.completions(prompts, _MAX_TOKENS)]
    units = []
    for row, answer in zip(questions, answers, strict=True):
        listed = ["\n".join(texts[1:]) for texts in option_orders(row, LETTERS[1:])]
        wanted = len(listed[0]) + 30  # what a model writes after the options is not compared
        units.append(np.array(rouge_l([answer[:wanted]] * len(listed), listed)))
    if empty := sum(not answer.strip() for answer in answers):
        left_out["empty answers, counted as no preference"] = empty
    return _test("option-completion", language, units, left_out, seed, resamples)


def option_orders(row: Row, movable: Sequence[str]) -> list[list[str]]:
    """The options in every order that moves only some letters and leaves the right option in its place; as written first.

    Args:
        row: A multiple-choice question.
        movable: The letters whose options may move.
    """
    moving = [LETTERS.index(letter) for letter in movable if letter != row.output]
    texts = [row.choices[letter] for letter in LETTERS]
    found = []
    for order in itertools.permutations(moving):
        moved = list(texts)
        for place, source in zip(moving, order, strict=True):
            moved[place] = texts[source]
        found.append(moved)
    return found


def _questions(rows: Sequence[Row], language: Language) -> tuple[list[Row], dict[str, int]]:
    every = [row for row in rows if row.kind == "mcq" and row.language == language]
    kept = [row for row in every if not any(_OF_OTHERS.search(text) for text in row.choices.values())]
    return kept, {"an option speaks of others": len(every) - len(kept)} if len(kept) < len(every) else {}


def _question(row: Row) -> str:
    return str(row.instruction["question"]) if isinstance(row.instruction, dict) else row.instruction


def _listed(texts: Sequence[str]) -> str:
    return "\n".join(f"{letter}. {text}" for letter, text in zip(LETTERS, texts, strict=True))


def _test(
    name: ProbeName, language: Language, units: Sequence[NDArray[Any]], left_out: Mapping[str, int], seed: int, resamples: int
) -> ProbeTest:
    import numpy as np

    kept = [values for values in units if np.isfinite(values).all()]
    counts = Counter(left_out)
    if len(kept) < len(units):
        counts["no finite log-likelihood"] = len(units) - len(kept)
    found = first_of_orders(kept, seed, resamples)
    return ProbeTest(
        name=name,
        language=language,
        units=len(kept),
        controls=0,
        effect=found.effect,
        low=found.interval.low,
        high=found.interval.high,
        p=found.p,
        error=found.error,
        why_not=found.why_not,
        left_out=dict(counts),
    )
