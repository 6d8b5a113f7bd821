"""What a verification adds to its checks: samples that are read, notes, hints; every expected finding written out by hand."""

from dataclasses import replace

import pytest
from run_files import rows_of
from submission_files import (
    DECLARED,
    LEAVES,
    differing,
    edit_json,
    half_right,
    make_bundle,
    packed,
    read_lines,
    sign_again,
    small_rows,
    verify,
    write_lines,
    write_true_run,
)

from sevenllm_bench import __version__
from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.catalog import leaf_by_name
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.runs.records import LeafRun, Model, Problem, Run, Sample, Settings
from sevenllm_bench.submission.layout import Limits
from sevenllm_bench.submission.verify import verify_bundle as module
from sevenllm_bench.submission.verify.check_scores import Rescored
from sevenllm_bench.submission.verify.findings import Finding

MCQ, EVENTS = "sevenllm_en_mcq", "sevenllm_en_time_element_acquisition"
MODEL = Model("m", "hf", {"pretrained": "an-org/a-model"}, sha="abc")
NO_BUNDLE = ("model", "m", "note", "that this model wrote these answers can't be inferred from a bundle")


def a_run(**changes):
    return replace(Run("m", MODEL, Settings(use_cache=None), {}, ()), **changes)


def told(findings):
    return [(f.check, f.what, f.status, f.detail) for f in findings]


@pytest.mark.parametrize(
    ("sha", "revision", "lines"),
    [
        ("abc", None, []),
        ("abc", "abc", []),
        ("abc", "def", [("model", "m", "differs", "revision def is declared, the run says abc")]),
        ("", "def", [("model", "m", "unconfirmed", "revision def is what the submitter says")]),
        ("", None, [("model", "m", "note", "no revision is recorded")]),
    ],
)
def test_revisions(sha, revision, lines):
    run = a_run(model=replace(MODEL, sha=sha))
    assert told(module._notes(run, replace(DECLARED, revision=revision))) == [NO_BUNDLE, *lines]


@pytest.mark.parametrize(
    ("repository", "arguments", "lines"),
    [
        ("an-org/a-model", {"pretrained": "an-org/a-model"}, []),
        (None, {}, []),
        (
            "an-org/other",
            {"pretrained": "an-org/a-model"},
            ["an-org/other is what the submitter says; loaded was an-org/a-model"],
        ),
        ("an-org/other", {}, ["an-org/other is what the submitter says; loaded was no such name"]),
    ],
)
def test_repositories(repository, arguments, lines):
    run = a_run(model=replace(MODEL, arguments=arguments))
    expected = [("model", "m", "unconfirmed", f"the repository {line}") for line in lines]
    assert told(module._notes(run, replace(DECLARED, repository=repository))) == [NO_BUNDLE, *expected]


def test_other_things_worth_knowing():
    run = a_run(model=replace(MODEL, source="sevenllm-replay"), settings=Settings(use_cache="db"), other_tasks=("mmlu",))
    assert told(module._notes(run, DECLARED)) == [
        NO_BUNDLE,
        ("model", "m", "unconfirmed", "the answers were replayed from a file; the model was not run then"),
        ("settings", "answer cache", "note", "used; lm-eval's key for an answer doesn't name the model"),
        ("results", "other tasks", "note", "not SEvenLLM's, not looked at: mmlu"),
    ]


def test_problems_of_the_reader():
    problems = (Problem("no-prompt", MCQ, "no prompt"), Problem("duplicate", MCQ, "row 3 came twice", 2))
    assert told(module._problems(a_run(problems=problems))) == [
        ("samples", MCQ, "differs", "row 3 came twice (2 times; the first is given)")
    ]


def test_samples_files_that_are_read(tmp_path):
    (tmp_path / "run").mkdir()
    for name, line in {"run/a.jsonl": "x" * 10, "run/b.jsonl": "x" * 11, "run/c.json": "y", "d.jsonl": "z"}.items():
        (tmp_path / name).write_text(f"s\n{line}\ns\n")
    (tmp_path / "run" / "e.jsonl").write_text("")
    names = ["run/a.jsonl", "run/b.jsonl", "run/c.json", "run/e.jsonl", "d.jsonl"]
    found = list(module._readable(tmp_path, names, Limits(line_bytes=11)))
    assert [name for name in found if isinstance(name, str)] == ["run/a.jsonl", "run/e.jsonl"]
    assert told(f for f in found if isinstance(f, Finding)) == [
        ("samples", "run/b.jsonl", "differs", "a line of more than 11 bytes; not read")
    ]


def test_a_samples_file_with_an_endless_line_is_named_and_its_rows_are_missing(tmp_path):
    bundle = make_bundle(write_true_run(tmp_path / "r", small_rows()), tmp_path / "b")
    path = next((bundle / "run").glob(f"samples_{MCQ}_*.jsonl"))
    with path.open("a", encoding="utf-8") as file:
        file.write("x" * 70_000 + "\n")
    sign_again(bundle)
    found = module.verify_bundle(packed(bundle), limits=Limits(line_bytes=69_999))
    lines = {(f.check, f.what) for f in found.of("differs")}
    assert ("samples", f"run/{path.name}") in lines
    assert ("coverage", MCQ) in lines
    assert ("rows", EVENTS) not in lines


@pytest.mark.parametrize(("names", "count"), [([], 0), (["run/a.json", "run/b.json"], 2), (["a.json", "run/a.jsonl"], 0)])
def test_a_bundle_has_one_results_file(tmp_path, names, count):
    with pytest.raises(ResultsError, match=f"{count} results files in run/, a bundle has one"):
        module._run_files(tmp_path, names, set())


def test_tasks_and_sections_that_could_not_be_scored():
    rows = [*rows_of(MCQ)[:2], *rows_of(EVENTS)[:1]]
    samples = tuple(Sample(row.leaf.name, row, "p", "", {}, {}, read_answer("", row.kind)) for row in rows)
    assert module._unscored(Rescored(samples, {MCQ: [rows[0].id]}), []) == {MCQ, "en_mcq"}
    assert module._unscored(Rescored(samples, {}), []) == frozenset()


@pytest.mark.parametrize(
    ("check", "status", "version", "hint"),
    [
        ("hub results", "differs", "0.0.1", f" (made with sevenllm-bench 0.0.1, this is {__version__})"),
        ("model-index", "differs", "0.0.1", f" (made with sevenllm-bench 0.0.1, this is {__version__})"),
        ("every_eval_ever", "differs", "0.0.1", f" (made with sevenllm-bench 0.0.1, this is {__version__})"),
        ("hub results", "confirmed", "0.0.1", ""),
        ("hub results", "differs", __version__, ""),
        ("figures", "differs", "0.0.1", ""),
    ],
)
def test_files_of_another_version_get_a_hint(check, status, version, hint):
    (found,) = module._hinted([Finding(check, "x", status, "why")], {"sevenllm_bench": version})
    assert found.detail == f"why{hint}"


def test_a_true_bundle_has_nothing_that_differs_and_each_check_once(tmp_path):
    bundle = make_bundle(write_true_run(tmp_path / "r", small_rows()), tmp_path / "b.zip")
    found = verify(bundle)
    assert (found.label, found.counts["differs"], found.counts["unconfirmed"]) == ("an-org/a-model", 0, 0)
    counted = {check: sum(f.check == check and f.status == "confirmed" for f in found.findings) for check in ("data", "rows")}
    assert counted == {"data": 6, "rows": 6}
    assert [f.detail for f in found.findings if f.check == "every_eval_ever"] == ["", ""]
    assert {f.what.partition(".")[0] for f in found.findings if f.of_task} == {*LEAVES}


def test_errors_name_the_bundle_and_what_was_left_out(tmp_path):
    bundle = make_bundle(write_true_run(tmp_path / "r", small_rows()), tmp_path / "b")
    edit_json(bundle / "manifest.json", lambda manifest: manifest.pop("created"))
    (bundle / "odd name").write_text("x")
    with pytest.raises(ResultsError) as error:
        verify(bundle)
    first, second = str(error.value).splitlines()[:2]
    assert first == f'{packed(bundle)}: manifest.json: "created" is no time (like 2026-01-31T12:00:00Z)'
    assert second.startswith("bundle: odd name: not taken: ")


def test_a_leaf_of_the_embedded_rows_and_one_of_the_official():
    from sevenllm_bench.submission.verify.check_rows import source_of

    leaf = LeafRun(MCQ, leaf_by_name(MCQ))
    assert source_of(leaf) == "embedded"
    assert source_of(replace(leaf, signature={"data": {"name": "SEvenLLM-Bench"}})) == "official"


def test_a_null_response_is_an_empty_answer_and_no_fault(tmp_path):
    """As lm-eval writes it where a chat server gives no text: scored as an empty answer."""
    run = write_true_run(tmp_path / "run", small_rows(), lambda row: "" if row.id % 5 == 0 else half_right(row))
    for path in run.parent.glob("samples_*"):
        lines = [{**line, "resps": [[line["resps"][0][0] or None]]} for line in read_lines(path)]
        write_lines(path, lines)
    found = verify(make_bundle(run, tmp_path / "b.zip"))
    assert differing(found) == []
    notes = [finding for finding in found.of("note") if finding.check == "samples"]
    assert "no text from the model for row" in notes[0].detail
