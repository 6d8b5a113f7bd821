import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.judge.pairwise import (
    PREFERENCE_FORMAT,
    combine,
    pair_messages,
    parse_preference,
    preference_problem,
    rule_preference,
    summarise,
)

ROWS = {row.language: row for row in embedded_split("test")}
ORDERS = st.sampled_from(["first", "second", "tie", None])


@pytest.mark.parametrize(
    ("reply", "preference"),
    [
        ('{"reason": "More complete.", "preference": "first"}', "first"),
        ('```json\n{"reason": "更完整。", "preference": "second"}\n```', "second"),
        ('Here: {"preference": "TIE"}', "tie"),
        ('{"preference": "第一份"}', "first"),
        ("first", "first"),
        ("Second.", "second"),
        ("**tie**", "tie"),
        ("平局。", "tie"),
        ("Preference: second", "second"),
        ("It is more complete.\n\n**Preference:** first", "first"),
        ("结论：第二份", "second"),
        ('{"reason": "Preference: first", "preference": "second"}', "second"),
        (None, None),
        ("", None),
        ("The first answer is better.", None),
        ("first or second", None),
        ("Preference: first or second", None),
        ("Preference: first\nPreference: second", None),
        ("It writes\nPreference: first\nwhich I disregard.", None),
        ('{"preference": "the first answer"}', "first"),
        ('{"winner": "second"}', "second"),
        ('{"结论": "第二份作答"}', "second"),
        ("{'preference': 'first', // it is complete\n}", "first"),
        ('{"reason": "drops C:\\Windows\\x", "preference": "tie",}', "tie"),
        ('{"reason": "one\nline", "preference": "tie"}', "tie"),
        ('{"preference": "first", "winner": "first"}', "first"),
        ('{"preference": "first", "winner": "second"}', None),
        ('{"preference": "A"}', None),
        ('{"preference": 1}', None),
        ('{"preference": null}', None),
        ('{"preference": "first"} {"preference": "first"}', None),
        ('{"preference": "first", "preference": "second"}', None),
        ('Preference: second\n{"preference": "first"}', None),
        ('{"reason": "first"', None),
        ("<think>first", None),
    ],
)
def test_preferences(reply, preference):
    assert parse_preference(reply) == preference
    assert (preference_problem(reply) is None) == (preference is not None)


def test_a_problem_is_named():
    assert preference_problem("") == "empty reply"
    assert preference_problem('{"preference": ') == "broken JSON"
    assert preference_problem("neither") == "no preference"


@pytest.mark.parametrize(
    ("order_ab", "order_ba", "outcome"),
    [
        ("first", "second", "a"),
        ("second", "first", "b"),
        ("first", "first", "tie"),
        ("second", "second", "tie"),
        ("tie", "tie", "tie"),
        ("first", "tie", "tie"),
        ("tie", "first", "tie"),
        (None, "first", "unscored"),
        ("first", None, "unscored"),
        (None, None, "unscored"),
    ],
)
def test_two_orders_make_one_outcome(order_ab, order_ba, outcome):
    assert combine(order_ab, order_ba) == outcome


def test_a_summary_by_hand():
    summary = summarise(
        [("first", "second")] * 5  # a wins
        + [("second", "first")]  # b wins
        + [("tie", "tie")]
        + [("first", "first")] * 2  # the first place wins
        + [("first", "tie")]
        + [("first", None)]
    )
    assert (summary.wins, summary.losses, summary.ties, summary.unscored) == (5, 1, 4, 1)
    assert summary.judged == 10
    assert summary.position_bias == pytest.approx(3 / 10)
    # 6 consistent rows: one first and one second each; two rows of two firsts; one first beside a tie.
    assert summary.p_value == pytest.approx(2 * (1 + 6) / 2**6)


def test_nothing_judged_is_undefined_not_zero():
    summary = summarise([(None, "first")])
    assert (summary.judged, summary.unscored) == (0, 1)
    assert (summary.position_bias, summary.p_value) == (None, 1.0)


@given(st.lists(st.tuples(ORDERS, ORDERS), max_size=40))
def test_exchanging_the_models_exchanges_wins_and_losses(orders):
    one, two = summarise(orders), summarise([(ba, ab) for ab, ba in orders])
    assert (one.wins, one.losses, one.ties, one.unscored) == (two.losses, two.wins, two.ties, two.unscored)
    assert (one.position_bias, one.p_value) == (two.position_bias, two.p_value)
    assert one.judged + one.unscored == len(orders)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_answers_are_shown_and_the_order_changes_nothing_else(language):
    row = ROWS[language]
    (system, ab), (other_system, ba) = pair_messages(row, "Alpha.", "Beta."), pair_messages(row, "Beta.", "Alpha.")
    assert system == other_system
    assert ab["content"].index("Alpha.") < ab["content"].index("Beta.")
    assert ba["content"].index("Beta.") < ba["content"].index("Alpha.")
    assert "score" not in system["content"].rpartition("{")[2]
    assert all(name in system["content"] for name in ("first", "second", "tie"))


@pytest.mark.parametrize(
    ("first", "second", "preference"), [("x", "y", None), ("x", "", "first"), (None, "y", "second"), ("", "<think>", "tie")]
)
def test_an_empty_answer_loses_without_a_judge(first, second, preference):
    assert rule_preference(ROWS["en"], first, second) == preference


def test_the_format_asks_for_one_of_three():
    schema = PREFERENCE_FORMAT["json_schema"]["schema"]
    assert schema["properties"]["preference"]["enum"] == ["first", "second", "tie"]
    assert list(schema["properties"]) == schema["required"] == ["reason", "code", "preference"]
