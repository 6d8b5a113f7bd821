"""Vulnerable code: is this function vulnerable? Pairs of a vulnerable and a fixed function, and the user's own functions."""

from __future__ import annotations

import functools
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.errors import DataError
from sevenllm_bench.io.files import read_bytes

FOLDER = Path(__file__).parent / "code"
LANGUAGES_OF_CODE = ("c", "python", "java", "php", "go")
#: A function counts as called vulnerable from this probability on: what is exactly between the two is called vulnerable.
THRESHOLD = 0.5
#: Letters of the options in the harness, see `vulnerable_option`.
OPTIONS = ("A", "B")
#: exp of more is no number.
_LARGEST_EXPONENT = 700.0
#: Group of a function whose programming language isn't given.
NO_LANGUAGE = "unknown"


def items(task: EncoderTask, benchmark: Benchmark) -> tuple[Item, ...]:
    """The functions that were written for this task; they are the same with every benchmark.

    Args:
        task: The task.
        benchmark: Unused.

    Returns:
        Items in the order of their ids. The document holds `func` (its code), `target` (1 vulnerable, 0 not), `cwe`,
        `cwe_name`, `language` and `pair` (the number that it shares with its counterpart).
    """
    return _own_items()


@functools.cache
def _own_items() -> tuple[Item, ...]:
    found = []
    for language in LANGUAGES_OF_CODE:
        for _, record in _records((FOLDER / f"{language}.jsonl").read_bytes(), f"{language}.jsonl"):
            document = {key: value for key, value in record.items() if key not in ("id", "source")}
            found.append(Item(int(record["id"]), language, "own", document))
    return tuple(sorted(found, key=lambda item: item.id))


def items_from_file(path: Path) -> tuple[Item, ...]:
    """Functions of the user's own, one JSON object a line.

    An object has `func`, the code, and `target`: 1 or true for vulnerable, 0 or false for not. Where there is no `target`,
    `label` is read in its place. `language`, `cwe` and `pair` (a number or text that belongs to a vulnerable and a fixed
    function) are used where they are given; all other keys are kept in the item's document.

    Args:
        path: The file, UTF-8.

    Returns:
        Items whose ids are the numbers of their lines.

    Raises:
        DataError: The file can't be read or has no functions, or a line is no such object; it names the line.
    """
    found = []
    for number, record in _records(read_bytes(path, DataError), str(path)):
        document = _user_document(record, f"{path}, line {number}")
        found.append(Item(number, document.get("language") or NO_LANGUAGE, "file", document))
    if not found:
        raise DataError(f'{path}: no functions in it; write one JSON object a line: {{"func": "…", "target": 0 or 1}}')
    return tuple(found)


def _records(content: bytes, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON-lines file with the numbers of their lines."""
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise DataError(f"{name}, line {number}: not UTF-8 at byte {error.start}") from None
        except (ValueError, RecursionError) as error:
            raise DataError(f"{name}, line {number}: broken JSON ({error})") from None
        if not isinstance(record, dict):
            raise DataError(f"{name}, line {number}: expected an object with func and target, found {_shown(record)}")
        yield number, record


def _user_document(record: dict[str, Any], where: str) -> dict[str, Any]:
    func = record.get("func")
    if not isinstance(func, str) or not func.strip():
        raise DataError(f"{where}: func must be the code of a function, found {_shown(func)}")
    key = "target" if "target" in record else "label"
    if key not in record:
        raise DataError(f"{where}: neither target nor label is in it; write 1 for vulnerable, 0 for not")
    target = record[key]
    if not isinstance(target, int | float) or target not in (0, 1):
        raise DataError(f"{where}: {key} must be 0, 1, false or true, found {_shown(target)}")
    for name, kinds in (("language", (str,)), ("cwe", (str,)), ("pair", (str, int))):
        if record.get(name) is not None and not isinstance(record[name], kinds):
            raise DataError(
                f"{where}: {name} must be {'text' if kinds == (str,) else 'text or a number'}, found {_shown(record[name])}"
            )
    return {**record, "target": int(target)}


def _shown(value: Any) -> str:
    return "nothing" if value is None else repr(value)[:60]


def vulnerable_option(item: Item) -> int:
    """Which option of a question about a function says that it is vulnerable: 0 for A, 1 for B.

    Both functions of a pair have the same, and every second pair the other one, so that a model that prefers a letter is right
    as often as wrong.
    """
    pair = item.document.get("pair")
    return (pair if isinstance(pair, int) else item.id) % 2


def answer_from_responses(item: Item, values: Any) -> dict[str, float] | None:
    """The answer of a model of the harness: the probability of the option that says vulnerable, of both.

    Args:
        item: The item.
        values: The log-likelihoods of options A and B, as numbers or text, alone or with lm-eval's second value, as in memory
            or in a samples file.

    Returns:
        `{"vulnerable": p}`; None for anything else.
    """
    if not isinstance(values, list | tuple) or len(values) != len(OPTIONS):
        return None
    numbers = [_number(value[0] if isinstance(value, list | tuple) and value else value) for value in values]
    chosen = vulnerable_option(item)
    difference = numbers[1 - chosen] - numbers[chosen]
    if math.isnan(difference):
        return None
    return {"vulnerable": 1 / (1 + math.exp(difference)) if difference < _LARGEST_EXPONENT else 0.0}


def _number(value: Any) -> float:
    try:
        return float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return math.nan


def probability_of(answer: Any) -> float | None:
    """The probability in an answer `{"vulnerable": p}`; None where it holds no number from 0 to 1."""
    found = answer.get("vulnerable") if isinstance(answer, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found <= 1:
        return None
    return float(found)


def score(items: Sequence[Item], answers: Sequence[Any]) -> list[dict[str, float]]:
    """Whether each function is called what it is.

    Args:
        items: n items.
        answers: n answers `{"vulnerable": p}`. p of 0.5 or more says vulnerable: the tie at 0.5 too. No such p scores 0.

    Returns:
        `code_acc` of each item: 1 or 0.
    """
    return [{"code_acc": float(said == target)} for said, target in _said(items, answers)]


def _said(items: Sequence[Item], answers: Sequence[Any]) -> list[tuple[int, int]]:
    """What each answer says and what is right; an answer without a probability says what is wrong."""
    found = []
    for item, probability in zip(items, _probabilities(items, answers), strict=True):
        target = _target(item) or 0
        found.append((1 - target if probability is None else int(probability >= THRESHOLD), target))
    return found


def _probabilities(items: Sequence[Item], answers: Sequence[Any]) -> list[float | None]:
    """The probability in each answer; None too for an item of a damaged samples file, of which nobody knows what is right."""
    pairs = zip(items, answers, strict=True)
    return [probability_of(answer) if _target(item) is not None else None for item, answer in pairs]


def _target(item: Item) -> int | None:
    """What is right, 0 or 1; None where the item doesn't say it."""
    target = item.document.get("target")
    return int(target) if isinstance(target, int | float) and target in (0, 1) else None


def figures(items: Sequence[Item], answers: Sequence[Any]) -> dict[str, Any]:
    """Figures of the whole task.

    An answer without a probability counts as the wrong one, and in rankings as the worst one.

    Args:
        items: n items.
        answers: n answers `{"vulnerable": p}`.

    Returns:
        A JSON object: `accuracy`; `precision`, `recall` and `f1` of the class vulnerable (0 where nothing is divided by);
        `auc`, None where there is one class only; `pairs` (see `_pairs`); counts `n`, `unanswered`, and `ties`, the answers
        of exactly 0.5; `by_language` and `by_cwe` with `n`, `accuracy` and, for languages, `auc`.
    """
    probabilities = _probabilities(items, answers)
    said = _said(items, answers)
    languages, cwes = ([item.group for item in items], [str(item.document.get("cwe") or NO_LANGUAGE) for item in items])
    ranks = _rank_values(items, probabilities)
    return {
        "n": len(items),
        "unanswered": probabilities.count(None),
        "ties": probabilities.count(THRESHOLD),
        **_counts(said),
        "auc": auc(ranks, [target for _, target in said]),
        "pairs": _pairs(items, said, ranks),
        "by_language": {
            name: {"n": len(at), "accuracy": _accuracy(said, at), "auc": auc([ranks[i] for i in at], [said[i][1] for i in at])}
            for name, at in _positions(languages)
        },
        "by_cwe": {name: {"n": len(at), "accuracy": _accuracy(said, at)} for name, at in _positions(cwes)},
    }


def _counts(said: Sequence[tuple[int, int]]) -> dict[str, float]:
    hits, called, there = said.count((1, 1)), sum(x for x, _ in said), sum(target for _, target in said)
    return {
        "accuracy": _share(sum(x == target for x, target in said), len(said)),
        "precision": _share(hits, called),
        "recall": _share(hits, there),
        "f1": _share(2 * hits, called + there),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _accuracy(said: Sequence[tuple[int, int]], at: Sequence[int]) -> float:
    return _share(sum(said[i][0] == said[i][1] for i in at), len(at))


def _positions(names: Sequence[str]) -> Iterable[tuple[str, list[int]]]:
    """Positions of each name, sorted by name."""
    found: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(names):
        found[name].append(i)
    return sorted(found.items())


def _rank_values(items: Sequence[Item], probabilities: Sequence[float | None]) -> list[float]:
    """The probabilities; for those that are missing, the end of the line that is wrong."""
    wrong_end = {1: -math.inf, 0: math.inf}
    return [wrong_end[_target(item) or 0] if p is None else p for item, p in zip(items, probabilities, strict=True)]


def auc(values: Sequence[float], targets: Sequence[int]) -> float | None:
    """Area under the ROC curve: how often a vulnerable function has the larger value than one that isn't; a tie counts half.

    Args:
        values: n values, larger for vulnerable.
        targets: n targets, 0 or 1.

    Returns:
        0 to 1; None where only one class is there.
    """
    vulnerable, n = sum(targets), len(targets)
    if not 0 < vulnerable < n:
        return None
    order = sorted(range(n), key=lambda i: values[i])
    rank_sum, start = 0.0, 0
    while start < n:  # values that are equal share the mean of their ranks
        end = start
        while end < n and values[order[end]] == values[order[start]]:
            end += 1
        rank_sum += (start + 1 + end) / 2 * sum(targets[order[i]] for i in range(start, end))
        start = end
    return (rank_sum - vulnerable * (vulnerable + 1) / 2) / (vulnerable * (n - vulnerable))


def _pairs(items: Sequence[Item], said: Sequence[tuple[int, int]], ranks: Sequence[float]) -> dict[str, float | int]:
    """Figures of pairs: of functions with the same `pair`, both classes among them.

    Returns:
        `n` pairs; `both_right`, the share whose functions are all called what they are; `ordered`, the share in which every
        vulnerable function has a larger probability than every other; `tied`, the share in which a vulnerable one and
        another have the same.
    """
    groups: dict[Any, list[int]] = defaultdict(list)
    for i, item in enumerate(items):
        if isinstance(pair := item.document.get("pair"), str | int):
            groups[pair].append(i)
    n = both_right = ordered = tied = 0
    for at in groups.values():
        values = {target: [ranks[i] for i in at if said[i][1] == target] for target in (0, 1)}
        if values[0] and values[1]:
            n += 1
            both_right += all(said[i][0] == said[i][1] for i in at)
            ordered += min(values[1]) > max(values[0])
            tied += not set(values[0]).isdisjoint(values[1])
    return {"n": n, "both_right": _share(both_right, n), "ordered": _share(ordered, n), "tied": _share(tied, n)}
