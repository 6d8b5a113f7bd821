"""A whole bundle with rows with noise: scored once, and not beyond the limit; only their own figures can't be confirmed then."""

import pytest
from llm_task_files import add_llm_tasks
from submission_files import make_bundle, write_true_run

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.submission.verify import rescored_tasks
from sevenllm_bench.submission.verify.verify_bundle import verify_bundle

TASKS = ("sevenllm-en-stress", "sevenllm-zh-stress")
WHY = "some answers are too long to be scored here; their values are the run's own"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """All embedded rows, and the same with noise; every second answer is right."""
    folder = tmp_path_factory.mktemp("noisy")
    benchmark = load_benchmark("embedded")

    def answer(row):
        return row.reference_text if row.id % 2 == 0 else "no idea"

    run = add_llm_tasks(write_true_run(folder / "run", benchmark.rows, answer), benchmark, None, answer)
    return make_bundle(run, folder / "bundle.zip")


def _figures(verification):
    return {finding.what: finding for finding in verification.findings if finding.check == "figures"}


def _wrong(verification):
    return [finding for finding in verification.of("differs") if finding.check in ("scores", "task figures", "figures")]


def test_answers_are_scored_once(bundle, monkeypatch):
    scored, score_items = [], rescored_tasks.score_items
    monkeypatch.setattr(rescored_tasks, "score_items", lambda task, *rest: scored.append(task.name) or score_items(task, *rest))
    verification = verify_bundle(bundle)
    assert sorted(scored) == sorted(TASKS)
    assert _wrong(verification) == []
    assert all(_figures(verification)[f"{task}.stress_score"].status == "confirmed" for task in TASKS)


def test_beyond_the_limit_their_figures_cannot_be_confirmed_and_others_can(bundle, monkeypatch):
    """With room for the English answers alone, the Chinese ones are not scored again."""
    confirmed = _figures(verify_bundle(bundle))
    groups = [name for name in confirmed if name.startswith(f"{TASKS[1]}.") and name.count(".") == 2]
    assert groups
    texts = load_benchmark("embedded").rows
    english = sum(
        len(row.reference_text if row.id % 2 == 0 else "no idea") for row in texts if row.language == "en" and row.kind != "mcq"
    )
    monkeypatch.setattr(rescored_tasks, "MOST_CHARACTERS", english)
    verification = verify_bundle(bundle)
    assert _wrong(verification) == []
    found = _figures(verification)
    assert found.keys() == confirmed.keys()
    for name, finding in found.items():
        if name.startswith(TASKS[1]):
            assert (finding.status, finding.claim, finding.detail) == ("unconfirmed", "length", WHY), name
        else:
            assert finding == confirmed[name]
