"""Files made from the run, each against the same file made again."""

import json

import pytest

from sevenllm_bench.submission.verify import check_formats as module


def test_a_file_made_from_the_run(tmp_path):
    def told_of(wanted, name="a.json"):
        found = module._format("hub results", tmp_path, name, wanted)
        return found.check, found.what, found.status, found.detail

    assert told_of([]) == ("hub results", "a.json", "confirmed", "no figure of the run qualifies, and none is there")
    assert told_of({"a": 1}) == ("hub results", "a.json", "differs", "missing")
    (tmp_path / "a.json").write_text('{"a": 1, "b": [1, 2, 3, 4, 5]}')
    assert told_of([]) == ("hub results", "a.json", "differs", "there, though no figure of the run qualifies")
    assert told_of({"a": 1, "b": [1, 2, 3, 4, 5]}) == ("hub results", "a.json", "confirmed", "")
    assert told_of({"a": 1, "b": [5, 4, 3, 2, 1]})[2:] == (
        "differs",
        "4 values differ: .b[0]: 1, expected 5, .b[1]: 2, expected 4, .b[3]: 4, expected 2 and 1 more",
    )
    (tmp_path / "a.json").write_text('{"a": 1}' + " " * 70_000)
    assert told_of({"a": 1})[2] == "confirmed"
    (tmp_path / "a.json").write_text('{"a": ')
    assert told_of({"a": 1})[2:][1].startswith("a.json: broken JSON")
    (tmp_path / "a.yaml").write_text("a: [1")
    assert told_of({"a": 1}, "a.yaml")[3].startswith("a.yaml: broken YAML")
    (tmp_path / "a.yaml").write_text("a: 1" + " " * (65_536 - 4))
    assert told_of({"a": 1}, "a.yaml")[2] == "confirmed"
    (tmp_path / "a.yaml").write_text("a: 1" + " " * (65_536 - 3))
    assert told_of({"a": 1}, "a.yaml")[3] == "a.yaml: 65,537 bytes, too large for this file"


@pytest.mark.parametrize(
    ("lines", "detail"),
    [
        (['{"a": 1}', "", '{"a": 2}'], ""),
        (['{"a": 1}'], "1 values differ: line 2: missing"),
        (['{"a": 1}', '{"a": 3}'], "1 values differ: line 2.a: 3, expected 2"),
        (['{"a": 1}', '{"a": 2}', "{}"], "1 values differ: more lines than the run has rows and metrics"),
        (["{", '{"a": 2}'], "1 values differ: line 1: broken JSON"),
    ],
)
def test_lines_of_instances(tmp_path, lines, detail):
    (tmp_path / "i.jsonl").write_text("\n".join(lines))
    found = module._instances(tmp_path / "i.jsonl", "i.jsonl", iter([{"a": 1}, {"a": 2}]))
    assert (found.check, found.what, found.status) == ("every_eval_ever", "i.jsonl", "differs" if detail else "confirmed")
    assert found.detail.startswith(detail)


def test_of_many_lines_that_differ_some_hundred_are_read(tmp_path):
    (tmp_path / "i.jsonl").write_text("\n".join(json.dumps({"a": 0}) for _ in range(500)))
    found = module._instances(tmp_path / "i.jsonl", "i.jsonl", iter([{"a": 1}] * 500))
    assert found.detail.startswith("101 values differ: line 1.a: 0, expected 1, line 2.a")
    (tmp_path / "i.jsonl").write_text("\n".join(json.dumps({"a": 0}) for _ in range(100)))
    found = module._instances(tmp_path / "i.jsonl", "i.jsonl", iter([{"a": 1}] * 100 + [{"a": 0}]))
    assert found.detail.endswith("98 more")
