import pytest

from sevenllm_bench.catalog import (
    ASK_FOR_EXTRACTION,
    LEAVES,
    SECTION_ROWS,
    TASKS,
    Leaf,
    leaf_by_name,
    leaf_of,
    nearest_name,
    task_by_name,
)


def test_the_paper_has_13_understanding_and_15_generation_tasks():
    assert [task.number for task in TASKS] == list(range(1, 29))
    assert [task.kind for task in TASKS] == ["understanding"] * 13 + ["generation"] * 15


def test_names_are_unique_and_complete():
    for names in ([t.name for t in TASKS], [t.name_zh for t in TASKS], [t.slug for t in TASKS], [t.definition for t in TASKS]):
        assert len(set(names)) == 28
        assert all(names)
    assert all("\u4e00" <= task.name_zh[0] <= "\u9fff" for task in TASKS)
    assert all(task.definition_zh.endswith("。") for task in TASKS)


def test_official_counts_add_up_to_the_sections_of_the_paper():
    for kind in ("understanding", "generation"):
        rows = [task.official_rows for task in TASKS if task.kind == kind]
        # 791 and 823 ask for extraction, but their category is a generation task.
        assert sum(en for en, _ in rows) == (298 if kind == "understanding" else 302)
        assert sum(zh for _, zh in rows) == 300


def test_58_leaves_of_which_13_have_no_official_rows():
    assert len({leaf.name for leaf in LEAVES}) == len(LEAVES) == 58
    empty = {leaf.task.number for leaf in LEAVES if not leaf.is_official and leaf.language == "en"}
    assert empty == {2, 9, 14, 18, 23}
    assert {leaf.task.number for leaf in LEAVES if not leaf.is_official and leaf.language == "zh"} == {
        2,
        7,
        9,
        10,
        14,
        23,
        26,
        28,
    }


def test_leaf_names():
    assert leaf_by_name("sevenllm_en_encryption_decryption_algorithm_identification").task.number == 10
    assert leaf_by_name("sevenllm_zh_mcq") == Leaf("zh", "mcq")
    assert leaf_by_name("sevenllm_fr_mcq") is None
    assert leaf_of("zh", "mcq", "Threat Analysis").name == "sevenllm_zh_mcq"
    assert leaf_of("en", "understanding", "Protection Strategy Research").name == "sevenllm_en_protection_strategy_research"


@pytest.mark.parametrize(
    ("name", "near"),
    [("Threat Analysys", "Threat Analysis"), ("threat_analysis", "Threat Analysis"), ("Impact", "Impact Scope"), ("zzz", None)],
)
def test_nearest_name(name, near):
    assert nearest_name(name) == near
    assert task_by_name(name) is None


@pytest.mark.data
def test_rows_by_section_and_the_two_that_ask_for_something_else(official_rows):
    from collections import Counter

    assert Counter(row.section for row in official_rows) == SECTION_ROWS
    asking = {row.id: row.leaf.name for row in official_rows if row.kind not in ("mcq", row.leaf.kind)}
    assert asking == ASK_FOR_EXTRACTION
    counted = Counter(row.leaf.name for row in official_rows if row.kind == row.leaf.kind)
    assert counted == {leaf.name: leaf.official_rows_scored for leaf in LEAVES if leaf.is_official}
