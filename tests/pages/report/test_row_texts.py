"""The file with a task's texts: every row, every run's answer, each text once; hostile and very long ones; which rows."""

import base64
import json
import zlib
from dataclasses import replace

import pytest
from hostile_texts import LONG, TEXTS, TOWER
from run_files import rows_of, write_run

from sevenllm_bench.pages.report import text_table
from sevenllm_bench.pages.report.explorer import key_of, thousandths
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.pages.report.task_rows import explore_task, samples_by_task
from sevenllm_bench.pages.report.text_table import TextTable
from sevenllm_bench.runs.reader import read_runs

EXTRACTION, CHOICE = "sevenllm_en_malware_feature_extraction", "sevenllm_en_mcq"


def content_of(file) -> dict:
    """The data file as a browser reads it: base64, zlib, JSON."""
    text = file.read_text(encoding="ascii")
    name, _, packed = text.partition("=")
    assert name == "window.sevenllmRows"
    assert packed.endswith('";\n')
    return json.loads(zlib.decompress(base64.b64decode(packed[1:-3], validate=True)))


def whole(entry) -> str:
    """A text of the table, with stand-ins."""
    if isinstance(entry, str):
        return entry
    return "".join(stretch if isinstance(stretch, str) else "".join(stretch) for stretch in entry[:2])


def explored(folder, *runs, most=None, task=CHOICE):
    read = read_runs([folder / name for name in runs])
    return explore_task([samples_by_task(run) for run in read], task, read[0].leaves[task].leaf, most)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Two runs; the second lacks the first row and answers the others with a text of its own."""
    folder = tmp_path_factory.mktemp("texts")
    rows = rows_of(EXTRACTION, CHOICE)
    write_run(folder, "whole", rows)
    others = [row for row in rows if row.id != rows[0].id]
    write_run(folder, "lacking", others, response=lambda row: f'{{"own": "answer {row.id}"}}')
    built = build_report(read_runs([folder / "whole", folder / "lacking"]), folder / "pages", resamples=100)
    return folder / "pages", rows, built


def test_every_row_and_every_answer_is_in_the_file(written):
    folder, rows, built = written
    assert built.left_out == 0
    for task in (EXTRACTION, CHOICE):
        own = [row for row in rows if row.leaf.name == task]
        data = content_of(folder / f"tasks/{task}.js")
        assert [row[0] for row in data["rows"]] == sorted(row.id for row in own)
        for row, (_, parts, answers, *_) in zip(sorted(own, key=lambda row: row.id), data["rows"], strict=True):
            question = row.instruction["question"] if row.choices else row.instruction
            assert whole(data["texts"][parts[0]]) == question
            assert whole(data["texts"][answers[0][3]]) == row.reference_text
            if row.id == rows[0].id:
                assert answers[1] is None
            else:
                assert whole(data["texts"][answers[1][3]]) == f'{{"own": "answer {row.id}"}}'


def test_the_parts_of_a_row_are_its_question_incident_and_reference(written):
    folder, rows, _ = written
    data = content_of(folder / f"tasks/{CHOICE}.js")
    assert [title for title, _, _ in data["parts"]] == ["Question", "Options", "Incident", "Reference"]
    row = next(row for row in rows if row.choices)
    parts = next(own for own in data["rows"] if own[0] == row.id)[1]
    options = {letter: (whole(data["texts"][text]), right) for letter, text, right in parts[1]}
    assert options == {letter: (text, int(letter == row.output)) for letter, text in row.choices.items()}
    assert parts[2] is None or whole(data["texts"][parts[2]]) == row.input
    assert whole(data["texts"][parts[3]]) == f"{row.output}: {row.choices[row.output]}"


def test_a_text_is_stored_once(written):
    folder, _, _ = written
    for task in (EXTRACTION, CHOICE):
        texts = [json.dumps(text) for text in content_of(folder / f"tasks/{task}.js")["texts"]]
        assert len(set(texts)) == len(texts)


def test_values_are_told_apart_for_every_run(written):
    folder, rows, _ = written
    data = content_of(folder / f"tasks/{EXTRACTION}.js")
    row = [row for row in rows if row.leaf.name == EXTRACTION][1]
    answers = next(own for own in data["rows"] if own[0] == row.id)[2]
    same, alike, missing, added = answers[1][4]
    assert (same, alike, [whole(data["texts"][number]) for number in added]) == ([], [], [f"answer {row.id}"])
    assert [whole(data["texts"][number]) for number in missing] == [whole(data["texts"][number]) for number in answers[0][4][0]]


def test_hostile_texts_are_in_the_file_and_cannot_leave_it(tmp_path):
    rows = rows_of(CHOICE)
    names = [f"model{place}" for place in range(-(-len(TEXTS) // len(rows)))]
    for first, name in enumerate(names):
        hostile = {row.id: TEXTS[(first * len(rows) + place) % len(TEXTS)] for place, row in enumerate(rows)}
        write_run(tmp_path, name, rows, response=lambda row, own=hostile: own[row.id])
    build_report(read_runs([tmp_path / name for name in names]), tmp_path / "pages", resamples=100)
    text = (tmp_path / f"pages/tasks/{CHOICE}.js").read_bytes()
    assert set(text[21:-4]) <= set(b'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/="')
    data = content_of(tmp_path / f"pages/tasks/{CHOICE}.js")
    shown = {whole(data["texts"][answer[3]]) for _, _, answers in data["rows"] for answer in answers}
    clear = {text for text in TEXTS if text.replace("\n", "").isprintable() and text not in (LONG, TOWER)}
    assert len(clear) > 50
    assert clear <= shown
    assert LONG[:20_000] in shown
    assert not set("".join(map(str, shown))) & set("\x00\x07\x1b\x7f\x9b\u202e\u2066\u200b\ufeff\u2028")


def test_what_cannot_be_seen_alternates_with_what_can():
    table = TextTable()
    assert [table.add(text) for text in ("plain", "a\u202eb", "\ud800", "plain", "\x00\x01x", "a\r\nb")] == [0, 1, 2, 0, 3, 4]
    assert table.as_json() == [
        "plain",
        [["a", "⟨U+202E⟩", "b"], "", 0, 0],
        [["", "⟨U+D800⟩"], "", 0, 0],
        [["", "⟨U+0000⟩", "", "⟨U+0001⟩", "x"], "", 0, 0],
        "a\nb",
    ]


def test_a_long_text_is_cut_and_says_how_much_is_left_out():
    table = TextTable()
    table.add("x" * 1_200)
    table.add("y" * 25_000)
    short, (start, rest, characters, left_out) = table.as_json()
    assert short == "x" * 1_200
    assert start + rest == "y" * 20_000
    assert (characters, left_out) == (len(rest), 5_000)


def test_too_much_text_for_a_page_is_cut_shorter_and_no_row_is_dropped(monkeypatch):
    monkeypatch.setattr(text_table, "MOST_CHARACTERS", 30_000)
    table = TextTable()
    for letter in "abc":
        table.add(letter * 25_000)
    # 3 × 20,000 is too much, so is nothing of 3 × 10,000.
    assert [whole(entry) for entry in table.as_json()] == [letter * 10_000 for letter in "abc"]
    assert [entry[3] for entry in table.as_json()] == [15_000] * 3


def test_examples_show_trouble_first_then_a_spread(tmp_path):
    rows = rows_of(CHOICE)
    write_run(
        tmp_path,
        "model",
        rows,
        value=lambda row, metric: 1.0 if row.id % 2 else 0.0,
        response=lambda row: "" if row.id == rows[3].id else "A",
    )
    found = explored(tmp_path, "model", most=6)
    assert (len(found.rows), found.in_all) == (6, 16)
    ids = [row.id for row in found.rows]
    assert ids == sorted(ids)
    assert rows[3].id in ids
    assert {row.values for row in found.rows} == {(0.0,), (1.0,)}
    assert [row.id for row in explored(tmp_path, "model", most=100).rows] == sorted(row.id for row in rows)


def test_differences_and_spreads_come_from_unrounded_values(tmp_path):
    write_run(tmp_path, "one", rows_of(CHOICE), value=lambda row, metric: 0.125)
    write_run(tmp_path, "two", rows_of(CHOICE), value=lambda row, metric: 0.375)
    row = explored(tmp_path, "one", "two").rows[0]
    assert (row.difference, row.spread) == (-0.25, 0.25)
    assert replace(row, values=(None, 0.5)).difference is None
    assert replace(row, values=(None, 0.5)).spread is None


def test_figures_are_rounded_half_to_even_on_the_exact_value():
    # 0.0625 and 0.1875 lie exactly between two thousandths; 0.0005 as a float is a little more than half a thousandth.
    assert [thousandths(value) for value in (0.0625, 0.1875, 0.0005, 1.0, -2.5, -0.0001)] == [62, 188, 1, 1000, -2500, 0]


def test_a_runs_key_is_short_and_stays():
    # printf 'qwen' | sha256sum
    assert key_of("qwen") == "67f2d2"
    assert key_of("\udcff") != key_of("qwen")
