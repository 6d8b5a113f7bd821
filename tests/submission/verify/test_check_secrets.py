"""Keys in a bundle: refused in results, manifest and prompts, named in answers, which are never altered."""

import json
from dataclasses import replace

import pytest
from submission_files import (
    DECLARED,
    edit_json,
    edit_samples,
    make_bundle,
    render_plain,
    sign_again,
    small_rows,
    verify,
    write_true_run,
)

from sevenllm_bench.errors import ResultsError

KEY = "sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1w"
MCQ, SCOPE = "sevenllm_en_mcq", "sevenllm_en_impact_scope"


def secrets(bundle):
    found = [f for f in verify(bundle).findings if f.check == "secrets"]
    assert not [f for f in found if KEY in f.line]
    return [(f.what, f.status) for f in found]


def test_an_honest_bundle_has_none(bundle):
    assert secrets(bundle) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r["config"]["model_args"].update(api_key="hunter2hunter"),
        lambda r: r["config"].update(gen_kwargs=f"extra_headers=X-Api-Key:{KEY}"),
        lambda r: r["configs"][MCQ]["metadata"].update(judge_url="https://host/v1?key=hunter2"),
        lambda r: r.update(pretty_env_info=f"OS: Linux\nexport OPENAI={KEY}"),
        lambda r: r["configs"][MCQ]["metadata"].update({KEY: 1}),
    ],
)
def test_results(bundle, change):
    path = next((bundle / "run").glob("results_*"))
    edit_json(path, change)
    sign_again(bundle)
    assert (path.name, "differs") in secrets(bundle)


def test_the_manifest(bundle):
    edit_json(bundle / "manifest.json", lambda m: m["submission"].update(notes=f"run with {KEY}"))
    assert ("manifest.json", "differs") in secrets(bundle)


def test_prompts_and_answers(bundle):
    edit_samples(bundle, MCQ, lambda lines: lines[0]["arguments"]["gen_args_0"].update(arg_0=f"Use {KEY}"))
    edit_samples(bundle, SCOPE, lambda lines: lines[0].update(resps=[[f"It is {KEY}"]], filtered_resps=[f"It is {KEY}"]))
    sign_again(bundle)
    assert secrets(bundle) == [("prompts", "differs"), ("answers", "note")]


def test_what_is_submitted_without_being_altered(tmp_path):
    """Results lose their keys, answers keep theirs byte by byte, and a key in what the submitter says stops it."""
    run = write_true_run(
        tmp_path / "run",
        small_rows(),
        answer=lambda row: f"password=hunter2 {KEY}" if row.id % 2 else row.reference_text,
        change=lambda r: r["config"]["model_args"].update({"X-Api-Key": "hunter2hunter"}),
    )
    bundle = make_bundle(run, tmp_path / "b")
    (results,) = (bundle / "run").glob("results_*")
    assert json.loads(results.read_text(encoding="utf-8"))["config"]["model_args"]["X-Api-Key"] == "[removed]"
    assert "hunter2hunter" not in (bundle / "manifest.json").read_text(encoding="utf-8")
    for file in run.parent.glob("samples_*"):
        assert (bundle / "run" / file.name).read_bytes() == file.read_bytes()
    assert secrets(bundle) == [("answers", "note")]
    with pytest.raises(ResultsError, match=r"is in submission\.notes; remove it there"):
        make_bundle(run, tmp_path / "c", replace(DECLARED, notes=f"see {KEY}"))
    assert not (tmp_path / "c.zip").exists()


def test_a_key_in_the_system_instruction_stops_it(tmp_path):
    run = write_true_run(tmp_path / "run", small_rows(), prompt=lambda row: f"Use {KEY}. {render_plain(row)}")
    with pytest.raises(ResultsError, match="its prompts hold what looks like a key") as error:
        make_bundle(run, tmp_path / "b")
    assert KEY not in str(error.value)
