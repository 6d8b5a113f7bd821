import json
import math
import random
import re

import pytest
from sklearn import metrics as reference

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.encoder_tasks import vulnerable_code
from sevenllm_bench.encoder_tasks.encoder_task import Item, encoder_task_by_name
from sevenllm_bench.encoder_tasks.vulnerable_code import (
    answer_from_responses,
    auc,
    figures,
    items_from_file,
    score,
    vulnerable_option,
)
from sevenllm_bench.errors import DataError

TASK = encoder_task_by_name("sevenllm-vulnerable-code")
ITEMS = vulnerable_code.items(TASK, load_benchmark("embedded"))


def made(targets, pairs=None, groups=None):
    pairs, groups = pairs or [None] * len(targets), groups or ["c"] * len(targets)
    rows = zip(targets, pairs, groups, strict=True)
    return [
        Item(i, group, "file", {"func": "x", "target": target, "pair": pair, "cwe": f"CWE-{target}"})
        for i, (target, pair, group) in enumerate(rows, 1)
    ]


def said(*probabilities):
    return [{"vulnerable": p} for p in probabilities]


def test_one_half_says_vulnerable():
    assert score(made([1, 1, 0, 0]), said(0.5, 0.4999, 0.5, 0.4999)) == [{"code_acc": value} for value in (1.0, 0.0, 0.0, 1.0)]


@pytest.mark.parametrize(
    "answer",
    [None, 1, "1", [], {}, {"vulnerable": None}, {"vulnerable": True}, {"vulnerable": "0.9"}, {"vulnerable": -0.1},
     {"vulnerable": 1.1}, {"vulnerable": math.nan}, {"vulnerable": math.inf}, {"vulnerable": 10**400}, {"vulnerable": [1]}],
)  # fmt: skip
def test_what_is_no_probability_is_wrong_whatever_is_right(answer):
    items = made([1, 0], pairs=[1, 1])
    assert score(items, [answer, answer]) == [{"code_acc": 0.0}, {"code_acc": 0.0}]
    found = figures(items, [answer, answer])
    assert (found["unanswered"], found["accuracy"], found["f1"], found["auc"]) == (2, 0.0, 0.0, 0.0)
    assert found["pairs"] == {"n": 1, "both_right": 0.0, "ordered": 0.0, "tied": 0.0}
    json.dumps(found, allow_nan=False)


def test_figures_equal_those_of_scikit_learn():
    chance = random.Random(7)
    targets = [chance.randint(0, 1) for _ in range(300)]
    probabilities = [chance.choice([0.0, 0.2, 0.5, 0.7, chance.random()]) for _ in targets]
    groups = [chance.choice(["c", "go"]) for _ in targets]
    found = figures(made(targets, groups=groups), said(*probabilities))
    called = [int(p >= 0.5) for p in probabilities]
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(targets, called), abs=1e-12)
    assert found["precision"] == pytest.approx(reference.precision_score(targets, called), abs=1e-12)
    assert found["recall"] == pytest.approx(reference.recall_score(targets, called), abs=1e-12)
    assert found["f1"] == pytest.approx(reference.f1_score(targets, called), abs=1e-12)
    assert found["auc"] == pytest.approx(reference.roc_auc_score(targets, probabilities), abs=1e-12)
    go = [i for i, group in enumerate(groups) if group == "go"]
    part = [[values[i] for i in go] for values in (targets, probabilities, called)]
    assert found["by_language"]["go"]["n"] == len(go)
    assert found["by_language"]["go"]["auc"] == pytest.approx(reference.roc_auc_score(part[0], part[1]), abs=1e-12)
    assert found["by_language"]["go"]["accuracy"] == pytest.approx(reference.accuracy_score(part[0], part[2]), abs=1e-12)
    assert found["by_cwe"]["CWE-1"]["accuracy"] == pytest.approx(reference.recall_score(targets, called), abs=1e-12)
    assert found["ties"] == probabilities.count(0.5) > 0


def test_figures_of_pairs_by_hand():
    items = made([1, 0, 0, 1, 1, 0, 1, 0, 1], pairs=[1, 1, 2, 2, 3, 3, 4, 4, 5])
    # Pair 1: both right. 2: ordered, though both are called vulnerable. 3: tied. 4: the wrong way round. 5: one function only.
    found = figures(items, said(0.9, 0.1, 0.6, 0.8, 0.7, 0.7, 0.2, 0.3, 0.9))
    assert found["pairs"] == {"n": 4, "both_right": 0.25, "ordered": 0.5, "tied": 0.25}


def test_one_class_or_nothing_has_no_area():
    assert auc([0.1, 0.2], [1, 1]) is None
    assert auc([], []) is None
    found = figures([], [])
    assert (found["n"], found["accuracy"], found["pairs"]["n"]) == (0, 0.0, 0)


def write(path, *records):
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_functions_of_the_users_own(tmp_path):
    rows = (
        {"func": "int f(void);", "target": 1, "language": "c", "cwe": "CWE-787", "pair": "a", "commit": [1, 2]},
        "",
        {"func": "def f(): pass", "target": False},
        {"func": "f()", "label": True, "pair": 3},
        {"func": "g()", "target": 0, "label": "patched"},
    )
    items = items_from_file(write(tmp_path / "own.jsonl", *rows))
    assert [(item.id, item.group, item.source) for item in items] == [
        (1, "c", "file"), (3, "unknown", "file"), (4, "unknown", "file"), (5, "unknown", "file")
    ]  # fmt: skip
    assert [item.document["target"] for item in items] == [1, 0, 1, 0]
    assert items[0].document["commit"] == [1, 2]
    assert items[3].document["label"] == "patched"
    assert score(items, said(1, 0, 1, 0)) == [{"code_acc": 1.0}] * 4


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2: broken JSON"),
        ("[1]", r"line 2: expected an object with func and target, found \[1\]"),
        ({"target": 1}, "line 2: func must be the code of a function, found nothing"),
        ({"func": " ", "target": 1}, "line 2: func must be the code"),
        ({"func": 5, "target": 1}, "line 2: func must be the code of a function, found 5"),
        ({"func": "f()"}, "line 2: neither target nor label is in it"),
        ({"func": "f()", "target": 2}, "line 2: target must be 0, 1, false or true, found 2"),
        ({"func": "f()", "target": "1"}, "line 2: target must be 0, 1, false or true, found '1'"),
        ({"func": "f()", "target": None, "label": 1}, "line 2: target must be"),
        ('{"func": "f()", "target": NaN}', "line 2: target must be"),
        ({"func": "f()", "label": "vulnerable"}, "line 2: label must be"),
        ({"func": "f()", "target": 1, "language": 5}, "line 2: language must be text, found 5"),
        ({"func": "f()", "target": 1, "pair": [1]}, "line 2: pair must be text or a number"),
        ("[" * 100_000, "line 2: broken JSON"),
    ],
    ids=str,
)
def test_lines_that_are_no_functions(tmp_path, line, reason):
    with pytest.raises(DataError, match=reason):
        items_from_file(write(tmp_path / "own.jsonl", {"func": "f()", "target": 1}, line))


def test_files_that_are_no_functions(tmp_path):
    with pytest.raises(DataError, match="no functions in it"):
        items_from_file(write(tmp_path / "empty.jsonl", "", "  "))
    with pytest.raises(DataError, match="can't be read"):
        items_from_file(tmp_path / "missing.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"func": "\xe4", "target": 1}')
    with pytest.raises(DataError, match="line 1: not UTF-8 at byte 10"):
        items_from_file(tmp_path / "latin.jsonl")
    odd = write(tmp_path / "odd.jsonl", {"func": "\0\u202e中文" + "x" * 100_000, "target": 1})
    assert len(items_from_file(odd)) == 1


@pytest.mark.parametrize(
    "document", [{}, {"target": "1"}, {"target": [1]}, {"target": None}, {"target": 2}, {"target": math.nan}]
)
def test_items_of_a_damaged_samples_file_are_wrong_whatever_is_said(document):
    items = [Item(4, "c", "file", document), *made([1])]
    for p in (0.0, 0.5, 1.0):
        assert score(items, said(p, 1.0)) == [{"code_acc": 0.0}, {"code_acc": 1.0}]
        found = figures(items, said(p, 1.0))
        assert (found["unanswered"], found["accuracy"], found["auc"]) == (1, 0.5, 0.0)


def test_odd_pairs_and_names_in_a_samples_file_are_no_pairs():
    documents = [{"target": 1, "pair": [1], "cwe": {"a": 1}}, {"target": 0, "pair": [1], "cwe": None}]
    items = [Item(i, "c", "file", document) for i, document in enumerate(documents)]
    assert figures(items, said(1, 0))["pairs"]["n"] == 0


def test_answers_from_the_log_likelihoods_of_two_options():
    # Pair 2 is asked with vulnerable as A, pair 3 with vulnerable as B. ln 3 more is three times as likely.
    first, second = made([1, 1], pairs=[2, 3])
    assert answer_from_responses(first, [(-1.0, True), (-1.0 - math.log(3), False)]) == {"vulnerable": pytest.approx(0.75)}
    assert answer_from_responses(second, [["-1.0", "True"], [str(-1.0 - math.log(3)), "False"]]) == {
        "vulnerable": pytest.approx(0.25)
    }
    assert answer_from_responses(first, [-2.0, -2.0]) == {"vulnerable": 0.5}
    assert answer_from_responses(first, [-9_000.0, 0.0]) == {"vulnerable": 0.0}
    assert answer_from_responses(first, [0.0, -9_000.0]) == {"vulnerable": 1.0}
    assert answer_from_responses(first, [-math.inf, -1.0]) == {"vulnerable": 0.0}
    for rubbish in (None, [], [1.0], "ab", [None, -1.0], [math.nan, 0.0], [-math.inf, -math.inf], ["x", 1.0], [[], []], {"a": 1}):
        assert answer_from_responses(first, rubbish) is None


def test_each_letter_is_right_as_often_as_the_other():
    right = [vulnerable_option(item) if item.document["target"] else 1 - vulnerable_option(item) for item in ITEMS]
    assert sum(right) == 50
    by_pair = {item.document["pair"]: set() for item in ITEMS}
    for item in ITEMS:
        by_pair[item.document["pair"]].add(vulnerable_option(item))
    assert sum(options == {0} for options in by_pair.values()) == sum(options == {1} for options in by_pair.values()) == 25


def test_items_are_the_same_each_time_and_with_each_benchmark():
    again = vulnerable_code.items(TASK, load_benchmark("embedded"))
    assert [(item.id, item.document) for item in again] == [(item.id, item.document) for item in ITEMS]
    assert [item.id for item in ITEMS] == sorted({item.id for item in ITEMS})
    assert {item.source for item in ITEMS} == {"own"}


def test_there_are_fifty_pairs_in_five_languages():
    by_pair = {}
    for item in ITEMS:
        by_pair.setdefault(item.document["pair"], []).append(item)
    assert len(by_pair) == 50
    for pair in by_pair.values():
        assert sorted(item.document["target"] for item in pair) == [0, 1]
        assert len({(item.group, item.document["cwe"], item.document["cwe_name"]) for item in pair}) == 1
        assert pair[0].document["func"] != pair[1].document["func"]
    counts = {language: sum(item.group == language for item in ITEMS) for language in vulnerable_code.LANGUAGES_OF_CODE}
    assert counts == dict.fromkeys(("c", "python", "java", "php", "go"), 20)
    assert len({item.document["cwe"] for item in ITEMS}) >= 40
    assert all(8 <= len(item.document["func"].splitlines()) <= 40 for item in ITEMS)


# What a scanner that knows no code would go by: calls that are often misused, and words that belong to checks.
RISKY = re.compile(
    r"\b(?:strcpy|strcat|sprintf|snprintf|gets|memcpy|malloc|free|system|popen|eval|exec|shell|pickle|loads|unserialize|include"
    r"|readObject|forName|md5|sha1|random|rand|HTML|InsecureSkipVerify|ReadAll|query|search)\b"
)
CAREFUL = re.compile(
    r"(?i)escape|sanitiz|valid|check|prepare|bind|quote|secure|equals|realpath|normalize|allowed|known|limit|max|==="
)


def share_of_pairs_by(value):
    """Share of pairs whose vulnerable function has the larger value; a tie counts half."""
    by_pair = {}
    for item in ITEMS:
        by_pair.setdefault(item.document["pair"], {})[item.document["target"]] = value(item.document["func"])
    return sum((pair[1] > pair[0]) + (pair[1] == pair[0]) / 2 for pair in by_pair.values()) / len(by_pair)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (len, "longer"),
        (lambda func: func.count("\n"), "more lines"),
        (lambda func: len(RISKY.findall(func)), "risky calls"),
        (lambda func: -len(CAREFUL.findall(func)), "fewer words of checks"),
        (lambda func: -func.count("if"), "fewer conditions"),
        (lambda func: -func.count("return"), "fewer returns"),
    ],
)
def test_what_needs_no_understanding_of_code_tells_little(value, name):
    assert 0.4 <= share_of_pairs_by(value) <= 0.6, name


def test_the_first_of_a_pair_is_as_often_the_one_as_the_other():
    first = {}
    for item in ITEMS:
        first.setdefault(item.document["pair"], item.document["target"])
    assert 0.35 <= sum(first.values()) / len(first) <= 0.65


def test_words_learned_from_other_pairs_tell_little():
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    funcs, targets = [item.document["func"] for item in ITEMS], [item.document["target"] for item in ITEMS]
    learner = make_pipeline(CountVectorizer(token_pattern=r"\w+|[^\w\s]", binary=True), LogisticRegression(max_iter=2_000))
    groups = [item.document["pair"] for item in ITEMS]
    called = cross_val_predict(learner, funcs, targets, groups=groups, cv=GroupKFold(25))
    assert sum(called == targets) / len(targets) < 0.6


def test_comments_tell_no_answer():
    telling = re.compile(r"(?i)vulnerab|unsafe|insecure\b|attack|exploit|inject|\bbug\b|\bfix|cwe|safe\b|bypass|malicious")
    assert not [item.id for item in ITEMS if telling.search(item.document["func"])]
    assert not [item.id for item in ITEMS if re.search(r"(?m)(^|\s)(//|#|/\*)", item.document["func"])]
