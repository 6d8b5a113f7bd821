"""One submission on the leaderboard: what it is about, and its figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sevenllm_bench.catalog import KINDS, LANGUAGES
from sevenllm_bench.encoder_tasks.encoder_task import ENCODER_TASKS
from sevenllm_bench.figures.cells import HEADLINE_NAME, mean_over
from sevenllm_bench.figures.figures import combined_error
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.leaderboard.trust_figures import TrustFigures
from sevenllm_bench.stats.intervals import LEAST_ROWS
from sevenllm_bench.text.visible_names import appearance

Tuning = Literal["base", "tuned", ""]
#: The figures that the headline is the unweighted mean of.
PARTS = tuple(f"{language}_{kind}.{HEADLINE[kind]}" for language in LANGUAGES for kind in KINDS)
#: Billions of parameters from which a model counts in the next group, and the groups' names.
_SIZES = ((1, "below 1 B"), (4, "1–4 B"), (9, "4–9 B"), (20, "9–20 B"), (80, "20–80 B"))
#: The main figure of every encoder task.
ENCODER_FIGURES = tuple(f"{task.name}.{task.metrics[0]}" for task in ENCODER_TASKS)
_SIZE_IN_NAME = re.compile(r"(?<![a-z0-9.])(\d{1,4}(?:\.\d{1,3})?)b(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Value:
    """A figure.

    Attributes:
        mean: In [0, 1]; `judge` 1 to 5.
        error: Standard error; None where there is none.
        rows: Rows behind it; None where the submission doesn't say.
        partial: Why it is no figure of the whole benchmark; empty when it is.
    """

    mean: float
    error: float | None = None
    rows: int | None = None
    partial: str = ""

    @property
    def has_interval(self) -> bool:
        """Whether the standard error says something: not with few rows, nor where all of them are alike."""
        return bool(self.error) and (self.rows is None or self.rows >= LEAST_ROWS)


@dataclass(frozen=True, slots=True)
class Facts:
    """What no run says of a model.

    Attributes:
        parameters: Billions; None where not known.
        from_name: Whether `parameters` was read from the model's name.
        licence: E.g. "apache-2.0"; empty where not known.
        languages: E.g. ("en", "zh"); empty where not known.
        tuning: Whether it is a base model or a tuned one; empty where not known.
        encoder: Whether it is an encoder, which can't generate; None where not known.
    """

    parameters: float | None = None
    from_name: bool = False
    licence: str = ""
    languages: tuple[str, ...] = ()
    tuning: Tuning = ""
    encoder: bool | None = None

    @property
    def size_group(self) -> str:
        """The group of its size, for the filter."""
        if self.parameters is None:
            return "unknown"
        return next((name for limit, name in _SIZES if self.parameters < limit), "80 B and more")


@dataclass(frozen=True, slots=True)
class RankBand:
    """The ranks that an entry may have, as far as its rows can tell.

    Attributes:
        best: The best of them, from 1.
        worst: The worst of them.
        paired: Whether they come from paired tests over rows; else from intervals.
    """

    best: int
    worst: int
    paired: bool = True


@dataclass(frozen=True, slots=True)
class BoardCheck:
    """What the verification of a submission found.

    Attributes:
        result: "verified": everything that can be computed again was, and agrees. "as submitted": it can't be verified.
            "refused": something differs.
        date: Day of the check, as "2026-01-31".
        version: Version of this package that checked it.
        why: What differs, what can't be confirmed, or why it can't be verified.
    """

    result: Literal["verified", "as submitted", "refused"]
    date: str
    version: str
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A submission.

    Attributes:
        name: The model: its repository on the Hub, or its name in the run; with what makes another model of it, as in
            "org/model (load_in_4bit=True)".
        repository: Its repository on the Hub; empty where there is none.
        revision: Commit or revision; empty where not known.
        date: When it was run, or else submitted, as "2026-01-31"; empty where not known.
        moment: The same to the second, in UTC; empty where not known.
        by: Who ran it.
        protocol: Prompt, number of few-shot examples, and what isn't as usual: chat template, limit, sampling, other rows.
        command: How to repeat it.
        source: Model type in lm-eval, e.g. "hf".
        path: Where the submission lies, from what was given: no path of the machine that builds the page.
        figures: Name ("headline", "en_mcq.acc", "sevenllm_en_mcq.acc") to figure.
        facts: What is known of the model.
        sketches: Sketches of its answers by row, see `submission.copies`.
        like_references: Kinds of row of which more answers are the references than can be expected, with the share.
        marks: What a reader must know of its answers, see `with_marks`.
        cost: What encoder tasks cost: "parameters", "texts_per_second", "peak_memory_bytes", where they are known.
        id: A short name for the submission that stays the same in every build, from its content.
        refused: Why it has no rank though it has a headline: in what it contradicts itself or the benchmark.
        row_scores: Section to row id to the value of the headline's metric; empty where there are no samples.
        band: The ranks that it may have; None for an entry without a rank.
        notes: What the submitter says of it.
        source_url: Where the run can be seen, an address of the web; empty where the submitter names none.
        check: What verification found; None where it wasn't verified.
        trust: What is shown beside the score of whether it can be trusted; no rank goes by it.
    """

    name: str
    repository: str = ""
    revision: str = ""
    date: str = ""
    moment: str = ""
    by: str = ""
    protocol: str = ""
    command: str = ""
    source: str = ""
    path: str = ""
    figures: Mapping[str, Value] = field(default_factory=dict)
    facts: Facts = Facts()
    sketches: Mapping[int, str] = field(default_factory=dict)
    like_references: Mapping[str, float] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    cost: Mapping[str, float] = field(default_factory=dict)
    id: str = ""
    refused: tuple[str, ...] = ()
    row_scores: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    band: RankBand | None = None
    notes: str = ""
    source_url: str = ""
    check: BoardCheck | None = None
    trust: TrustFigures = field(default_factory=TrustFigures)

    @property
    def seen_name(self) -> str:
        """The name as a reader sees it, without capitals: names that look alike are one model's."""
        return appearance(self.name).casefold()

    @property
    def key(self) -> tuple[str, str]:
        """What a newer submission must share to replace this one: model and protocol."""
        return (self.seen_name, self.protocol)

    @property
    def headline(self) -> float | None:
        """The headline over every official row; None for a partial run, and for one that is refused or can't be verified."""
        value = self.figures.get(HEADLINE_NAME)
        return value.mean if value and not value.partial and not self.refused and not self.is_unverified else None

    @property
    def is_unverified(self) -> bool:
        """Whether verification was asked for and couldn't compute its figures again: nobody's word gives a rank then."""
        return self.check is not None and self.check.result == "as submitted"

    @property
    def why_unranked(self) -> str:
        """Why it has no rank; empty when it has one."""
        value = self.figures.get(HEADLINE_NAME)
        if self.refused:
            return "; ".join(self.refused)
        if self.headline is not None:
            return ""
        if value is None or value.partial or self.check is None:
            return value.partial if value else "a section has no figures"
        return "; ".join(["its figures could not be computed again", *self.check.why])

    @property
    def has_encoder_tasks(self) -> bool:
        """Whether it has a figure of a task that encoders can run."""
        return any(name in self.figures for name in ENCODER_FIGURES)

    @property
    def whole_encoder_figures(self) -> list[str]:
        """Those of them that are over all official items, or all of the task's own."""
        return [name for name in ENCODER_FIGURES if name in self.figures and not self.figures[name].partial]

    @property
    def why_no_encoder_figure(self) -> str:
        """Why its figures of encoder tasks aren't in the table."""
        reasons = {self.figures[name].partial: None for name in ENCODER_FIGURES if name in self.figures}
        return "; ".join(reason for reason in reasons if reason)

    @property
    def is_encoder(self) -> bool:
        """Whether it belongs to the encoders: known to be one, or run on log-likelihoods alone."""
        if self.facts.encoder is not None:
            return self.facts.encoder
        generated = any(name.startswith("sevenllm_") for name in self.figures)
        return "encoder" in self.source or (bool(self.figures) and not generated)

    def group(self, wanted: str) -> Value | None:
        """The unweighted mean of the headline's parts of one language or kind; None where one is missing or partial.

        Args:
            wanted: "en", "zh", "understanding", "generation" or "mcq".
        """
        names = [name for name in PARTS if wanted in name.partition(".")[0].split("_")]
        values = [self.figures.get(name) for name in names]
        whole = [value for value in values if value is not None and not value.partial]
        if len(whole) != len(names):
            return None
        error = combined_error([value.error for value in whole])
        return Value(mean_over([[value.mean] for value in whole]), error, sum(value.rows or 0 for value in whole) or None)


def size_in_name(name: str) -> float | None:
    """Billions of parameters that a model's name tells ("Qwen3-8B" is 8); None where it tells none, or several."""
    found = {float(match) for match in _SIZE_IN_NAME.findall(name.replace("_", "-"))}
    return found.pop() if len(found) == 1 else None
