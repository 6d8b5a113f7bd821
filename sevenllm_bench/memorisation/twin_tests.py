"""Tests of official texts against their twins, with the same difference of control rows as what to expect of unseen rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sevenllm_bench.catalog import Language
from sevenllm_bench.data.rows import Row
from sevenllm_bench.memorisation.probe_result import ProbeName, ProbeTest
from sevenllm_bench.memorisation.probed_model import ProbedModel
from sevenllm_bench.memorisation.twins import LONGEST, ChangeKind, names_in, shares_for, site_rates, twin_of
from sevenllm_bench.metrics.rouge import rouge_l
from sevenllm_bench.prompts import DEFAULT_STYLE, render, style_by_name
from sevenllm_bench.stats.one_sided import greater_mean
from sevenllm_bench.stats.paired import compare_paired
from sevenllm_bench.stats.resampling import Draws, generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

Part = Literal["reference", "incident", "half"]
_PARTS: dict[ProbeName, Part] = {
    "reference-tokens": "reference",
    "incident-tokens": "incident",
    "incident-completion": "half",
}
#: Longest continuation that is compared, in characters: some 100 tokens of an English or Chinese text.
_LONGEST_HALF = {"en": 400, "zh": 160}
_MAX_TOKENS = 160
_CONTINUE = {
    "en": "Continue this text word for word. Write nothing else.",
    "zh": "请逐字续写下面的文本，不要写其他内容。",
}


@dataclass(frozen=True, slots=True)
class TwinPair:
    """A text, its twin, what comes before both, and the incident text of their row."""

    incident: str
    context: str
    text: str
    twin: str


@dataclass(frozen=True, slots=True)
class Scored:
    """The mean scores of a group's texts and of their twins for each incident, and what was left out of them."""

    texts: NDArray[Any]
    twins: NDArray[Any]
    left_out: Counter[str]

    @property
    def differences(self) -> NDArray[Any]:
        """Text less twin, for each incident."""
        return self.texts - self.twins


def twin_test(
    model: ProbedModel,
    name: ProbeName,
    language: Language,
    probed: Sequence[Row],
    control: Sequence[Row],
    seed: int,
    resamples: int,
) -> ProbeTest:
    """Whether the model prefers official texts to their twins by more than it prefers control texts to theirs.

    Args:
        model: The model.
        name: "reference-tokens", "incident-tokens" or "incident-completion".
        language: Of the rows; others are left aside.
        probed: Rows that the model may have seen.
        control: Rows that it can't have seen.
        seed: Seed of twins and draws.
        resamples: Number of permutations and of bootstrap means.
    """
    groups = [_parts(rows, _PARTS[name], language) for rows in (probed, control)]
    rates = [site_rates([text for *_, text in texts], language) for texts in groups]
    scored = []
    for place, texts in enumerate(groups):
        shares = shares_for(rates[place], rates[1 - place])
        pairs = twin_pairs(texts, language, shares, seed, f"{name} {place}")
        scored.append(_scored(model, name, language, pairs, len(texts) - len(pairs)))
    ours, theirs = scored
    found = greater_mean(ours.differences, theirs.differences, seed, resamples)
    left_out = ours.left_out + Counter({f"{reason}, controls": n for reason, n in theirs.left_out.items()})
    return ProbeTest(
        name=name,
        language=language,
        units=len(ours.texts),
        controls=len(theirs.texts),
        effect=found.effect,
        low=found.interval.low,
        high=found.interval.high,
        p=found.p,
        error=found.error,
        why_not=found.why_not,
        left_out=dict(left_out),
        details=_details(ours, "official", seed, resamples) | _details(theirs, "control", seed, resamples),
    )


def _parts(rows: Sequence[Row], part: Part, language: Language) -> list[tuple[str, str, str]]:
    """Incident, context and text of each row that has that part; a text that several rows have comes once."""
    style, found = style_by_name(DEFAULT_STYLE), {}
    for row in rows:
        if row.language != language or (part == "reference" and row.kind == "mcq"):
            continue
        if part == "reference":
            found[row.reference_text] = (row.input, f"{render(row, style)}\n")
        elif part == "incident":
            found[row.input] = (row.input, "")
        elif row.input.strip():
            first, second = halves(row.input, language)
            found[second] = (row.input, first)
    return [(incident, context, text) for text, (incident, context) in found.items() if text.strip()]


def halves(text: str, language: Language) -> tuple[str, str]:
    """The first half of a text, up to the end of a word, and the beginning of the second half."""
    middle = len(text) // 2
    if language == "en":
        middle = text.find(" ", middle) if " " in text[middle:] else middle
    return text[:middle], text[middle : middle + _LONGEST_HALF[language]]


def twin_pairs(
    texts: Sequence[tuple[str, str, str]], language: Language, shares: Mapping[ChangeKind, float], seed: int, name: str
) -> list[TwinPair]:
    """Texts with their twins; texts in which nothing changes are left out.

    Args:
        texts: Incidents, contexts and texts.
        language: Of the texts.
        shares: See `twin_of`.
        seed: Seed of the twins.
        name: What else makes them other twins.
    """
    names, found = names_in([text for *_, text in texts], language), []
    for place, (incident, context, text) in enumerate(texts):
        after = context if name.startswith("incident-completion") else ""
        twin = twin_of(text, language, names, shares, generator(seed, name, language, str(place)), after)
        if twin.changes:
            found.append(TwinPair(incident, context, text[:LONGEST], twin.text))
    return found


def _scored(model: ProbedModel, name: ProbeName, language: Language, pairs: Sequence[TwinPair], unchanged: int) -> Scored:
    import numpy as np

    left_out: Counter[str] = Counter({"nothing to change": unchanged} if unchanged else {})
    if name == "incident-completion":
        answers = model.completions([(_CONTINUE[language], pair.context) for pair in pairs], _MAX_TOKENS)
        cut = [answer[: len(pair.text)] for answer, pair in zip(answers, pairs, strict=True)]
        values = [rouge_l(cut, [pair.text for pair in pairs]), rouge_l(cut, [pair.twin for pair in pairs])]
        if empty := sum(not answer.strip() for answer in answers):
            left_out["empty answers, counted as no overlap"] = empty
    else:
        both = model.token_scores([(p.context, text) for p in pairs for text in (p.text, p.twin)])
        values = [both[0::2], both[1::2]]
    # References to the same incident are alike: one value for each incident, so that the units are independent.
    by_incident: dict[str, list[tuple[float, float]]] = {}
    for pair, one, two in zip(pairs, *values, strict=True):
        if math.isfinite(one) and math.isfinite(two):
            by_incident.setdefault(pair.incident, []).append((one, two))
        else:
            left_out["no finite log-likelihood"] += 1
    means = [np.mean(scores, axis=0) for scores in by_incident.values()]
    texts, twins = np.array(means, dtype=float).reshape(-1, 2).T
    return Scored(texts, twins, left_out)


def _details(scored: Scored, group: str, seed: int, resamples: int) -> dict[str, float]:
    """The plain difference of texts and twins in a group: of no meaning by itself, since originals are more fluent."""
    if not len(scored.texts):
        return {}
    paired = compare_paired([scored.twins], [scored.texts], Draws(seed, resamples), math.inf)
    found = {f"{group}_mean": float(scored.texts.mean()), f"{group}_twin_mean": float(scored.twins.mean())}
    return found if paired.p is None else found | {f"{group}_sign_flip_p": paired.p}
