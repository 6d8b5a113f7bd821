"""What is shown of a submission beside its score: from its rows where it has them, else as it was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sevenllm_bench.catalog import SECTION_ROWS, Language
from sevenllm_bench.comparison.circular_figures import letter_preferences
from sevenllm_bench.comparison.stress_pairs import setting_differences
from sevenllm_bench.data.audit_records import load_audit
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
from sevenllm_bench.figures.cells import mean_over
from sevenllm_bench.figures.figures import combined_error, standard_error
from sevenllm_bench.memorisation.probe_result import ProbeResult
from sevenllm_bench.metrics.registry import HEADLINE, OPTIONAL_FOR
from sevenllm_bench.pages.leaderboard.beside_rules import probe_of_model, why_impossible_letters
from sevenllm_bench.pages.leaderboard.claim import OFFICIAL, Claim
from sevenllm_bench.pages.leaderboard.entry import Value
from sevenllm_bench.pages.leaderboard.trust_figures import (
    CIRCULAR_TASKS,
    STRESS_TASKS,
    AuditedScore,
    LetterFigures,
    NoiseDrop,
    TrustFigures,
)
from sevenllm_bench.runs.encoder_records import EncoderTaskRun
from sevenllm_bench.runs.records import LeafRun
from sevenllm_bench.runs.unknown import UNKNOWN
from sevenllm_bench.runs.untrusted import dig

_Scores = Mapping[str, Mapping[int, float]]


def trust_of(claim: Claim, figures: Mapping[str, Value], now: datetime) -> TrustFigures:
    """What is shown of a submission beside its score.

    Args:
        claim: What it says.
        figures: The figures that count, see `derived_figures`.
        now: The time, as for the rules.
    """
    scores: _Scores = claim.rows.scores if claim.rows else {}
    drops: dict[Language, NoiseDrop] = {}
    differ: dict[str, None] = {}
    for task in STRESS_TASKS:
        drop = _drop(task, claim, figures)
        if drop is None or task.language is None:
            continue
        if reasons := _differences(claim.manifest, task):
            differ |= dict.fromkeys(reasons)
        else:
            drops[task.language] = drop
    return TrustFigures(_letters(claim, figures), drops, tuple(differ), _audited(claim.manifest, scores), _probe(claim, now))


def _probe(claim: Claim, now: datetime) -> ProbeResult | None:
    """The result of a probe of the submission's own model; one of another is a reason to refuse it, and is not shown."""
    return None if any(probe_of_model(claim, now)) else claim.beside.probe


def _letters(claim: Claim, figures: Mapping[str, Value]) -> dict[str, LetterFigures]:
    """By its answers where there are any; else as recorded, where that can be."""
    derived = claim.rows.letters if claim.rows else {}
    found = {}
    for task in CIRCULAR_TASKS:
        if task.name in derived:
            found[task.name] = derived[task.name]
        elif f"{task.name}.{task.metrics[0]}" in figures:
            further = claim.beside.further.get(task.name)
            found[task.name] = LetterFigures(() if why_impossible_letters(further) else letter_preferences(further), True)
    return found


def _drop(task: EncoderTask, claim: Claim, figures: Mapping[str, Value]) -> NoiseDrop | None:
    """The drop of a language by its pairs of rows, or by whole figures that were recorded; None where there is neither."""
    sections = [f"{task.language}_{kind}" for kind in OPTIONAL_FOR]
    if claim.rows and any(section in claim.rows.noisy for section in sections):
        return _paired(claim.rows.scores, claim.rows.noisy, sections)
    noisy = figures.get(f"{task.name}.{task.metrics[0]}")
    clean = [figures.get(f"{task.language}_{kind}.{HEADLINE[kind]}") for kind in OPTIONAL_FOR]
    whole = [value for value in (noisy, *clean) if value is not None and not value.partial]
    if noisy is None or len(whole) <= len(clean) or noisy.rows != sum(SECTION_ROWS[section] for section in sections):
        return None
    return NoiseDrop(mean_over([[value.mean] for value in whole[1:]]), noisy.mean, recorded=True)


def _paired(scores: _Scores, noisy: _Scores, sections: list[str]) -> NoiseDrop | None:
    """The drop over the rows that are there without and with noise; None where a section has none of them."""
    pairs = [
        [(before, own[row]) for row, before in scores.get(section, {}).items() if row in own]
        for section in sections
        for own in [noisy.get(section, {})]
    ]
    if not all(pairs):
        return None
    errors = [standard_error([before - after for before, after in own]) for own in pairs]
    clean, noise = (mean_over([[pair[place] for pair in own] for own in pairs]) for place in (0, 1))
    return NoiseDrop(clean, noise, combined_error(errors), sum(map(len, pairs)))


def _differences(manifest: Mapping[str, Any], task: EncoderTask) -> list[str]:
    """What a task with noise differs in from those without, beside the noise."""
    stressed = EncoderTaskRun(task.name, task, **_settings(manifest, task.name))
    clean = [
        LeafRun(leaf.name, leaf.leaf, **_settings(manifest, leaf.name))
        for leaf in OFFICIAL
        if leaf.leaf.language == task.language and leaf.kind in OPTIONAL_FOR and dig(manifest, "tasks", leaf.name) is not None
    ]
    return setting_differences([(leaf, stressed) for leaf in clean])


def _settings(manifest: Mapping[str, Any], task: str) -> dict[str, Any]:
    """What shapes a task's answers, as a manifest describes it; what it doesn't say, or says wrongly, is unknown."""
    said = dig(manifest, "tasks", task)
    shots, generation, prompt = dig(said, "num_fewshot"), dig(said, "generation"), dig(said, "prompt")
    return {
        "num_fewshot": shots if isinstance(shots, int) else UNKNOWN,
        "generation": generation if isinstance(generation, dict) else UNKNOWN,
        "prompt": prompt if isinstance(prompt, dict) else {},
        "signature": signature if isinstance(signature := dig(said, "signature"), dict) else {},
    }


def _audited(manifest: Mapping[str, Any], scores: _Scores) -> AuditedScore | None:
    """The headline over the audited rows; None where a section has none, or other rows than those audited were run."""
    if len(scores) < len(SECTION_ROWS):
        return None
    audit = load_audit()
    hashes = (dig(manifest, "tasks", task.name, "signature", "data", "sha256") for task in OFFICIAL)
    if any(isinstance(sha, str) and not audit.is_of(sha) for sha in hashes):
        return None
    strata = [[value for row, value in scores[section].items() if row in audit.sound] for section in SECTION_ROWS]
    if not all(strata):
        return None
    return AuditedScore(mean_over(strata), combined_error([standard_error(own) for own in strata]), sum(map(len, strata)))
