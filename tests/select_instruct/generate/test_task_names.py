"""Names that models give to tasks, and the tasks that they mean."""

import pytest

from sevenllm_bench.catalog import TASKS
from sevenllm_bench.select_instruct.corpus_records import TaskChoice
from sevenllm_bench.select_instruct.generate.option_letters import without_own_letters
from sevenllm_bench.select_instruct.generate.quotas import most_per_excerpt, spread
from sevenllm_bench.select_instruct.generate.task_names import task_meant
from sevenllm_bench.select_instruct.settings.build_config import SelectSection


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.slug)
def test_the_catalogue_means_itself_in_both_languages(task):
    assert task_meant(task.name) == (task, False)
    assert task_meant(task.name_zh) == (task, False)
    assert task_meant(task.slug) == (task, True)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("threat analysis", "Threat Analysis"),
        ("20. Risk Assessment", "Risk Assessment"),
        ("Key Entities Recognition", "Key Entity Recognition"),
        ("Key Entity Recognition (关键实体识别)", "Key Entity Recognition"),
        ("Behavioural Pattern Analysis", "Behavioral Pattern Analysis"),
        ("Encryption/Decryption Algorithm Identification", "Encryption-Decryption Algorithm Identification"),
        ("“Summary generation”", "Summary Generation"),
        ("Malware Features Extraction", "Malware Feature Extraction"),
        ("漏洞信息提取", "Vulnerability Information Extraction"),
        ("任务 3：重要事件抽取", "Important Event Extraction"),
    ],
)
def test_names_that_are_nearly_right_are_repaired(given, name):
    task, repaired = task_meant(given)
    assert (task and task.name, repaired) == (name, True)


@pytest.mark.parametrize(
    "given", ["Cooking Advice", "Threat Assessment", "Analysis", "", "???", "x" * 5000, "翻译", "Sentiment Analysis"]
)
def test_other_names_are_refused(given):
    assert task_meant(given) == (None, False)


def choices(*tasks, kind="understanding"):
    return [TaskChoice(kind=kind, task=task, thought="t") for task in tasks]


def names(spread_choices):
    return [[choice.task for choice in group] for group in spread_choices]


def test_excerpts_take_turns_until_the_text_has_its_most():
    picked = [choices("a", "b", "c"), choices("a", "d"), choices("e", "f")]
    assert names(spread(picked, SelectSection(extraction=4))) == [["a", "b"], ["d"], ["e"]]


def test_what_a_poor_excerpt_does_not_give_a_rich_one_does():
    picked = [choices("a"), choices("b", "c", "d", "e")]
    assert names(spread(picked, SelectSection(extraction=4))) == [["a"], ["b", "c", "d"]]


def test_kinds_have_quotas_of_their_own_and_none_means_none():
    picked = [[*choices("a", "b"), *choices("g", "h", kind="generation"), *choices("a", kind="mcq")]]
    assert names(spread(picked, SelectSection(extraction=1, generation=0, mcq=1))) == [["a", "a"]]


def test_an_excerpt_is_asked_for_its_share_and_one_more():
    assert most_per_excerpt(SelectSection(), 1) == {"understanding": 4, "generation": 3, "mcq": 1}
    assert most_per_excerpt(SelectSection(), 3) == {"understanding": 3, "generation": 2, "mcq": 1}
    assert most_per_excerpt(SelectSection(mcq=0), 9) == {"understanding": 2, "generation": 2, "mcq": 0}


def test_letters_of_options_go_only_where_all_have_one_of_their_own():
    assert without_own_letters(["A. one", "B) two", "(C) three", "D：four"]) == ("one", "two", "three", "four")
    assert without_own_letters(["1. one", "2. two", "3. three", "4. four"]) == ("one", "two", "three", "four")
    same = ("A. one", "A. two", "B. three", "C. four")
    assert without_own_letters(same) == same
    assert without_own_letters(["C: drive", "D: drive", "network", "USB"]) == ("C: drive", "D: drive", "network", "USB")
