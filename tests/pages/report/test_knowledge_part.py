"""The part of a report about multiple choice without knowledge."""

import pytest
from run_files import rows_of, write_run

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.pages.report.knowledge_part import knowledge_parts, levels_without_knowledge, without_knowledge
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.stats.resampling import Draws

DRAWS = Draws(0, 200)


@pytest.mark.predictions
def test_the_official_questions_without_knowledge_and_the_authors_accuracies(data_dir, predictions_dir, expected):
    """B is right in 20 of 50 English questions, C in 20 of 50 Chinese ones; the accuracies are the authors'."""
    run = read_runs([predictions_dir / "llama2-7b.jsonl"], load=lambda: load_benchmark("official", data_dir))[0]
    (part,) = knowledge_parts([run], DRAWS)
    assert part.columns == ("Answered by", "English", "Chinese")
    assert part.rows[0] == ("one letter, always", "0.400 (B)", "0.400 (C)")
    assert part.rows[2] == ("chance", "0.250", "0.250")
    own = expected["llama2-7b"]["sections"]
    assert [cell[:5] for cell in part.rows[3][1:]] == [f"{own['en_mcq']:.3f}", f"{own['zh_mcq']:.3f}"]


def test_runs_without_questions_have_no_part(tmp_path):
    write_run(tmp_path, "run", rows_of("sevenllm_en_threat_analysis"))
    assert knowledge_parts(read_runs([tmp_path / "run"]), DRAWS) == knowledge_parts([], DRAWS) == []


def test_a_run_stands_below_the_programs_that_know_nothing(tmp_path):
    """Of 16 embedded questions the run answers every one rightly; chance is a quarter.

    Wilson's lower end for 16 of 16 is 16 / (16 + 3.8415) = 0.806.
    """
    write_run(tmp_path, "run", rows_of("sevenllm_zh_mcq"))
    (part,) = knowledge_parts(read_runs([tmp_path / "run"]), DRAWS)
    assert part.columns == ("Answered by", "Chinese")
    assert [row[0] for row in part.rows] == ["one letter, always", "the longest option", "chance", "run"]
    assert part.rows[2:] == (("chance", "0.250"), ("run", "1.000 (0.806–1.000)"))


def test_tables_have_the_level_only_where_the_runs_answered_the_same_questions(tmp_path):
    """Of the first eight English questions another share is right by the same letter."""
    rows = rows_of("sevenllm_en_mcq", "sevenllm_zh_mcq")
    english = [row for row in rows if row.language == "en"]
    write_run(tmp_path, "whole", rows)
    write_run(tmp_path, "half", english[:8])
    runs = [read_runs([tmp_path / name])[0] for name in ("whole", "half")]
    assert set(levels_without_knowledge(runs[:1])) == {"en_mcq", "zh_mcq"}
    assert set(levels_without_knowledge(runs)) == {"zh_mcq"}, "the second run has no Chinese question"
    assert [own.questions for own in without_knowledge(runs)] == [16, 16]
    assert levels_without_knowledge([]) == {}
