"""Flawed rows are found by the check that is meant for them, sound ones kept; both sets are of the tests' own writing."""

import json

import pytest
from quality_rows import HERE, SETTINGS, TEXTS, draft_of, rows

from sevenllm_bench.data.embedded import SPLITS, embedded_split
from sevenllm_bench.select_instruct.corpus_records import Draft, document_of, record_of
from sevenllm_bench.select_instruct.generate.bound_reply import UselessReplyError, read_bound
from sevenllm_bench.select_instruct.generate.reply_schemas import WRITTEN
from sevenllm_bench.select_instruct.quality.check_step import check_steps
from sevenllm_bench.select_instruct.quality.draft_checks import CHECKS, check_draft
from sevenllm_bench.select_instruct.quality.grounded_prose import unsupported
from sevenllm_bench.select_instruct.quality.verbatim_input import verbatim_span
from sevenllm_bench.select_instruct.settings.build_config import QualitySection

#: The "blind" ones were written after the checks, and run once before anything was changed: 30 of 30 flawed ones were found,
#: 28 of 30 sound ones kept.
FLAWED = [row for row in rows("flawed_rows.jsonl") if "reply" not in row]
SOUND = rows("sound_rows.jsonl")
BLIND_FLAWED, BLIND_SOUND = rows("blind_flawed_rows.jsonl"), rows("blind_sound_rows.jsonl")
#: Of a second such look, the flawed ones that are found by now: of 61, 44 were found for their fault before anything was
#: changed, and 50 after it; of 59 sound ones, 5 had a false alarm (6 more copied a definition), and 3 have. Not found: a negation
#: turned round in prose, entities swapped between two sentences, two options that are right, a right option that is wrong,
#: options of different form, the ends of a relation swapped.
FURTHER_FLAWED, FURTHER_SOUND = rows("further_flawed_rows.jsonl"), rows("further_sound_rows.jsonl")


def test_there_are_forty_of_each_in_both_languages() -> None:
    flawed, sound = rows("flawed_rows.jsonl"), rows("sound_rows.jsonl")
    assert len(flawed) == len(sound) == 40
    for some in (flawed, sound):
        assert len({row["name"] for row in some}) == 40
        assert min(sum(row["language"] == language for row in some) for language in ("en", "zh")) >= 13


@pytest.mark.parametrize("row", [*FLAWED, *BLIND_FLAWED, *FURTHER_FLAWED], ids=lambda row: row["name"])
def test_a_flawed_row_is_found(row) -> None:
    found = check_draft(draft_of(row), SETTINGS).findings
    assert row["check"] in {finding.check for finding in found}, found
    assert all(finding.reason and len(finding.reason) < 500 for finding in found)


HIDDEN = {"null": "\0", "escape": "\x1b[31m", "direction": "\u2066", "lost": "\ufffd", "zero width": "\u200b"}


@pytest.mark.parametrize("name", HIDDEN)
def test_nothing_hidden_in_what_a_model_wrote(name: str) -> None:
    found = HIDDEN[name]
    draft = draft_of(SOUND[0])
    for changes in (
        {"thought": draft.thought + found + "."},
        {"instruction": found + draft.instruction},
        {"output": {f"a{found}b": "rclone"}},
    ):
        reasons = [finding.reason for finding in check_draft(draft.model_copy(update=changes), SETTINGS).findings]
        assert any(f"U+{ord(found[0]):04X}" in reason for reason in reasons), changes
        source = f"{draft.input} {found} is a sign of the text."
        with_it = draft.model_copy(update={**changes, "input": source, "excerpt": source})
        assert not any("U+" in finding.reason for finding in check_draft(with_it, SETTINGS).findings)


FALSE_ALARMS = {
    "a decomposed letter": ("The clerk Noe\u0308 Lind saw it.", "It was Noe\u0308 Lind who saw it first."),
    "a composed letter": ("The clerk Noe\u0308 Lind saw it.", "It was Noë Lind who saw it first."),
    "a quotation mark behind a URL": ("It ran “curl hxxps://a[.]example/x”.", "It ran “hxxps://a[.]example/x”, and then “https://a.example/x”."),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE_ALARMS)
def test_what_is_in_the_input_in_another_form(name: str) -> None:
    source, answer = FALSE_ALARMS[name]
    draft = draft_of(SOUND[0], kind="generation", category="Threat Analysis", input=source, excerpt=source)
    assert list(unsupported(draft, answer)) == []


def test_a_thought_may_name_what_the_options_do() -> None:
    row = next(row for row in SOUND if row["kind"] == "mcq")
    draft = draft_of(row)
    wrong = next(letter for letter in draft.choices if letter != draft.output)
    choices = {**draft.choices, wrong: "203.0.113.250"}
    thought = draft.thought + (" 203.0.113.250 is another host." if draft.language == "en" else "203.0.113.250是另一台主机。")
    assert check_draft(draft.model_copy(update={"choices": choices, "thought": thought}), SETTINGS).findings == ()
    assert check_draft(draft.model_copy(update={"thought": thought}), SETTINGS).findings


@pytest.mark.parametrize("row", [row for row in rows("flawed_rows.jsonl") if "reply" in row], ids=lambda row: row["name"])
def test_a_broken_reply_never_becomes_a_draft(row) -> None:
    with pytest.raises(UselessReplyError):
        read_bound(row["reply"], "CODE", WRITTEN[row["kind"]])


@pytest.mark.parametrize("row", [*SOUND, *BLIND_SOUND, *FURTHER_SOUND], ids=lambda row: row["name"])
def test_a_sound_row_is_kept(row) -> None:
    checked = check_draft(draft_of(row), SETTINGS)
    assert checked.findings == ()
    assert checked.scores == {"grounding": 1.0}
    assert checked.input in checked.excerpt


REASONS = {
    "en invented tool": "'Cobalt Strike'",
    "en invented CVE": "'CVE-2025-44102'",
    "en altered input": "systemd service",
    "en placeholder": "'Not specified'",
    "en thought names another letter": "answer is C",
    "zh altered input": "2200",
    "zh other amount": "'8.64万元'",
}


@pytest.mark.parametrize(("name", "quoted"), REASONS.items())
def test_a_reason_quotes_what_is_wrong(name: str, quoted: str) -> None:
    row = next(row for row in FLAWED if row["name"] == name)
    reasons = [finding.reason for finding in check_draft(draft_of(row), SETTINGS).findings if finding.check == row["check"]]
    assert any(quoted in reason for reason in reasons), reasons


def test_the_input_becomes_the_passage_as_the_excerpt_writes_it() -> None:
    row = SOUND[0]
    excerpt = "Start.  The “loader”\nＫｅｌｐ used café\u0301s. End."
    checked = check_draft(draft_of(row, excerpt=excerpt, input='The "loader" Kelp used cafe\u0301\u0301s.'), SETTINGS)
    assert checked.input == "The “loader”\nＫｅｌｐ used café\u0301s."


@pytest.mark.parametrize(
    ("part", "whole", "found"),
    [("b c", "a b\nc d", "b\nc"), ("“x”", 'say "x" now', '"x"'), ("B", "a b", None), ("", "a", None), ("a  ", "a b", "a")],
)
def test_verbatim_spans(part: str, whole: str, found: str | None) -> None:
    span = verbatim_span(part, whole)
    assert (whole[slice(*span)] if span else None) == found


SCHEMA = {
    "generation without prose": {"kind": "generation", "category": "Threat Analysis", "output": {"a": "b"}},
    "no values": {"output": {"a": []}},
    "empty value": {"output": {"a": " "}},
    "deep": {"output": {"a": {"b": {"c": {"d": {"e": {"f": {"g": "port"}}}}}}}},
    "many values": {"output": {"a": ["rclone"] * 201}},
    "bare list": {"output": ["rclone"]},
    "other kind of task": {"kind": "generation", "output": "A long enough answer in prose about the intrusion."},
    "unknown task": {"category": "Weather Forecast"},
    "no thought": {"thought": "  "},
    "no letter": {"kind": "mcq", "output": "E", "choices": dict(zip("ABCD", "wxyz", strict=True))},
    "three options": {"kind": "mcq", "output": "A", "choices": dict(zip("ABC", "wxy", strict=True))},
    "options of an extraction": {"choices": dict(zip("ABCD", "wxyz", strict=True))},
    "None": {"output": None},
}


@pytest.mark.parametrize("name", SCHEMA)
def test_schema(name: str) -> None:
    found = check_draft(draft_of(SOUND[0], **SCHEMA[name]), SETTINGS).findings
    assert [finding.check for finding in found] == ["schema"]


def test_no_draft_makes_a_check_fail() -> None:
    deep: object = "x"
    for _ in range(3000):
        deep = [deep]
    hostile = ["", "\ud800", "\u0301" * 5000, "a" * 20_000, "9" * 5000, "[" * 5000, None, True, 1e308, {"": {}}, [[]], deep]
    for value in hostile:
        for kind, category in (
            ("understanding", "Main Relation Extraction"),
            ("generation", "Threat Analysis"),
            ("mcq", "Impact Scope"),
        ):
            text = value if isinstance(value, str) else "text"
            fields = {"kind": kind, "category": category, "output": value, "thought": text, "instruction": text, "input": text}
            draft = draft_of(SOUND[0], **fields, choices=dict.fromkeys("ABCD", text) if kind == "mcq" else {})
            check_draft(draft, SETTINGS)
            if value is not deep:
                for check in CHECKS:
                    check.problem(draft, SETTINGS)


def test_each_check_is_a_step_with_a_file_of_its_own(tmp_path) -> None:
    drafts = [draft_of(row) for row in (*FLAWED, *SOUND)]
    data = iter([document_of(draft) for draft in drafts])
    for step in check_steps(SETTINGS, tmp_path):
        data = step.run(data)
    passed = [record_of(document, Draft) for document in data]
    assert [draft.id for draft in passed] == [row["name"] for row in SOUND]
    assert all(draft.scores and not draft.findings for draft in passed)
    files = {
        path.parent.name: [json.loads(line) for line in path.open(encoding="utf-8")] for path in tmp_path.glob("*/00000.jsonl")
    }
    assert set(files) == {check.name.replace(" ", "-") for check in CHECKS}
    assert sum(map(len, files.values())) == len(FLAWED)
    assert all(line["reason"] for lines in files.values() for line in lines)


def test_a_lower_share_of_grounded_values_may_be_asked_for() -> None:
    row = next(row for row in FLAWED if row["name"] == "en invented tool")
    assert check_draft(draft_of(row), QualitySection(grounding=0.6)).findings == ()
    assert check_draft(draft_of(row), QualitySection(grounding=0.6)).scores["grounding"] == round(2 / 3, 4)


#: Embedded rows are asked about one incident; those of a corpus have to be general.
_ONE_INCIDENT = "the instruction names"


def test_embedded_extraction_and_questions_pass() -> None:
    """They are written by hand and checked by `tasks check`: whatever is found in them is a false alarm."""
    found = {}
    for split in SPLITS:
        for row in embedded_split(split):
            if row.kind == "generation":
                continue
            asked = (
                row.instruction["question"]
                if isinstance(row.instruction, dict)
                else row.instruction.split(": ", 1)[-1].split("：", 1)[-1]
            )
            fields = {
                "input": row.input,
                "excerpt": row.input,
                "thought": row.thought,
                "output": row.output,
                "choices": row.choices,
            }
            kind = {"language": row.language, "kind": row.kind, "category": row.category, "instruction": asked}
            draft = draft_of(SOUND[0], **fields, **kind)
            findings = [one for one in check_draft(draft, SETTINGS).findings if not one.reason.startswith(_ONE_INCIDENT)]
            if findings:
                found[row.id] = findings
    assert found == {}


def test_texts_are_used_and_their_folder_holds_what_is_named() -> None:
    assert {row["text"] for row in (*FLAWED, *SOUND, *BLIND_SOUND, *FURTHER_SOUND)} == set(TEXTS)
    assert (HERE / "poisoned_pages.json").is_file()
