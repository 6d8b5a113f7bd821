"""A text classifier on the task of vulnerable code."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence

from sevenllm_bench.encoder_runs.task_outcome import TaskOutcome
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, Item
from sevenllm_bench.encoder_tasks.vulnerable_code import THRESHOLD
from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.text_classifier import TextClassifier
from sevenllm_bench.errors import ConfigError

#: What classifiers call the two classes, without case, spaces and signs. "label1" is what transformers calls the second of
#: two classes whose names nobody gave; in data sets of code (Devign, Big-Vul, DiverseVul) 1 is the vulnerable class.
_VULNERABLE = frozenset(
    {"vulnerable", "vuln", "vulnerability", "isvulnerable", "unsafe", "insecure", "bad", "defective", "buggy", "positive"}
)
_NOT_VULNERABLE = frozenset(
    {
        "notvulnerable",
        "nonvulnerable",
        "novulnerability",
        "safe",
        "secure",
        "benign",
        "good",
        "clean",
        "fixed",
        "patched",
        "negative",
    }
)
_BY_NUMBER = {"label0": 0, "label1": 1, "0": 0, "1": 1, "false": 0, "true": 1, "no": 0, "yes": 1}
_LISTED = 20


def vulnerable_class(labels: Sequence[str], wanted: str | None = None, name: str = "the classifier") -> int:
    """Which of a classifier's classes is the vulnerable one.

    Args:
        labels: Names of its classes, in order.
        wanted: Name of the vulnerable class, whatever case; None to read it from the names.
        name: The classifier's name, for errors.

    Raises:
        ConfigError: There is no such class, or the names don't say which it is.
    """
    shown = ", ".join(label[:40] for label in labels[:_LISTED]) + (", …" if len(labels) > _LISTED else "")
    if wanted is not None:
        found = [i for i, label in enumerate(labels) if label == wanted]
        found = found or [i for i, label in enumerate(labels) if label.strip().lower() == wanted.strip().lower()]
        if len(found) == 1:
            return found[0]
        why = "no class" if not found else f"{len(found)} classes"
        raise ConfigError(f"{name} has {why} of the name {wanted[:80]!r}. Its classes: {shown}")
    kinds = [_meaning(label) for label in labels]
    if len(labels) == 2 and kinds.count(1) <= 1 and kinds.count(0) <= 1 and kinds != [None, None]:
        return kinds.index(1) if 1 in kinds else 1 - kinds.index(0)
    raise ConfigError(
        f"the classes of {name} don't say which one is vulnerable ({shown}); name it with --vulnerable-label, or rename them "
        "in the id2label of its config.json"
    )


def _meaning(label: str) -> int | None:
    """1 for a name of the vulnerable class, 0 for one of the other, None for any other name."""
    plain = re.sub(r"[\W_]", "", label.lower())
    if plain in _BY_NUMBER:
        return _BY_NUMBER[plain]
    return 1 if plain in _VULNERABLE else 0 if plain in _NOT_VULNERABLE else None


def run_vulnerable_code(
    task: EncoderTask, items: Sequence[Item], choice: EncoderChoice, positive_label: str | None = None
) -> TaskOutcome:
    """Ask a text classifier for the probability that each function is vulnerable.

    Args:
        task: The task.
        items: n functions, ours or the user's.
        choice: The classifier.
        positive_label: Name of its vulnerable class; None where its labels say it, see `vulnerable_class`.

    Returns:
        Answers `{"vulnerable": p}`.

    Raises:
        ConfigError: The model is no text classifier, can't be loaded, or which class is the vulnerable one isn't known.
    """
    classifier = TextClassifier(choice)
    chosen = vulnerable_class(classifier.labels, positive_label, choice.label)
    probabilities = classifier.probabilities([str(item.document["func"]) for item in items], chosen)
    label = classifier.labels[chosen]
    method = {
        **classifier.describe(),
        "vulnerable_label": label,
        "threshold": THRESHOLD,
        "items": {"n": len(items), "sha256": _digest(items)},
    }
    answers = [{"vulnerable": float(row[chosen])} for row in probabilities]
    notes = tuple(_notes(classifier, label, answered=len(items), is_given=positive_label is not None))
    return TaskOutcome(task, items, answers, method, classifier.cost.as_json(), notes)


def _digest(items: Sequence[Item]) -> str:
    """Of the functions and what is right, in order."""
    content = [[item.document["func"], item.document["target"]] for item in items]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _notes(classifier: TextClassifier, label: str, answered: int, is_given: bool) -> Iterator[str]:
    if not is_given and re.sub(r"[\W_]", "", label.lower()) in _BY_NUMBER:
        yield f"The model's classes have no names that say what they are; {label} is taken for the vulnerable one."
    if long := classifier.cost.long_texts:
        how = {
            "cut": "their end is not read",
            "mean": "the mean of their windows counts",
            "max": "the window counts that is most likely vulnerable",
        }[classifier.choice.long_texts]
        yield f"{long} of {answered} functions are longer than the {classifier.limit} tokens that the model reads; {how}."
