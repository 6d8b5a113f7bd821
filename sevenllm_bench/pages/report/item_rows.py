"""The items of an encoder task with every run's answer, for the task's page.

Samples files hold what is asked and what was answered; texts that a retrieval task searches are not in them, only their ids.
Documents and answers come from files of others, so that nothing in them is taken for granted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, EncoderTaskKind, Item
from sevenllm_bench.encoder_tasks.retrieval import scored_documents
from sevenllm_bench.metrics.ranking import ranking
from sevenllm_bench.metrics.registry import ENCODER_SHARES
from sevenllm_bench.pages.report.diff import told_apart
from sevenllm_bench.pages.report.explorer import Explorer, ExplorerRow, RowPart, ShownAnswer
from sevenllm_bench.pages.report.text_table import TextTable
from sevenllm_bench.runs.encoder_records import ItemSample
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.untrusted import finite
from sevenllm_bench.text.display import plain

#: Ranked texts, and entries of an answer, that are shown; characters of a candidate.
_MOST_RANKED, _MOST_SPANS, _MOST_OF_A_CANDIDATE = 10, 60, 200

ItemsByTask = Mapping[str, Mapping[int, ItemSample]]

_PARTS: dict[EncoderTaskKind, tuple[RowPart, ...]] = {
    "retrieval": (RowPart("Query"), RowPart("Texts to find", pinned=True)),
    "answer-ranking": (RowPart("Question"), RowPart("Incident"), RowPart("Reference", pinned=True)),
    "entities": (RowPart("Text"), RowPart("Entities to find", pinned=True)),
    "masked-terms": (RowPart("Text"), RowPart("Masked term", pinned=True)),
    "vulnerable-code": (RowPart("Function", code=True), RowPart("Expected", pinned=True)),
    "mcq-circular": (RowPart("Question"), RowPart("Incident"), RowPart("Options", pinned=True)),
    "mcq-circular-logprob": (RowPart("Question"), RowPart("Incident"), RowPart("Options", pinned=True)),
    "stress": (RowPart("Question"), RowPart("Incident with noise"), RowPart("Reference", pinned=True)),
}


def item_samples_by_task(run: Run) -> ItemsByTask:
    """Encoder task to item's id to sample."""
    found: dict[str, dict[int, ItemSample]] = {}
    for sample in run.item_samples:
        found.setdefault(sample.task, {})[sample.id] = sample
    return found


def explore_items(by_run: Sequence[ItemsByTask], task: EncoderTask, most: int | None = None) -> Explorer:
    """The items of a task.

    Args:
        by_run: Each run's samples.
        task: The task.
        most: Items at most, the first by id; None for all.
    """
    own = [samples.get(task.name, {}) for samples in by_run]
    ids = sorted(set().union(*own))
    texts = TextTable()
    rows = tuple(_row([samples.get(item_id) for samples in own], task, texts) for item_id in ids[:most])
    main = task.metrics[0]
    return Explorer(main, main in ENCODER_SHARES, task.language or "en", "item", _PARTS[task.kind], rows, texts, len(ids))


def _row(samples: Sequence[ItemSample | None], task: EncoderTask, texts: TextTable) -> ExplorerRow:
    item = next(sample.item for sample in samples if sample)
    asked = _ASKED[task.kind](item)
    return ExplorerRow(
        id=item.id,
        excerpt=plain(" ".join(asked[0][:1_000].split()), 110),
        values=tuple(sample.metrics.get(task.metrics[0]) if sample else None for sample in samples),
        parts=tuple(texts.add(text) if text else None for text in asked),
        answers=tuple(_answer(sample, task, texts) if sample else None for sample in samples),
    )


def _answer(sample: ItemSample, task: EncoderTask, texts: TextTable) -> ShownAnswer:
    written = "" if sample.response is None else f"\n\nWritten:\n{sample.response}"
    metrics = dict(sample.metrics)
    if sample.answer is None:
        return ShownAnswer(metrics, unread=True, text=texts.add(sample.response or ""))
    if task.kind == "entities":
        marks = tuple([texts.add(_span_words(sample.item, span)) for span in spans] for spans in _compared(sample))
        counts = tuple(map(len, marks)) if sum(map(len, marks)) > _MOST_SPANS else ()
        shown = _first(marks, _MOST_SPANS)
        return ShownAnswer(metrics, text=texts.add(sample.response) if sample.response else None, marks=shown, counts=counts)
    if task.kind == "stress":
        written = ""  # the answer is what was written
    return ShownAnswer(metrics, text=texts.add(_ANSWERED[task.kind](sample) + written))


def _first(marks: Sequence[list[int]], most: int) -> tuple[list[int], ...]:
    shown = []
    for numbers in marks:
        shown.append(numbers[:most])
        most -= len(shown[-1])
    return tuple(shown)


def _text(item: Item, key: str) -> str:
    value = item.document.get(key, "")
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _asked_retrieval(item: Item) -> tuple[str, ...]:
    return _text(item, "query"), "\n".join(f"text of row {_json(number)}" for number in _list(item.document.get("relevant")))


def _asked_ranking(item: Item) -> tuple[str, ...]:
    candidates, place = _list(item.document.get("candidates")), item.document.get("answer")
    right = str(candidates[place]) if isinstance(place, int) and 0 <= place < len(candidates) else ""
    return _text(item, "question"), _text(item, "text"), right


def _asked_entities(item: Item) -> tuple[str, ...]:
    return _text(item, "text"), "\n".join(_span_words(item, span) for span in _list(item.document.get("spans"))) or "none"


def _asked_masked(item: Item) -> tuple[str, ...]:
    text, start, end = _text(item, "text"), item.document.get("start"), item.document.get("end")
    if isinstance(start, int) and isinstance(end, int) and 0 <= start <= end <= len(text):
        text = f"{text[:start]}[masked]{text[end:]}"
    return text, f"{_text(item, 'term')} ({_text(item, 'class')})"


def _asked_code(item: Item) -> tuple[str, ...]:
    cwe = " ".join(filter(None, (_text(item, "cwe"), _text(item, "cwe_name"))))
    if item.document.get("target") in (1, True):
        return _text(item, "func"), f"vulnerable{': ' + cwe if cwe else ''}; {item.group}"
    return _text(item, "func"), f"not vulnerable{' (the counterpart is: ' + cwe + ')' if cwe else ''}; {item.group}"


def _asked_circular(item: Item) -> tuple[str, ...]:
    right = item.document.get("answer")
    options = [
        f"{letter}. {plain(str(text), _MOST_OF_A_CANDIDATE)}{' (right)' if letter == right else ''}"
        for letter, text in zip("ABCD", _list(item.document.get("choices")), strict=False)
    ]
    return _text(item, "question"), _text(item, "input"), "\n".join(options)


def _asked_stress(item: Item) -> tuple[str, ...]:
    row = item.document.get("row")
    fields = row if isinstance(row, dict) else {}
    instruction, text, output = (str(fields.get(name, "")) for name in ("instruction", "input", "output"))
    return f"{instruction} (noise: {item.group})", text, output


_ASKED: dict[EncoderTaskKind, Callable[[Item], tuple[str, ...]]] = {
    "retrieval": _asked_retrieval,
    "answer-ranking": _asked_ranking,
    "entities": _asked_entities,
    "masked-terms": _asked_masked,
    "vulnerable-code": _asked_code,
    "mcq-circular": _asked_circular,
    "mcq-circular-logprob": _asked_circular,
    "stress": _asked_stress,
}


def _found_texts(sample: ItemSample) -> str:
    scores = scored_documents(sample.answer)
    wanted = {number for number in _list(sample.item.document.get("relevant")) if isinstance(number, (int, float))}
    ranked = ranking(scores)
    lines = [
        f"{place}. text of row {number}, {scores[number]:.4g}{' (right)' if number in wanted else ''}"
        for place, number in enumerate(ranked[:_MOST_RANKED], 1)
    ]
    later = [(place, number) for place, number in enumerate(ranked[_MOST_RANKED:], _MOST_RANKED + 1) if number in wanted]
    return "\n".join([*lines, *(f"{place}. text of row {number} (right)" for place, number in later)]) or "no text was found"


def _ranked_candidates(sample: ItemSample) -> str:
    candidates, scores = _list(sample.item.document.get("candidates")), _list(sample.answer)
    numbers = [finite(score) for score in scores]
    if len(numbers) != len(candidates) or None in numbers:
        return f"no ranking: {plain(_json(sample.answer), 500)}"
    order = sorted(range(len(candidates)), key=lambda place: -(numbers[place] or 0.0))
    right = sample.item.document.get("answer")
    return "\n".join(
        f"{rank}. {numbers[place] or 0.0:.4g}{' (the reference)' if place == right else ''}: "
        f"{plain(str(candidates[place]), _MOST_OF_A_CANDIDATE)}"
        for rank, place in enumerate(order, 1)
    )


def _guessed_term(sample: ItemSample) -> str:
    answer = sample.answer if isinstance(sample.answer, dict) else {}
    rank = answer.get("rank")
    words = [f"rank {_json(rank)}" if rank is not None else "not among the first 10 guesses"]
    others = [name for name in ("pseudo_log_likelihood", "tokens") if name in answer]
    return "\n".join([*words, *(f"{name.replace('_', '-')} {_json(answer[name])}" for name in others)])


def _called_vulnerable(sample: ItemSample) -> str:
    value = sample.answer.get("vulnerable") if isinstance(sample.answer, dict) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e6:
        return f"vulnerable with probability {value:.4g}"
    return plain(_json(sample.answer), 500)


def _chosen_letters(sample: ItemSample) -> str:
    words = {None: "not run", "": "none read"}
    letters = _list(sample.answer)[:4]
    return "\n".join(
        f"rotation {place}: {words.get(letter, plain(str(letter), 20)) if letter is None or isinstance(letter, str) else '?'}"
        for place, letter in enumerate(letters)
    )


def _written(sample: ItemSample) -> str:
    return sample.answer if isinstance(sample.answer, str) else plain(_json(sample.answer), 500)


_ANSWERED: dict[EncoderTaskKind, Callable[[ItemSample], str]] = {
    "retrieval": _found_texts,
    "answer-ranking": _ranked_candidates,
    "masked-terms": _guessed_term,
    "vulnerable-code": _called_vulnerable,
    "mcq-circular": _chosen_letters,
    "mcq-circular-logprob": _chosen_letters,
    "stress": _written,
}


def _compared(sample: ItemSample) -> tuple[list[Any], ...]:
    """Spans the same as the expected ones, alike (none), missing, added."""
    wanted, given = _list(sample.item.document.get("spans")), _list(sample.answer)
    same, missing, added = told_apart(wanted, given, _json)
    return same, [], missing, added


def _span_words(item: Item, span: Any) -> str:
    """A span in words: its type, its text, its place."""
    text = item.document.get("text")
    if isinstance(span, (list, tuple)) and len(span) == 3 and isinstance(text, str):
        start, end, kind = span
        if type(start) is int and type(end) is int and 0 <= start < end <= len(text):
            return plain(f"{kind}: {text[start:end]} ({start}-{end})", 240)
        if start is None and end is None:
            return plain(f"{kind}: a value that is not in the text", 240)
    return plain(_json(span), 240)
