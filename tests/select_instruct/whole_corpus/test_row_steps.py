"""Checks over all rows of a corpus at once."""

import json
from collections import Counter

from corpus_drafts import TEXT, draft

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.select_instruct.corpus_records import Draft, document_of, record_of
from sevenllm_bench.select_instruct.settings.build_config import QualitySection
from sevenllm_bench.select_instruct.whole_corpus.row_steps import (
    BalanceLetters,
    LeaveOutLeaks,
    LeaveOutRepeatedRows,
    LimitTasks,
    with_right_option_at,
)

EMBEDDED = QualitySection(leak_guard="embedded")


def passed(step, drafts):
    return [record_of(document, Draft) for document in step.run(map(document_of, drafts))]


def rejected(tmp_path, name):
    return [json.loads(line) for line in (tmp_path / name / "00000.jsonl").read_text("utf-8").splitlines()]


def test_of_rows_that_ask_the_same_about_the_same_text_the_first_is_kept(tmp_path):
    again = draft(1, instruction="name the tools that the attackers used,  CASE 0")
    other_text = draft(2, instruction=draft(0).instruction, input=TEXT.replace("PaleMoth", "DarkMoth"))
    kept = passed(LeaveOutRepeatedRows(tmp_path), [other_text, again, draft(0)])
    assert [row.text_id for row in kept] == ["text0000", "text0002"]
    [found] = rejected(tmp_path, "repeated-row")
    assert found["id"] == again.id
    assert found["reason"].endswith(draft(0).id)


def test_rows_that_show_the_benchmark_are_left_out(tmp_path):
    row = embedded_split("test")[0]
    leaking = draft(1, input=row.input, language=row.language)
    kept = passed(LeaveOutLeaks(EMBEDDED, tmp_path), [draft(0), leaking])
    assert kept == [draft(0)]
    [found] = rejected(tmp_path, "benchmark")
    assert f"row {row.id} (embedded)" in found["reason"]
    assert found["score"] == 1.0


def test_without_a_guard_they_stay(tmp_path):
    row = embedded_split("test")[0]
    leaking = draft(1, input=row.input, language=row.language)
    assert len(passed(LeaveOutLeaks(QualitySection(leak_guard="off"), tmp_path), [draft(0), leaking])) == 2


def test_a_task_has_its_share_and_no_more(tmp_path):
    common = [draft(number) for number in range(60)]
    rare = [draft(number, category="Threat Analysis") for number in range(60, 100)]
    kept = passed(LimitTasks(0.5, 0, tmp_path), [*common, *rare])
    assert Counter(row.category for row in kept) == {"Attack Tool Identification": 50, "Threat Analysis": 40}
    assert len(rejected(tmp_path, "balance")) == 10
    assert kept == passed(LimitTasks(0.5, 0, tmp_path), [*reversed(rare), *reversed(common)])
    assert kept != passed(LimitTasks(0.5, 1, tmp_path), [*common, *rare])


def test_every_letter_is_right_equally_often_in_each_language(tmp_path):
    english = [draft(number, kind="mcq") for number in range(40)]
    chinese = [draft(number, kind="mcq", language="zh") for number in range(100, 107)]
    kept = passed(BalanceLetters(0, tmp_path), [*english, draft(200), *chinese])
    letters = {
        language: Counter(row.output for row in kept if row.kind == "mcq" and row.language == language)
        for language in ("en", "zh")
    }
    assert letters["en"] == {"A": 10, "B": 10, "C": 10, "D": 10}
    assert sorted(letters["zh"].values()) == [1, 2, 2, 2]
    assert all(row.choices[row.output] == "PaleMoth" for row in kept if row.kind == "mcq")
    assert kept[40] == draft(200)
    assert "".join(row.output for row in kept[:40]) != "ABCD" * 10


def test_options_change_places():
    moved = with_right_option_at(draft(0, kind="mcq"), "C")
    assert (moved.output, moved.choices) == ("C", {"A": "a.js", "B": "Grey Heron", "C": "PaleMoth", "D": "none"})
