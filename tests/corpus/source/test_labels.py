"""Dirty category labels, mapped by hand to the tasks that a reader would take them for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.catalog import TASKS, task_by_name
from sevenllm_bench.corpus.source.labels import OTHER, category_of


def test_the_names_themselves_in_both_languages():
    for task in TASKS:
        assert category_of(task.name) == category_of(task.name_zh) == task.name


@pytest.mark.parametrize(
    ("label", "task"),
    [
        ("threat analysis", "Threat Analysis"),
        ("THREAT_ANALYSIS", "Threat Analysis"),
        ("  Threat - Analysis ", "Threat Analysis"),
        ("Threat Analyss", "Threat Analysis"),
        ("Threat Analysis.", "Threat Analysis"),
        ("Ｔｈｒｅａｔ Analysis", "Threat Analysis"),
        ("Risk Assessments", "Risk Assessment"),
        ("Attack Tools Identification", "Attack Tool Identification"),
        ("Encryption Decryption Algorithm Identification", "Encryption-Decryption Algorithm Identification"),
        ("Vulnerability Infomation Extraction", "Vulnerability Information Extraction"),
        ("威 胁 分 析", "Threat Analysis"),
        ("恶意软件特征提取。", "Malware Feature Extraction"),
    ],
)
def test_a_label_that_means_a_task(label, task):
    assert category_of(label) == task


@pytest.mark.parametrize(
    "label",
    [
        "Threat Intelligence",
        "Attack Method Analysis",
        "Attack Fingerprint Identification",
        "Analysis",
        "Threat",
        "威胁情报",
        "攻击分析",
        "",
        " ",
        "\0",
        "?",
        "😀",
        "Other",
        "\ud800",
    ],
)
def test_a_label_that_means_none(label):
    assert category_of(label) == OTHER


def test_a_long_label_that_begins_with_a_known_one():
    assert category_of("Threat Analysis " * 5_000) == OTHER


@given(st.text(st.characters(), max_size=120))
def test_any_text_has_a_category(label):
    category = category_of(label)
    assert category == OTHER or task_by_name(category)
