"""The part of a report about rows with noise: the drop where a run has both, the score alone elsewhere."""

from dataclasses import replace

import pytest
from llm_task_files import add_llm_tasks
from run_files import rows_of
from submission_files import write_true_run

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.pages.report.noise_part import noise_parts
from sevenllm_bench.runs.reader import read_runs

BENCHMARK = load_benchmark("embedded")
ROWS = [row for row in BENCHMARK.rows if row.kind != "mcq" and row.language == "en"]
#: Of each kind of row, the share that a model loses which gives up on even ids under noise.
LOST = [
    sum(row.id % 2 == 0 for row in own) / len(own)
    for own in ([row for row in ROWS if row.kind == kind] for kind in ("understanding", "generation"))
]
DROP = sum(LOST) / 2


def half(row):
    return row.reference_text if row.id % 2 else ""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One run with English rows with and without noise, and Chinese ones with noise alone; one of noise alone."""
    folder = tmp_path_factory.mktemp("noise")
    for name, rows in (("both", ROWS), ("noisy", rows_of("sevenllm_en_mcq"))):
        results = write_true_run(folder / name, rows, answer=lambda row: row.reference_text)
        add_llm_tasks(results, BENCHMARK, None, half)
    return read_runs([folder / "both", folder / "noisy"])


@pytest.fixture(scope="module")
def part(runs):
    (part,) = noise_parts(runs, 0, 500)
    return part


def test_the_drop_is_clean_less_noisy_with_interval_and_p(part):
    line = part.rows[0]
    assert line[:5] == (line[0], "English", str(len(ROWS)), "1.000", f"{1 - DROP:.3f}")
    assert line[5].startswith(f"+{DROP:.3f} (+")
    assert line[6] == "0.0020"  # 1 of 501, the least that 500 patterns give, and there is one total


def test_rows_with_noise_alone_have_their_score_and_no_drop(part):
    alone = [line for line in part.rows if line[5] == "–"]
    assert [line[1] for line in alone] == ["Chinese", "English", "Chinese"]
    assert all(line[3] == line[6] == "–" for line in alone)
    assert alone[1][4].startswith(f"{1 - DROP:.3f} (")
    assert part.sentences[-1].startswith("Where there is no drop")


def test_rows_that_differ_in_more_than_the_noise_have_no_drop(runs):
    tasks = {name: replace(task, num_fewshot=3) for name, task in runs[0].encoder_tasks.items()}
    (part,) = noise_parts([replace(runs[0], encoder_tasks=tasks)], 0, 100)
    assert [line[5] for line in part.rows] == ["–", "–"]


def test_runs_without_noise_have_no_part(runs):
    assert noise_parts([replace(runs[0], item_samples=())], 0, 100) == noise_parts([], 0, 100) == []
