import json

import pytest
from corpus_samples import corpus, draft, rejected

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.delivery.review.decisions import (
    DECISIONS_FORMAT,
    apply_decisions,
    build_sha256,
    read_decisions,
    row_sha256,
)
from sevenllm_bench.select_instruct.delivery.training_record import as_delivered

REJECTED = [(row, f"{row.findings[0].check}: {row.findings[0].reason}") for row in rejected()]


def entry(row, action, **changes):
    return {"id": row.id, "sha256": row_sha256(row), "action": action, **changes}


def saved(tmp_path, *entries, **fields):
    path = tmp_path / "decisions.json"
    own = {"format": DECISIONS_FORMAT, "build": build_sha256(corpus()), "decisions": list(entries)}
    path.write_text(json.dumps(own | fields, ensure_ascii=False), encoding="utf-8")
    return path


def applied(tmp_path, *entries, rejections=REJECTED):
    return apply_decisions(corpus(), rejections, read_decisions(saved(tmp_path, *entries)))


def test_without_decisions_everything_stays(tmp_path):
    assert applied(tmp_path) == (corpus(), REJECTED)


def test_a_rejected_row_leaves_the_corpus(tmp_path):
    rows = corpus()
    accepted, refused = applied(tmp_path, entry(rows[1], "reject"))
    assert [row.id for row in accepted] == [row.id for row in rows[:1] + rows[2:]]
    assert refused == [(rows[1], "review: rejected by a person"), *REJECTED]


def test_an_accepted_row_says_that_a_person_accepted_it(tmp_path):
    accepted, _ = applied(tmp_path, entry(corpus()[0], "accept"))
    assert [row.review for row in accepted] == ["accepted", "", "", "", "", ""]


def test_a_row_that_a_check_rejected_comes_in_at_the_end(tmp_path):
    """The check was about the words "the text above"; the row fits the format."""
    accepted, refused = applied(tmp_path, entry(REJECTED[1][0], "accept"))
    assert accepted[-1].id == REJECTED[1][0].id
    assert (accepted[-1].review, accepted[-1].findings) == ("accepted", REJECTED[1][0].findings)
    assert refused == REJECTED[:1]


def test_an_edited_row_carries_that_a_person_edited_it(tmp_path):
    row = REJECTED[0][0]
    output = {"found": "3 March 2031", "x": "14:20 UTC"}
    accepted, refused = applied(tmp_path, entry(row, "edit", output=output, instruction="Find the times."))
    before = {"instruction": row.instruction, "output": row.output}
    changes = {"output": output, "instruction": "Find the times.", "review": "edited", "unedited": before}
    assert accepted[-1] == row.model_copy(update=changes)
    assert row_sha256(accepted[-1]) == row_sha256(row)
    assert refused == REJECTED[1:]


def test_an_edit_that_fits_no_row_stays_rejected_with_the_reason(tmp_path):
    accepted, refused = applied(tmp_path, entry(corpus()[0], "edit", output={"found": "5 March 2031"}))
    assert len(accepted) == 5
    assert refused[0][1] == "review: edited by a person, but '5 March 2031' is not in the incident text"


def test_what_shows_the_benchmark_cannot_be_accepted(tmp_path):
    row = draft(id="leaking")
    accepted, refused = applied(tmp_path, entry(row, "accept"), rejections=[(row, "benchmark: its input shows row 7")])
    assert len(accepted) == 6
    assert refused == [(row, "benchmark: its input shows row 7 (a person's decision changes nothing in that)")]


def test_unknown_rows_are_named(tmp_path):
    entries = [entry(draft(id=f"none {number:02}"), "accept") for number in range(12)]
    with pytest.raises(ConfigError, match=r"rows that this build doesn't have: none 00, none 01, .*none 09 and 2 more"):
        applied(tmp_path, *entries)


def test_rows_of_another_build_are_named(tmp_path):
    other = corpus()[0].model_copy(update={"thought": "Another thought."})
    with pytest.raises(ConfigError, match=f"rows that are written otherwise now: {other.id}; the file is of another build"):
        applied(tmp_path, entry(other, "accept"))


def test_the_hash_is_that_of_the_row_as_delivered():
    """The page shows prose with its full stop; the stage before it has none."""
    row = draft(kind="generation", output="Cut both servers off")
    assert row_sha256(row) == row_sha256(as_delivered(row))
    assert row_sha256(row) != row_sha256(row.model_copy(update={"output": "Cut one server off"}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not the decisions of a review page"),
        ("[" * 100_000, "not the decisions of a review page"),
        ('{"format": "other"}', "not the decisions of a review page .*format"),
    ],
)
def test_what_is_no_file_of_decisions_is_refused(tmp_path, content, message):
    (tmp_path / "decisions.json").write_text(content)
    with pytest.raises(ConfigError, match=message):
        read_decisions(tmp_path / "decisions.json")


def test_decisions_that_cannot_be_are_refused(tmp_path):
    row = corpus()[0]
    for wrong, message in [
        (entry(row, "delete"), r"decisions\.0\.action"),
        (entry(row, "edit"), "an edit changes"),
        (entry(row, "accept", thought="x"), "an edit changes"),
        (entry(row, "edit", input="x"), r"decisions\.0\.input"),
        (entry(row, "accept") | {"sha256": "x"}, r"decisions\.0\.sha256"),
    ]:
        with pytest.raises(ConfigError, match=message):
            read_decisions(saved(tmp_path, wrong))
    with pytest.raises(ConfigError, match="decides some rows twice"):
        read_decisions(saved(tmp_path, entry(row, "accept"), entry(row, "reject")))
    with pytest.raises(ConfigError, match="decisions: there is no file"):
        read_decisions(tmp_path / "none.json")


@pytest.mark.parametrize(
    "changes", [{"instruction": ""}, {"thought": "a\0b"}, {"choices": {"A": "w", "B": "x", "C": "y", "D": "z"}}], ids=str
)
def test_an_edit_keeps_the_form_of_its_row(tmp_path, changes):
    row = next(row for row in corpus() if row.kind == "understanding")
    accepted, refused = applied(tmp_path, entry(row, "edit", **changes))
    assert row.id not in {kept.id for kept in accepted}
    assert any(draft.id == row.id and reason.startswith("review: edited by a person, but") for draft, reason in refused)
