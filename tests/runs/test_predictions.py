import json

import pytest

from sevenllm_bench.errors import PredictionsError
from sevenllm_bench.runs.predictions import name_ids, read_predictions


def write(path, *records):
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records), encoding="utf-8")
    return path


def sample(row_id, text, **change):
    return {"doc_id": 0, "doc": {"id": row_id}, "resps": [[text]], "filtered_resps": [text], **change}


def test_outputs_of_any_type_and_ids_as_text(tmp_path):
    file = write(
        tmp_path / "p.jsonl",
        {"id": 1, "output": {"a": "x"}},
        "",
        {"id": "2", "output": None},
        {"id": 3, "output": "t", "score": 5},
    )
    assert read_predictions([file]).answers == {1: {"a": "x"}, 2: None, 3: "t"}


def test_coverage_names_missing_duplicate_and_unknown_ids(tmp_path):
    file = write(tmp_path / "p.jsonl", *({"id": n, "output": str(k)} for k, n in enumerate((1, 2, 2, 99))))
    predictions = read_predictions([file])
    assert predictions.answers[2] == "1", "the first answer counts"
    coverage = predictions.coverage([1, 2, 3, 4, 5])
    assert (coverage.missing, coverage.duplicates, coverage.unknown, coverage.share) == ((3, 4, 5), (2,), (99,), 0.4)
    assert coverage.lines() == [
        "answers: 2 of 5 rows (40.0 %)",
        "missing, scored 0: 3 (3-5)",
        "answered more than once, first answer counts: 1 (2)",
        "unknown, left out: 1 (99)",
    ]


def test_samples_of_lm_eval(tmp_path):
    write(tmp_path / "samples_sevenllm_en_mcq_2026-01-02T00-00-00.1.jsonl", sample(1, "A"))
    write(tmp_path / "samples_sevenllm_zh_mcq_2026-01-02T00-00-00.1.jsonl", sample(2, "B"))
    assert read_predictions([tmp_path]).answers == {1: "A", 2: "B"}


def test_runs_in_one_folder_are_not_mixed(tmp_path):
    """A later run with --limit, or other prompts, must not be filled up from an older one without a word."""
    old = write(tmp_path / "samples_sevenllm_zh_mcq_2026-01-01T00-00-00.1.jsonl", sample(2, "old"))
    new = write(tmp_path / "samples_sevenllm_en_mcq_2026-01-02T00-00-00.1.jsonl", sample(1, "new"))
    predictions = read_predictions([tmp_path])
    assert (predictions.answers, predictions.ignored) == ({1: "new"}, (str(old),))
    assert read_predictions([old, new]).answers == {1: "new", 2: "old"}, "unless they are named"


def test_folders_with_log_likelihoods_only(tmp_path):
    write(tmp_path / "samples_sevenllm-en-mcq-logprob_2026-01-01T00-00-00.1.jsonl", sample(1, "x"))
    with pytest.raises(PredictionsError, match="only samples of log-likelihoods"):
        read_predictions([tmp_path])


@pytest.mark.parametrize("path", ["", "~nobody-has-this-name/x", "x" * 5000, "a\0b"])
def test_paths_that_are_none(path):
    with pytest.raises(PredictionsError):
        read_predictions([path])


def test_samples_of_two_models_are_not_mixed(tmp_path):
    for model in ("a", "b"):
        (tmp_path / model).mkdir()
        write(tmp_path / model / "samples_sevenllm_en_mcq_2026-01-01T00-00-00.1.jsonl", sample(1, model))
    with pytest.raises(PredictionsError, match="several models; name one of"):
        read_predictions([tmp_path])
    assert read_predictions([tmp_path / "b"]).answers == {1: "b"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "no predictions in it"),
        (['{"id": 1, "output"'], "line 1: broken JSON"),
        (["[", '  {"id": 1, "output": "x"}', "]"], "p.jsonl: JSON over several lines; write each object on one line"),
        (['[{"id": 1, "output": "x"},', '{"id": 2, "output": "x"}]'], "p.jsonl: JSON over several lines"),
        (['{"id": 1,', '  "output": "x"}'], "p.jsonl: JSON over several lines"),
        (["[", '  {"id": 1, "output": "x"}'], "line 1: broken JSON"),
        ([{"id": 1, "output": "x"}, "{"], "line 2: broken JSON"),
        (["[1]"], "line 1: found list"),
        (["{}"], "found the keys none"),
        ([{"id": 1, "answer": "x"}], "found the keys id, answer"),
        ([{"id": 1, "output": "x"}, {"id": "one", "output": "x"}], "line 2: id must be a whole number, found 'one'"),
        ([{"id": True, "output": "x"}], "id must be a whole number"),
        ([{"id": 1.5, "output": "x"}], "id must be a whole number"),
        ([sample(1, "x", resps=[[[-1.0, False]], [[-2.0, False]]])], "log-likelihood"),
        ([sample(1, "x", resps=[[-1.0]])], "resps holds no text"),
        ([sample(1, "x", doc={"question": "?"})], "not SEvenLLM's"),
        (["[" * 100_000], "broken JSON"),
        ([json.dumps({"id": 1, "output": "x"}) + "\x00"], "broken JSON"),
    ],
)
def test_malformed_files_are_named_with_the_line(tmp_path, lines, message):
    with pytest.raises(PredictionsError, match=r"p\.jsonl") as caught:
        read_predictions([write(tmp_path / "p.jsonl", *lines)])
    assert message in str(caught.value)


def test_missing_files_and_folders_without_samples(tmp_path):
    with pytest.raises(PredictionsError, match="no such file or folder"):
        read_predictions([tmp_path / "nothing"])
    with pytest.raises(PredictionsError, match=r"no samples_sevenllm_"):
        read_predictions([tmp_path])


def test_binary_content_is_an_error_not_a_crash(tmp_path):
    (tmp_path / "p.jsonl").write_bytes(b"\xff\xfe\x00\x01" * 100)
    with pytest.raises(PredictionsError, match="line 1: broken JSON"):
        read_predictions([tmp_path / "p.jsonl"])


def test_ids_are_named_as_ranges():
    assert name_ids([5, 1, 2, 3, 9]) == "1-3, 5, 9"
    assert name_ids(list(range(0, 100, 2)), most=2) == "0, 2, and 48 more ranges"


@pytest.mark.parametrize(
    ("record", "answer", "remark"),
    [
        (sample(7, None), None, "no response (null), which counts as an empty answer: 1 (7)"),
        ({"id": 7, "output": None}, None, "no response (null), which counts as an empty answer: 1 (7)"),
        (sample(7, "x", resps=[["first", "second"]]), "first", "several responses to one row (repeats), the first counts: 1 (7)"),
        (sample(7, "x", resps=[["a"]]), "a", None),
        (sample(7, "x", resps=["a"]), "a", None),
        (sample(7, "x", resps=[[[["a"]]]]), "a", None),
        (
            {"id": 7, "output": {"role": "assistant", "content": None, "refusal": "I can't help with that."}},
            None,
            "refused (the message has a refusal and no content), which counts as an empty answer: 1 (7)",
        ),
        (
            {"id": 7, "output": {"role": "assistant", "content": "B", "refusal": None}},
            {"role": "assistant", "content": "B", "refusal": None},
            None,
        ),
        ({"id": 7, "output": {"content": "", "reason": "a refusal"}}, {"content": "", "reason": "a refusal"}, None),
        ({"id": 7, "output": ""}, "", None),
    ],
)
def test_one_odd_response_refuses_no_file(tmp_path, record, answer, remark):
    found = read_predictions([write(tmp_path / "p.jsonl", {"id": 1, "output": "B"}, record)])
    assert found.answers == {1: "B", 7: answer}
    assert found.remarks() == ([remark] if remark else [])
    assert found.coverage([1, 7]).missing == ()


def test_the_remark_is_about_the_answer_that_counts(tmp_path):
    found = read_predictions([write(tmp_path / "p.jsonl", sample(7, "x"), sample(7, "x", resps=[["a", "b"]]))])
    assert (found.duplicates, found.repeated) == ((7,), ())


def test_answers_in_a_file_called_results_are_answers(tmp_path):
    file = write(tmp_path / "results.json", {"id": 1, "output": "B"}, {"id": 2, "output": "C"})
    assert read_predictions([file]).answers == {1: "B", 2: "C"}


def test_files_that_are_something_else_are_named_so(tmp_path):
    """The first line of a broken file was the only thing said."""
    for name, content, words in (
        ("utf16.jsonl", '{"id": 1, "output": "B"}'.encode("utf-16"), "UTF-16 text"),
        ("pointer.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "a Git LFS pointer"),
        ("page.jsonl", b"<!doctype html><title>Sign in</title>", "a web page"),
        ("samples_sevenllm_en_mcq_2026-01-02T00-00-00.1.jsonl", b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS"),
    ):
        (tmp_path / name).write_bytes(content)
        path = tmp_path if name.startswith("samples") else tmp_path / name
        with pytest.raises(PredictionsError) as caught:
            read_predictions([path])
        assert f"{tmp_path / name}: {words}" in str(caught.value)
        (tmp_path / name).unlink()
