"""Prompts of encoder tasks that lm-eval ran: as generated, altered, missing, with something around them."""

from dataclasses import replace

import encoder_run_files
import pytest

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.prompts import STYLES, entity_prompt, render, render_code, render_entities
from sevenllm_bench.runs.locate import find_runs
from sevenllm_bench.runs.reader import read_run
from sevenllm_bench.submission.verify.check_item_prompts import check_item_prompts

STYLE = STYLES["alpaca"]
OWN = {"name": STYLE.name, "version": STYLE.version, "sha256": STYLE.sha256}
TASKS = {
    "sevenllm-en-entities": (
        entity_prompt("en", STYLE),
        lambda item: render_entities(item.document["text"], "en", STYLE),
    ),
    "sevenllm-zh-answer-ranking": (OWN, lambda item: render(load_benchmark("embedded").by_id[item.id], STYLE)),
    "sevenllm-vulnerable-code": (
        OWN,
        lambda item: render_code(item.document["func"], STYLE, vulnerable_first=item.document["pair"] % 2 == 0),
    ),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    encoder_run_files.write(folder, lambda item: None, tuple(TASKS), limit=4)
    return read_run(find_runs([folder])[0])


def run_of(written, task, around="{}", said=None, shots=0):
    """The run of one task as lm-eval's, with each prompt put into `around`; None for no prompt."""
    prompt, rendered = TASKS[task]
    own = replace(written.encoder_tasks[task], output_type="x", num_fewshot=shots, prompt=prompt if said is None else said)
    samples = [sample for sample in written.item_samples if sample.task == task]
    sent = [replace(s, prompt=None if around is None else around.replace("{}", rendered(s.item))) for s in samples]
    return replace(written, encoder_tasks={task: own}, item_samples=tuple(sent))


def told(run, system=None):
    (finding,) = check_item_prompts(run, {"embedded": load_benchmark("embedded"), "official": None}, system)
    return finding.status, finding.detail


@pytest.mark.parametrize("task", TASKS)
def test_prompts_as_generated_and_others(written, task):
    assert told(run_of(written, task)) == ("confirmed", "4 prompts")
    status, detail = told(run_of(written, task, "{} Hint: it is the first."))
    assert (status, detail.partition(":")[0]) == ("differs", "4 prompts are not the generated ones")
    assert told(run_of(written, task, "Say what?", shots=2))[0] == "differs"
    assert told(run_of(written, task, None)) == ("unconfirmed", "4 samples have no prompt")
    status, detail = told(run_of(written, task, "An example.\n\n{}", shots=1))
    assert (status, detail.partition(";")[0]) == ("unconfirmed", "4 prompts contain the generated one")


def test_a_system_instruction_and_an_unknown_prompt(written):
    run = run_of(written, "sevenllm-en-entities", "Be brief.\n\n{}")
    assert told(run, "Be brief.") == ("confirmed", "4 prompts")
    assert told(run)[0] == "differs"
    unknown = run_of(written, "sevenllm-en-entities", said=OWN)
    assert told(unknown) == (
        "unconfirmed",
        f"the results name prompt 'alpaca', version {STYLE.version!r}, which this package can't generate",
    )


def test_encoders_are_sent_no_prompt(written):
    assert list(check_item_prompts(written, {})) == []
