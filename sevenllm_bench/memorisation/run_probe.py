"""A probe: every test that a model allows, in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sevenllm_bench import __version__
from sevenllm_bench.catalog import LANGUAGES, Language
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.data.embedded import Split, embedded_sha256, embedded_split
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.progress import step
from sevenllm_bench.memorisation.min_k import SHARE
from sevenllm_bench.memorisation.order_tests import option_completion_test, option_order_test, row_order_test
from sevenllm_bench.memorisation.probe_result import PROBES, ProbeName, ProbeResult, ProbeTest
from sevenllm_bench.memorisation.probed_model import ProbedModel
from sevenllm_bench.memorisation.twin_tests import twin_test
from sevenllm_bench.stats.resampling import generator

RESAMPLES = 9_999
#: The smallest window in which a row's beginning fits after another row's end.
LEAST_WINDOW = 256
#: Splits of the embedded rows that are the controls: not `train`, on which users tune; for embedded rows themselves, the others.
_CONTROLS: dict[str, tuple[Split, ...]] = {"official": ("test", "fewshot"), "embedded": ("fewshot", "train")}


def probe_model(
    model: ProbedModel,
    benchmark: Benchmark,
    seed: int = 0,
    limit: int | None = None,
    completions_only: bool = False,
    resamples: int = RESAMPLES,
) -> ProbeResult:
    """Make every test that the model allows.

    Args:
        model: The model.
        benchmark: The rows that it may have seen.
        seed: Seed of everything random.
        limit: Most rows of a language in a test, and as many controls; None for all. Drawn by seed, the order kept.
        completions_only: Whether to make only the tests that need nothing but text.
        resamples: Number of permutations and of bootstrap means.

    Raises:
        ConfigError: The model gives no log-likelihoods, and `completions_only` is not set; or its window is too small.
    """
    if not completions_only and not model.has_log_likelihoods:
        raise ConfigError(
            f"{model.identity.get('name')} gives no log-likelihoods: --completions-only makes the tests that need only text"
        )
    if model.window is not None and model.window < LEAST_WINDOW:
        raise ConfigError(
            f"{model.identity.get('name')}: a window of {model.window} tokens; these tests need {LEAST_WINDOW}. "
            "If the model reads more, add max_length=N to --model_args"
        )
    splits = _CONTROLS[benchmark.source]
    tests = _tests(model, benchmark.rows, splits, seed, limit, completions_only, resamples)
    return ProbeResult(
        package=__version__,
        seed=seed,
        resamples=resamples,
        model=model.identity,
        tests=tuple(tests),
        truncated=model.truncated,
        data={
            "probed": benchmark.description,
            "control": {"name": "sevenllm-bench embedded", "splits": list(splits), "sha256": embedded_sha256()},
        },
        settings={"limit": limit, "completions_only": completions_only, "min_k_share": SHARE},
    )


def _tests(
    model: ProbedModel,
    rows: Sequence[Row],
    splits: Sequence[Split],
    seed: int,
    limit: int | None,
    completions_only: bool,
    resamples: int,
) -> list[ProbeTest]:
    """A list, not an iterator: `truncated` is counted while the tests are made."""
    control = [row for split in splits for row in embedded_split(split)]
    found = []
    for name, language in _plan():
        if why_not := _why_not(model, name, completions_only):
            found.append(ProbeTest(name, language, 0, 0, None, None, None, None, None, why_not))
            continue
        with step(f"{name}, {language}"):
            ours = drawn(rows, language, limit, seed)
            found.append(_one(model, name, language, ours, drawn(control, language, limit, seed), seed, resamples))
    return found


def _plan() -> Iterator[tuple[ProbeName, Language]]:
    return ((name, language) for name in PROBES for language in LANGUAGES)


def _why_not(model: ProbedModel, name: ProbeName, completions_only: bool) -> str:
    needs = PROBES[name].needs
    if completions_only and needs != "text":
        return "--completions-only"
    return "needs logits, which --model hf gives" if needs == "logits" and not model.has_logits else ""


def drawn(rows: Sequence[Row], language: Language, limit: int | None, seed: int) -> list[Row]:
    """The rows of a language, or `limit` of them: neighbours in the file stay neighbours, since whole stretches are drawn.

    Multiple-choice questions are few, and all kept.

    Args:
        rows: Rows in the order of their file.
        language: Of the rows.
        limit: Most rows that are no multiple-choice questions; None for all.
        seed: Seed of the choice.
    """
    every = [row for row in rows if row.language == language]
    others = [row for row in every if row.kind != "mcq"]
    if limit is None or len(others) <= limit:
        return every
    stretches = [others[at : at + 10] for at in range(0, len(others), 10)]
    order = generator(seed, "rows", language).permutation(len(stretches))
    chosen = {row.id for row in [row for place in order for row in stretches[place]][:limit]}
    return [row for row in every if row.kind == "mcq" or row.id in chosen]


def _one(
    model: ProbedModel,
    name: ProbeName,
    language: Language,
    rows: Sequence[Row],
    control: Sequence[Row],
    seed: int,
    resamples: int,
) -> ProbeTest:
    if name == "row-order":
        return row_order_test(model, language, rows, seed, resamples)
    if name == "option-order":
        return option_order_test(model, language, rows, seed, resamples)
    if name == "option-completion":
        return option_completion_test(model, language, rows, seed, resamples)
    return twin_test(model, name, language, rows, control, seed, resamples)
