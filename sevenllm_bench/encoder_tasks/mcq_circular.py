"""Multiple choice with its options in every rotation: a question counts when it is answered rightly in all four.

In rotation r the letters stay where they are, and the option that was at place p is at place p + r (mod 4): each option is
once at each letter. A model that always gives the same letter is right in exactly one rotation of every question.

An item is a row. Its document holds "input", "question", "choices" (the texts of A to D as in the file), "answer" (the right
letter there) and "category". An answer is a list of four, one of each rotation: the letter that was chosen, "" where none
could be read, None where the rotation wasn't run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.rows import LETTERS, Row, language_of
from sevenllm_bench.encoder_tasks.encoder_task import ROTATIONS, EncoderTask, Item
from sevenllm_bench.stats.intervals import LEAST_ROWS, bootstrap_interval
from sevenllm_bench.stats.resampling import Draws

#: Bootstrap means behind an interval of a preference, and their seed.
_RESAMPLES, _SEED = 2_000, 0
#: An option that speaks of the other options, so that its text depends on where they are.
_OF_OTHERS = re.compile(
    r"\b(?:all|none|both|neither|any|either)\s+(?:of\s+)?(?:the\s+)?(?:above|below|preceding|following|other|these|options|choices)\b"
    r"|\b(?:all|none) of (?:them|these|those)\b|\b(?:both|either|neither)\s+\(?[A-D]\)?\s+(?:and|or|nor)\s+\(?[A-D]\b"
    r"|^\W*\(?[A-D]\)?\s*(?:,|&|and|or)\s*\(?[A-D]\b|\boptions?\s+\(?[A-D]\b"
    r"|(?:^|所有|全部)(?:以上|上述|下列|以下)|(?:以上|上述)(?:都|均|皆|全|各项|所有|选项|答案|三|两|四)"
    r"|^\W*[A-D]\s*(?:和|与|及|、|或)\s*[A-D]|选项\s*[A-D]",
    re.IGNORECASE,
)


def items(task: EncoderTask, benchmark: Benchmark) -> tuple[Item, ...]:
    """The multiple-choice questions of the task's language, in the order of their ids."""
    rows = sorted((row for row in benchmark.rows if row.language == task.language and row.kind == "mcq"), key=lambda row: row.id)
    return tuple(item_of(row) for row in rows)


def item_of(row: Row) -> Item:
    """The item of a row; all are of one group."""
    question = row.instruction["question"] if isinstance(row.instruction, dict) else ""
    document = {
        "input": row.input,
        "question": question,
        "choices": list(row.choices.values()),
        "answer": row.output,
        "category": row.category,
    }
    return Item(row.id, "mcq", row.source, document)


def rotated(item: Item, rotation: int) -> Row:
    """The row with its options rotated, and the letter that is right there.

    Args:
        item: A question.
        rotation: From 0, the order of the file, to 3.
    """
    document = item.document
    texts, right = _texts(item), _place(item)
    choice = {LETTERS[(place + rotation) % ROTATIONS]: text for place, text in enumerate(texts)}
    instruction = {"question": document["question"], "choice": {letter: choice[letter] for letter in LETTERS}}
    return Row(
        id=item.id,
        category=document["category"],
        instruction=instruction,
        input=document["input"],
        thought="",
        output=LETTERS[((right or 0) + rotation) % ROTATIONS],
        language=language_of(document["question"]),
        kind="mcq",
        source=item.source,
    )


def _texts(item: Item) -> list[str]:
    """The texts of the options; of an item of a damaged file four empty ones."""
    found = item.document.get("choices")
    texts = [text for text in found if isinstance(text, str)] if isinstance(found, list) else []
    return texts if len(texts) == ROTATIONS else [""] * ROTATIONS


def _place(item: Item) -> int | None:
    """The place of the right option in the file's order; None in an item of a damaged file."""
    letter = item.document.get("answer")
    return LETTERS.index(letter) if letter in LETTERS else None


def refers_to_others(text: str) -> bool:
    """Whether the text of an option speaks of the other options: "all of the above", "both A and B", "以上都是"."""
    return bool(_OF_OTHERS.search(text))


def letter_in(item: Item, rotation: int, text: str) -> str:
    """The letter that a model's text chooses in a rotation; "" for none."""
    texts = _texts(item)
    choices = {LETTERS[(place + rotation) % ROTATIONS]: texts[place] for place in range(ROTATIONS)}
    return read_answer(text, "mcq", {letter: choices[letter] for letter in LETTERS}).letter or ""


def likeliest(values: Any) -> str:
    """The letter of the largest log-likelihood, of values as in memory or in a samples file; "" where they are no numbers."""
    try:
        numbers = [float(value[0] if isinstance(value, (list, tuple)) else value) for value in values]
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        return ""
    if len(numbers) != len(LETTERS) or any(number != number for number in numbers):
        return ""
    return LETTERS[numbers.index(max(numbers))]


def merged(answers: Sequence[tuple[int, str]]) -> list[str | None]:
    """The answer to a question from the letters of its rotations; of one that comes twice the first counts."""
    found: list[str | None] = [None] * ROTATIONS
    for rotation, letter in answers:
        if found[rotation] is None:
            found[rotation] = letter
    return found


def _letters(answer: Any) -> list[str | None]:
    """The four letters of an answer; of anything else, four unread ones."""
    if not isinstance(answer, list) or len(answer) != ROTATIONS:
        return [""] * ROTATIONS
    return [letter if letter is None or letter in LETTERS else "" for letter in answer]


def score(items: Sequence[Item], answers: Sequence[Any]) -> list[dict[str, float]]:
    """The metrics of each question.

    Args:
        items: n items.
        answers: n answers.

    Returns:
        `circular_acc`, 1 where all four rotations are right, absent where not all were run; `acc`, the share of right
        rotations, and `answered`, the share in which a letter could be read, of those that were run.
    """
    return [_score(item, _letters(answer)) for item, answer in zip(items, answers, strict=True)]


def _score(item: Item, letters: Sequence[str | None]) -> dict[str, float]:
    place = _place(item)
    run = [(rotation, letter) for rotation, letter in enumerate(letters) if letter is not None]
    right = [place is not None and letter == LETTERS[(place + rotation) % ROTATIONS] for rotation, letter in run]
    found = {"circular_acc": float(all(right))} if len(run) == ROTATIONS else {}
    if run:
        found |= {"acc": sum(right) / len(run), "answered": sum(letter != "" for _, letter in run) / len(run)}
    return found


def figures(items: Sequence[Item], answers: Sequence[Any]) -> dict[str, Any]:
    """What is no mean over questions.

    Returns:
        "questions"; "partial", those without all four rotations; "position", for each letter the `share` of answers on it,
        its `preference` (share less a quarter of the answers; 0 for a model without one) and the 95 % interval `low`,
        `high` over questions; "right_in", how many questions were right in 0, 1, … 4 rotations; "refer_to_others", ids of
        questions with an option that speaks of the others, and "circular_acc_without_them".
    """
    all_letters = [_letters(answer) for answer in answers]
    whole = [(item, letters) for item, letters in zip(items, all_letters, strict=True) if None not in letters]
    rights = [round(_score(item, letters)["acc"] * ROTATIONS) for item, letters in whole]
    others = [item.id for item in items if any(map(refers_to_others, _texts(item)))]
    plain = [float(right == ROTATIONS) for right, (item, _) in zip(rights, whole, strict=True) if item.id not in others]
    return {
        "questions": len(items),
        "partial": len(items) - len(whole),
        "position": {letter: _preference(letter, all_letters) for letter in LETTERS},
        "right_in": {str(number): rights.count(number) for number in range(ROTATIONS + 1)},
        "refer_to_others": others,
        "circular_acc_without_them": sum(plain) / len(plain) if plain else None,
    }


def _preference(letter: str, answers: Sequence[Sequence[str | None]]) -> dict[str, float | None]:
    """Preference for one letter: by question, the share of its answers there less a quarter of its answers; then the mean.

    The interval is the bootstrap over questions, whose rotations belong together; none with fewer than ten questions. Where
    all questions have the same value, as of a model that gives one letter always, both ends are that value.
    """
    import numpy as np

    values, given, chosen = [], 0, 0
    for letters in answers:
        counts = Counter(found for found in letters if found is not None)
        run, read = sum(counts.values()), sum(counts[name] for name in LETTERS)
        given, chosen = given + read, chosen + counts[letter]
        if run:
            values.append((counts[letter] - read / ROTATIONS) / run)
    if not values:
        return {"share": None, "preference": None, "low": None, "high": None}
    interval = bootstrap_interval([np.array(values)], Draws(_SEED, _RESAMPLES), (-1 / ROTATIONS, 1 - 1 / ROTATIONS))
    same = len(values) >= LEAST_ROWS and len(set(values)) == 1
    mean = sum(values) / len(values)
    low, high = (mean, mean) if same else (interval.low, interval.high)
    return {"share": chosen / given if given else None, "preference": mean, "low": low, "high": high}
