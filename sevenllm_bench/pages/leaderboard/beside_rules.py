"""Rules about what a submission records beside its score: letters, rows with noise, a probe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sevenllm_bench.data.rows import LETTERS
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASK_VERSION, LLM_TASKS, ROTATIONS, EncoderTask
from sevenllm_bench.encoder_tasks.stress import noise_of
from sevenllm_bench.memorisation.probed_run import why_not_of
from sevenllm_bench.metrics.registry import ITEM_METRIC_VERSIONS
from sevenllm_bench.pages.leaderboard.claim import Claim
from sevenllm_bench.pages.leaderboard.item_figures import official_items
from sevenllm_bench.pages.leaderboard.record_rules import is_number, wrong_signature
from sevenllm_bench.runs.model_name import identity_of
from sevenllm_bench.runs.untrusted import dig, finite
from sevenllm_bench.submission.verify.findings import TOLERANCE
from sevenllm_bench.submission.verify.json_differences import differences
from sevenllm_bench.text.display import printable

#: Share of the answers less a quarter of them: where none is on the letter, and where all are.
_LEAST, _MOST = -1 / ROTATIONS, 1 - 1 / ROTATIONS


def whole_tasks_beside(claim: Claim, now: datetime) -> Iterator[str]:
    """A figure of a task in every rotation, or with noise, that isn't called partial: every official item, this package's way."""
    for task in LLM_TASKS:
        name, wanted = f"{task.name}.{task.metrics[0]}", official_items(task)
        value = claim.figures.get(name)
        if value is None or value.partial:
            continue
        if value.rows != wanted:
            yield f"{name} is over {value.rows or 0:,} items, the benchmark has {wanted:,}"
        yield from (f"{task.name}: {why}" for why in _wrong_record(task, wanted, dig(claim.manifest, "tasks", task.name)))


def _wrong_record(task: EncoderTask, items: int, said: Any) -> Iterator[str]:
    """What a manifest says of such a task that no whole figure of it can be made of."""
    if not isinstance(said, dict):
        yield "the manifest says nothing of it"
        return
    if not (is_number(said.get("rows"), items) and is_number(said.get("rows_in_all"), items)):
        yield f"it was not run on all of its {items:,} items"
    if said.get("output_type") not in task.output_types:
        yield f"output type {printable(said.get('output_type'), 20)}, it has {' or '.join(task.output_types)}"
    signature = said.get("signature")
    yield from wrong_signature(said.get("version"), signature, ENCODER_TASK_VERSION)
    for metric in task.metrics:
        version = dig(signature, "metrics", metric)
        if not is_number(version, ITEM_METRIC_VERSIONS[metric]):
            yield f"{metric} has version {printable(version, 20)}, this package has {ITEM_METRIC_VERSIONS[metric]}"
    noise = dig(signature, "stress")
    if task.kind == "stress" and list(differences(noise_of(signature if isinstance(signature, dict) else {}), noise, "")):
        yield f"noise {printable(noise, 60)}, this package has another version"


def possible_letters(claim: Claim, now: datetime) -> Iterator[str]:
    """What results record of letters can be, and agrees with the figures."""
    yield from claim.beside.wrong
    for task, further in claim.beside.further.items():
        why = why_impossible_letters(further) or _why_not_of_figure(claim, task, further)
        if why:
            yield f"{task} records {why}"


def why_impossible_letters(further: Any) -> str:
    """Why what results record of letters can't be; empty where it can.

    Args:
        further: What is recorded, of any type, see `encoder_tasks.mcq_circular.figures`.
    """
    position = dig(further, "position")
    if not isinstance(position, dict) or set(position) != set(LETTERS) or not all(isinstance(p, dict) for p in position.values()):
        return "no preference for each letter"
    said = {letter: position[letter].get("preference") for letter in LETTERS}
    if all(value is None for value in said.values()):
        return ""  # no question was answered
    for letter, value in said.items():
        mean, ends = finite(value), [position[letter].get(end) for end in ("low", "high")]
        low, high = map(finite, ends)
        if mean is None or not _LEAST - TOLERANCE <= mean <= _MOST + TOLERANCE:
            return f"a preference of {printable(value, 20)} for {letter}"
        if ends != [None, None] and (
            low is None
            or high is None
            or not _LEAST - TOLERANCE <= low <= mean + TOLERANCE <= high + 2 * TOLERANCE <= _MOST + 3 * TOLERANCE
        ):
            return f"an interval from {printable(ends[0], 20)} to {printable(ends[1], 20)} for {letter}"
    total = sum(number for value in said.values() if (number := finite(value)) is not None)
    return f"preferences that sum to {total:.4f}, not to 0" if abs(total) > TOLERANCE else ""


def _why_not_of_figure(claim: Claim, task: str, further: Mapping[str, Any]) -> str:
    """Why the numbers of questions by right rotations don't give `circular_acc`; empty where they do, or aren't recorded."""
    figure, counts = claim.figures.get(f"{task}.circular_acc"), further.get("right_in")
    if figure is None or counts is None:
        return ""
    numbers = [dig(counts, str(number)) for number in range(ROTATIONS + 1)]
    if not all(isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= 1 << 20 for number in numbers):
        return "no number of questions for each number of right rotations"
    whole = sum(numbers)
    if whole and abs(numbers[-1] / whole - figure.mean) > TOLERANCE:
        return f"{numbers[-1]} of {whole} questions right in every rotation, its circular_acc is {figure.mean:.4f}"
    return ""


def probe_of_model(claim: Claim, now: datetime) -> Iterator[str]:
    """A probe is of the model of the run."""
    probe = claim.beside.probe
    name, arguments, sha = (dig(claim.manifest, "model", part) for part in ("name", "arguments", "sha"))
    if probe and (why := why_not_of(probe, identity_of(name if isinstance(name, str) and name else "unnamed", arguments), sha)):
        yield f"the result of its probe is {why}"
