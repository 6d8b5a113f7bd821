import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.errors import PredictionsError
from sevenllm_bench.judge.calibrate import agreement, read_scores
from sevenllm_bench.judge.scores import JudgedRow, JudgeScores

FIRST = [5, 4, 4, 2, 1, 3, 4, 5, 2, 4]
SECOND = [4, 4, 5, 2, 2, 3, 1, 5, 3, 4]


def by_id(scores):
    return dict(enumerate(scores))


def test_figures_by_hand():
    found = agreement(by_id(FIRST), by_id(SECOND))
    assert (found.n, found.only_first, found.only_second) == (10, 0, 0)
    assert found.exact == pytest.approx(0.5)
    assert found.within_one == pytest.approx(0.9)
    assert found.mean_difference == pytest.approx((1 + 0 - 1 + 0 - 1 + 0 + 3 + 0 - 1 + 0) / 10)
    assert found.confusion == ((0, 1, 0, 0, 0), (0, 1, 1, 0, 0), (0, 0, 1, 0, 0), (1, 0, 0, 2, 1), (0, 0, 0, 1, 1))
    assert found.undefined == {}


def test_kappa_by_hand():
    """Scores 1 1 5 5 against 1 5 5 5: observed 16, expected (2*3 + 2*1) * 16 / 4 = 32, so kappa 0.5."""
    assert agreement(by_id([1, 1, 5, 5]), by_id([1, 5, 5, 5])).kappa == pytest.approx(0.5)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=60))
def test_figures_are_those_of_scipy_and_scikit_learn(pairs):
    from scipy.stats import pearsonr, spearmanr
    from sklearn.metrics import cohen_kappa_score, confusion_matrix

    first, second = (list(scores) for scores in zip(*pairs, strict=True))
    found = agreement(by_id(first), by_id(second))
    assert found.confusion == tuple(map(tuple, confusion_matrix(first, second, labels=[1, 2, 3, 4, 5]).tolist()))
    if len(set(first)) > 1 and len(set(second)) > 1:
        assert found.pearson == pytest.approx(pearsonr(first, second).statistic, abs=1e-9)
        assert found.spearman == pytest.approx(spearmanr(first, second).statistic, abs=1e-9)
    else:
        assert (found.pearson, found.spearman) == (None, None)
    if len({*first, *second}) > 1:
        expected = cohen_kappa_score(first, second, labels=[1, 2, 3, 4, 5], weights="quadratic")
        assert found.kappa == pytest.approx(expected, abs=1e-9)
    else:
        assert found.kappa is None
    assert set(found.undefined) == {name for name in ("pearson", "spearman", "kappa") if getattr(found, name) is None}
    assert all(found.undefined.values())


@pytest.mark.parametrize(
    ("first", "second", "undefined"),
    [
        ([4, 4, 4], [3, 4, 5], {"spearman": "all first scores are 4", "pearson": "all first scores are 4"}),
        ([3, 4, 5], [4, 4, 4], {"spearman": "all second scores are 4", "pearson": "all second scores are 4"}),
        (
            [4, 4],
            [4, 4],
            {
                "spearman": "all first scores are 4 and all second scores are 4",
                "pearson": "all first scores are 4 and all second scores are 4",
                "kappa": "all scores of both are 4",
            },
        ),
        ([3], [4], {"spearman": "fewer than two rows", "pearson": "fewer than two rows"}),
    ],
)
def test_what_is_undefined_is_none_with_the_reason(first, second, undefined):
    found = agreement(by_id(first), by_id(second))
    assert found.undefined == undefined
    assert all(getattr(found, name) is None for name in undefined)


def test_rows_without_both_scores_are_left_out_and_counted():
    found = agreement({1: 5, 2: None, 3: 4, 4: 1}, {1: 5, 2: 3, 3: 4, 9: 1, 10: 2})
    assert (found.n, found.only_first, found.only_second, found.exact) == (2, 1, 3, 1.0)


def test_a_judge_is_compared_by_row_id():
    rows = [JudgedRow(7, 5, "judge", ""), JudgedRow(8, None, "nobody", "no reply"), JudgedRow(9, 1, "rule", "empty answer")]
    found = agreement(JudgeScores(tuple(rows)).by_id, {9: 2, 7: 5, 8: 4})
    assert (found.n, found.only_first, found.only_second) == (2, 0, 1)
    assert found.mean_difference == pytest.approx(-0.5)


@pytest.mark.parametrize(("first", "second"), [({}, {}), ({1: 5}, {2: 5}), ({1: None}, {1: 5})])
def test_nothing_in_common_is_an_error(first, second):
    with pytest.raises(PredictionsError, match="no row has both scores"):
        agreement(first, second)


def test_scores_are_read(tmp_path):
    path = tmp_path / "scores.jsonl"
    path.write_text('\ufeff{"id": 1, "output": {"a": "é"}, "score": 5}\r\n\n{"score": 1, "id": 20}', encoding="utf-8")
    assert read_scores(path) == {1: 5, 20: 1}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "broken JSON"),
        ("[" * 100_000, "broken JSON"),
        ("[1]", "found list"),
        ('{"id": 1}', "found the keys id; expected"),
        ("{}", "found the keys none"),
        ('{"id": "1", "score": 4}', "id must be a whole number, found '1'"),
        ('{"id": true, "score": 4}', "id must be a whole number"),
        *(
            (f'{{"id": 1, "score": {score}}}', "score must be 1, 2, 3, 4 or 5")
            for score in ("0", "6", "4.0", "true", '"4"', "null", "NaN")
        ),
        ('{"id": 7, "score": 4}', "id 7 has a score already"),
    ],
)
def test_a_line_that_is_no_score_is_named(tmp_path, line, message):
    path = tmp_path / "scores.jsonl"
    path.write_text(f'{{"id": 7, "score": 4}}\n{line}\n', encoding="utf-8")
    with pytest.raises(PredictionsError, match=r"scores\.jsonl, line 2: ") as caught:
        read_scores(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_is_an_error(tmp_path, content):
    path = tmp_path / "scores.jsonl"
    path.write_bytes(content)
    with pytest.raises(PredictionsError, match="no scores in it"):
        read_scores(path)


def test_a_file_that_is_missing_or_no_text_is_an_error(tmp_path):
    with pytest.raises(PredictionsError, match="can't be read"):
        read_scores(tmp_path / "none.jsonl")
    with pytest.raises(PredictionsError, match="can't be read"):
        read_scores(tmp_path)
    with pytest.raises(PredictionsError, match="an empty path"):
        read_scores("")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PredictionsError, match="line 1: broken JSON"):
        read_scores(tmp_path / "binary")


def test_the_published_scores(predictions_dir):
    """1,200 judged outputs of the authors: mean 4.00, 953 fours (counted with a line tool, not with this reader)."""
    scores = read_scores(predictions_dir / "llama2-7b-judged.jsonl")
    assert len(scores) == 1_200
    assert list(scores.values()).count(4) == 953
    assert sum(scores.values()) / 1_200 == pytest.approx(4.00, abs=0.005)
    perfect = agreement(scores, scores)
    assert (perfect.spearman, perfect.pearson, perfect.kappa, perfect.exact) == pytest.approx((1, 1, 1, 1))
    assert json.dumps(perfect.confusion).count("953") == 1
