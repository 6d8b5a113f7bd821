"""What may be a negative: nothing of the same incident, nothing that may answer, nothing twice."""

import math

from sevenllm_bench.data.rows import Row
from sevenllm_bench.encoder_tasks.negative_mining import bm25_scores, mine_negatives
from sevenllm_bench.text.segment import words


def row(number, text, output, category="Threat Analysis", kind="generation", instruction="Explain the threat"):
    return Row(number, category, instruction, text, "", output, "en", kind)


def incident(number):
    return (
        f"Group {number} sent parcel{number} lures to clinic{number} and took{number} file{number} over{number} port {number}000."
    )


def answer(number):
    return f"Actor{number} steals file{number} because clinic{number} pays{number} and sells{number} parcel{number} soon{number}."


def test_bm25_is_lucenes_formula():
    """Robertson and Zaragoza (2009) with Lucene's idf, by hand: N 3 texts of 2, 3 and 1 words, 2 on average."""
    texts, query = ["alpha beta", "alpha alpha gamma", "delta"], "alpha delta"
    assert [len(words(text)) for text in texts] == [2, 3, 1]

    def weight(count, length, holders):
        idf = math.log(1 + (3 - holders + 0.5) / (holders + 0.5))
        return idf * count / (count + 1.5 * (1 - 0.75 + 0.75 * length / 2))

    wanted = [weight(1, 2, 2), weight(2, 3, 2), weight(1, 1, 1)]
    (found,) = bm25_scores(texts, [query])
    assert all(math.isclose(ours, theirs, abs_tol=1e-4) for ours, theirs in zip(found, wanted, strict=True))
    assert bm25_scores(texts, ["nothing known"]) == [[0.0, 0.0, 0.0]]


def test_a_task_with_enough_incidents_needs_no_other():
    rows = [row(number, incident(number), answer(number)) for number in range(1, 11)]
    mined = mine_negatives(rows)
    assert {number: sorted(others) for number, others in mined.of_row.items()} == {
        number: [other for other in range(1, 11) if other != number] for number in range(1, 11)
    }
    assert mined.filled == {}
    assert mined.left_out == {"may answer": 0, "same incident": 0, "repeats": 0}


def test_a_small_task_is_filled_up_from_its_kind_and_counted():
    rows = [row(number, incident(number), answer(number)) for number in range(1, 8)]
    rows += [row(number, incident(number), answer(number), "Risk Assessment") for number in range(8, 15)]
    rows += [
        row(number, incident(number), {"a": answer(number)}, "Time Element Acquisition", "understanding") for number in (20, 21)
    ]
    mined = mine_negatives(rows)
    assert set(mined.of_row[1][:6]) == {2, 3, 4, 5, 6, 7}
    assert set(mined.of_row[1][6:]) < set(range(8, 15))
    assert mined.filled == dict.fromkeys(range(1, 15), 3)
    assert mined.too_few == [20, 21]


def test_what_may_answer_and_the_same_incident_are_left_out():
    rows = [row(number, incident(number), answer(number)) for number in range(1, 11)]
    rows.append(row(11, incident(1), answer(11)))  # the same incident
    rows.append(row(12, incident(1) + " Later it was told again.", answer(12)))  # a retelling of it
    rows.append(row(13, incident(13), answer(1).upper()))  # the same answer
    rows.append(row(14, incident(14), answer(1) + " Really."))  # nearly the same
    mined = mine_negatives(rows)
    assert set(mined.of_row[1]) == set(range(2, 11))
    assert not {1, 11, 12} & set(mined.of_row[12])
    # Rows 13 and 14 repeat what row 1 says, so only one of the three is a negative of another row.
    assert all(len({1, 13, 14} & set(others)) <= 1 for others in mined.of_row.values())


def test_questions_with_options_are_no_rows_to_rank():
    question = {"question": "Which one?", "choice": dict.fromkeys("ABCD", "x")}
    rows = [row(number, incident(number), "A", kind="mcq", instruction=question) for number in range(1, 12)]
    assert mine_negatives(rows).of_row == {}
