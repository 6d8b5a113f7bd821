"""A run of the embedded English MCQ rows with right prompts, for checks of verification to spoil."""

from dataclasses import replace

from run_files import rows_of

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.catalog import leaf_by_name
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.prompts import STYLES, render
from sevenllm_bench.runs.records import LeafRun, Model, Run, Sample, Settings

MCQ = "sevenllm_en_mcq"
STYLE = STYLES["alpaca"]
ROWS = rows_of(MCQ)
IDS = [row.id for row in ROWS]
PROMPT = {"name": STYLE.name, "version": STYLE.version, "sha256": STYLE.sha256}
SETTINGS = Settings(limit=None, chat_template=None, system_instruction=None)


def a_run(sampled=ROWS, settings=SETTINGS, prompt=None, **leaf):
    samples = tuple(
        Sample(MCQ, row, render(row, STYLE) if prompt is None else prompt(row), "A", {}, {}, read_answer("A", "mcq"))
        for row in sampled
    )
    record = LeafRun(
        MCQ,
        leaf_by_name(MCQ),
        rows=len(sampled),
        rows_in_all=len(ROWS),
        num_fewshot=0,
        prompt=PROMPT,
        signature={"data": load_benchmark("embedded").description, "language": "en"},
    )
    return Run("m", Model("m", "hf"), settings, {MCQ: replace(record, **leaf)}, samples)


def told(findings):
    return [(f.check, f.status, f.detail) for f in findings]
