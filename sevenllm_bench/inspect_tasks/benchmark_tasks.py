"""The tasks that Inspect finds by the entry point `sevenllm_bench`: all rows, or those of one language."""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai import Task, task
from inspect_ai.model import GenerateConfig
from inspect_ai.solver import generate

from sevenllm_bench.catalog import LANGUAGES, LEAVES, TASK_VERSION, Language, Leaf
from sevenllm_bench.data.benchmark import SOURCES, Benchmark, load_benchmark
from sevenllm_bench.errors import ConfigError, unknown_name
from sevenllm_bench.inspect_tasks.row_samples import samples_of
from sevenllm_bench.inspect_tasks.row_scorer import sevenllm_metrics
from sevenllm_bench.metrics.signature import signature
from sevenllm_bench.prompts import DEFAULT_STYLE, PromptStyle, style_by_name
from sevenllm_bench.runs.inspect_record import MOST_TOKENS, RECORD_KEY, record_of
from sevenllm_bench.runs.run_block import RunBlock


@task
def sevenllm(
    dataset: str = "official",
    prompt: str = DEFAULT_STYLE,
    data_dir: str | None = None,
    reasoning_end: str = "",
    stop_at_template: bool = False,
) -> Task:
    """The official 1,300 rows in both languages, or the embedded rows of the same tasks.

    Args:
        dataset: "official" or "embedded".
        prompt: How rows are put to the model: "alpaca", "paper" or "cot".
        data_dir: Folder of the official test.jsonl; default: SEVENLLM_DATA_DIR, else the Hub.
        reasoning_end: What ends the model's reasoning, for a form that isn't known; empty for the known ones.
        stop_at_template: Stop where the prompt's template begins again. For base models; a chat model ends by itself, and
            some servers refuse stop strings.

    Returns:
        The task. Its model gets one user message per row, nothing before it, at temperature 0, with 2,000 tokens to answer.

    Raises:
        ConfigError: An option has an unknown value.
        DataError: The official rows are not available.
    """
    return _task("sevenllm", LANGUAGES, dataset, prompt, data_dir, reasoning_end, stop_at_template)


@task
def sevenllm_en(
    dataset: str = "official",
    prompt: str = DEFAULT_STYLE,
    data_dir: str | None = None,
    reasoning_end: str = "",
    stop_at_template: bool = False,
) -> Task:
    """The English rows; see `sevenllm`."""
    return _task("sevenllm_en", ["en"], dataset, prompt, data_dir, reasoning_end, stop_at_template)


@task
def sevenllm_zh(
    dataset: str = "official",
    prompt: str = DEFAULT_STYLE,
    data_dir: str | None = None,
    reasoning_end: str = "",
    stop_at_template: bool = False,
) -> Task:
    """The Chinese rows; see `sevenllm`."""
    return _task("sevenllm_zh", ["zh"], dataset, prompt, data_dir, reasoning_end, stop_at_template)


def _task(
    name: str,
    languages: Sequence[Language],
    dataset: str,
    prompt: str,
    data_dir: str | None,
    reasoning_end: str,
    stop_at_template: bool,
) -> Task:
    if dataset not in SOURCES:
        raise ConfigError(unknown_name("dataset", dataset, SOURCES))
    style = style_by_name(prompt)
    benchmark = load_benchmark("official", data_dir) if dataset == "official" else load_benchmark("embedded")
    leaves = [leaf for leaf in LEAVES if leaf.is_official and leaf.language in languages]
    return Task(
        name=name,
        dataset=samples_of(benchmark, leaves, style),
        solver=generate(),
        scorer=sevenllm_metrics(reasoning_end=reasoning_end),
        config=GenerateConfig(
            temperature=0.0, max_tokens=MOST_TOKENS, stop_seqs=style.stop_strings if stop_at_template else None
        ),
        version=TASK_VERSION,
        metadata={RECORD_KEY: _record(benchmark, leaves, style, reasoning_end)},
    )


def _record(benchmark: Benchmark, leaves: Sequence[Leaf], style: PromptStyle, reasoning_end: str) -> dict[str, object]:
    """What the log says of each task: the block that the harness's results have, and its number of rows."""
    shown = {"name": style.name, "version": style.version, "sha256": style.sha256}
    return record_of(
        {
            leaf.name: (
                RunBlock(signature(leaf.kind, leaf.language, benchmark.description, reasoning_end), shown),
                len(benchmark.of_leaf(leaf)),
            )
            for leaf in leaves
        }
    )
