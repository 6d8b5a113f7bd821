"""What is shown beside the score, for `leaderboard.json` and `figures.csv`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.figures.anchors import BEST_LETTER, LONGEST_OPTION, REFERENCE_GROUNDED
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.rounding import shown, shown_interval
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.pages.leaderboard.model_figures import ModelFigure, interval_of, model_figure
from sevenllm_bench.pages.leaderboard.trust_figures import CIRCULAR_TASKS, STRESS_TASKS, NoiseDrop, letters_to_json
from sevenllm_bench.text.display import plain

#: Letters of a text at most.
_MOST = 500


def trust_json(entry: Entry) -> dict[str, Any]:
    """What is shown beside the score as a JSON object, by the keys of `vocabulary.TRUST_WORDS`; without what there is none of.

    - `knowledge`: language to `acc`, and the `best_letter` with what always giving it scores (`best_letter_acc`),
      and what choosing the longest option does (`longest_option_acc`).
    - `grounded`: language to `mean`, and that of the `references`.
    - `circular`: task to `circular_acc`, `acc`, `preferences` (letter to `mean`, `low`, `high`), the letters that are
      `preferred`, and whether this is as `recorded` by the submitter.
    - `noise_drop`: language, or "both", to `clean`, `noisy`, `drop`, `error`, `rows`, `recorded`; `why_none` where noise isn't
      all that the rows differ in.
    - `probe`: `summary`, and `tests` with `name`, `language`, `effect`, `low`, `high`, `p_holm`, `finding`.
    - `audited`: `mean`, `error`, `rows`.

    Args:
        entry: The submission.
    """
    found = {
        "knowledge": _knowledge(entry),
        "grounded": _grounded(entry),
        "circular": _circular(entry),
        "noise_drop": _drops(entry),
        "probe": _probe(entry),
        "audited": _audited(entry),
    }
    return {key: value for key, value in found.items() if value}


def _whole(entry: Entry, name: str) -> float | None:
    value = entry.figures.get(name)
    return None if value is None or value.partial else value.mean


def _knowledge(entry: Entry) -> dict[str, Any]:
    return {
        language: {
            "acc": acc,
            "best_letter": BEST_LETTER[language][0],
            "best_letter_acc": BEST_LETTER[language][1],
            "longest_option_acc": LONGEST_OPTION[language],
        }
        for language in LANGUAGES
        if (acc := _whole(entry, f"{language}_mcq.acc")) is not None
    }


def _grounded(entry: Entry) -> dict[str, Any]:
    return {
        language: {"mean": mean, "references": REFERENCE_GROUNDED[language]}
        for language in LANGUAGES
        if (mean := _whole(entry, f"{language}_understanding.grounded")) is not None
    }


def _circular(entry: Entry) -> dict[str, Any]:
    letters = letters_to_json(entry.trust.letters)
    return {
        task.name: {
            metric: value.mean if (value := entry.figures.get(f"{task.name}.{metric}")) else None for metric in task.metrics[:2]
        }
        | letters[task.name]
        for task in CIRCULAR_TASKS
        if task.name in letters
    }


def _drops(entry: Entry) -> dict[str, Any]:
    trust = entry.trust
    found = {str(language): _drop(drop) for language, drop in trust.drops.items()}
    both = {"both": _drop(trust.drop)} if trust.drop else {}
    return {**found, **both, **({"why_none": list(trust.no_drop)} if trust.no_drop else {})}


def _drop(own: NoiseDrop) -> dict[str, Any]:
    fields = {"clean": own.clean, "noisy": own.noisy, "drop": own.mean}
    return {**fields, "error": own.error, "rows": own.rows, "recorded": own.recorded}


def _probe(entry: Entry) -> dict[str, Any]:
    probe = entry.trust.probe
    if probe is None:
        return {}
    tests = [
        {
            "name": test.name,
            "language": test.language,
            "effect": test.effect,
            "low": test.low,
            "high": test.high,
            "p_holm": probe.corrected[place],
            "verdict": probe.verdict(place),
            "finding": plain(probe.finding(place), _MOST),
        }
        for place, test in enumerate(probe.tests)
    ]
    return {"summary": plain(probe.summary, _MOST), "tests": tests}


def _audited(entry: Entry) -> dict[str, Any]:
    own = entry.trust.audited
    return {"mean": own.mean, "error": own.error, "rows": own.rows} if own else {}


def trust_lines(entry: Entry) -> Iterator[ModelFigure]:
    """The same figures as lines of `figures.csv`, those left out that it has anyway.

    Their names: a task in every rotation with `circular_acc`, `acc` and `preference_A` to `preference_D`; a task with noise with
    `stress_score` and `noise_drop`, and `noise_drop` over both languages; `audited.headline`; `probe.TEST.LANGUAGE`.

    Args:
        entry: The submission.
    """
    trust = entry.trust
    for task in (*CIRCULAR_TASKS, *STRESS_TASKS):
        for name in (f"{task.name}.{metric}" for metric in (task.metrics[:2] if task in CIRCULAR_TASKS else task.metrics[:1])):
            if name in entry.figures:
                yield model_figure(name, entry.figures[name])
        letters = trust.letters.get(task.name)
        for own in letters.preferences if letters else ():
            yield _line(f"{task.name}.preference_{own.letter}", own.mean, own.low, own.high)
    for language, drop in trust.drops.items():
        yield _drop_line(f"sevenllm-{language}-stress.noise_drop", drop)
    if trust.drop:
        yield _drop_line("noise_drop", trust.drop)
    if trust.audited:
        own_value = Value(trust.audited.mean, trust.audited.error, trust.audited.rows)
        yield _line(f"audited.{HEADLINE_NAME}", own_value.mean, *interval_of(own_value), rows=own_value.rows)
    for test in trust.probe.tests if trust.probe else ():
        if test.effect is not None:
            yield _line(f"probe.{test.name}.{test.language}", test.effect, test.low, test.high, test.units)


def _drop_line(name: str, drop: NoiseDrop) -> ModelFigure:
    ends = interval_of(Value(drop.mean, drop.error, drop.rows), (-1.0, 1.0))
    return _line(name, drop.mean, *ends, rows=drop.rows)


def _line(name: str, mean: float, low: float | None, high: float | None, rows: int | None = None) -> ModelFigure:
    return ModelFigure(name, "beside", name, "", mean, low, high, rows, "", shown(mean), shown_interval(low, high))
