import argparse
import json
import re

import pytest
from corpus_samples import CHINESE, ENGLISH, TEXTS, corpus, draft

from sevenllm_bench.cli import corpus_restore
from sevenllm_bench.errors import DataError
from sevenllm_bench.select_instruct.delivery.training_file import write_rows_without_texts, write_training_file


@pytest.fixture
def files(tmp_path):
    """A training file, the same without texts, and the texts."""
    write_training_file(tmp_path / "original.jsonl", corpus())
    write_rows_without_texts(tmp_path / "rows.jsonl", corpus(), TEXTS)
    _write_texts(tmp_path, TEXTS)
    return tmp_path


def _write_texts(folder, texts):
    lines = [text.model_dump_json() for text in texts]
    (folder / "texts.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _restore(folder, *options):
    parser = argparse.ArgumentParser()
    corpus_restore.add_arguments(parser)
    rows, texts, output = (str(folder / name) for name in ("rows.jsonl", "texts.jsonl", "train.jsonl"))
    return corpus_restore.run(parser.parse_args([rows, "--texts", texts, "-o", output, *options]))


def _ids(folder):
    return [json.loads(line)["id"] for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_restored_file_has_the_same_bytes(files, capsys):
    assert _restore(files) == 0
    assert (files / "train.jsonl").read_bytes() == (files / "original.jsonl").read_bytes()
    assert "6 rows, the same bytes as the original" in capsys.readouterr().out


def test_no_input_is_in_the_rows(files):
    content = (files / "rows.jsonl").read_text(encoding="utf-8")
    for paragraph in (ENGLISH + "\n\n" + CHINESE).split("\n\n"):
        assert paragraph not in content
        assert json.dumps(paragraph)[1:-1] not in content
    place = json.loads(content.splitlines()[5])["input"]
    assert CHINESE[place["begin"] : place["end"]] == CHINESE.split("\n\n")[1]
    assert place["location"] == "zh/灰壶.html"


def test_other_texts_are_left_alone(files):
    others = [TEXTS[0].model_copy(update={"id": f"{number:016x}", "text": "x" * number}) for number in range(50)]
    _write_texts(files, [*others, *TEXTS, *others])
    assert _restore(files) == 0
    assert (files / "train.jsonl").read_bytes() == (files / "original.jsonl").read_bytes()


def test_a_text_that_changed_in_another_part_still_gives_its_rows(files, capsys):
    """The page got a new first paragraph, so its id is another one; rows 2 and 5 are from the middle of the texts."""
    changed = [
        text.model_copy(update={"id": "f" * 16, "text": f"Updated since.\n\n{text.text}".replace("of customers", "at all")})
        for text in TEXTS
    ]
    _write_texts(files, changed)
    with pytest.raises(DataError, match=r"2 rows can't be restored, nothing was written:") as error:
        _restore(files)
    assert "  https://news.example/2031/grey-kettle: its text was changed there (rows 1, 3)\n" in str(error.value)
    assert not (files / "train.jsonl").exists()
    assert _restore(files, "--allow-missing") == 1
    assert _ids(files) == [2, 4, 5, 6]
    assert "4 rows are from texts that were changed since" in capsys.readouterr().out


def test_rows_without_their_text_are_named(files):
    _write_texts(files, TEXTS[1:])
    with pytest.raises(DataError, match=r"3 rows can't be restored(.|\n)*its text is not among the texts \(rows 1, 2, 3\)\n"):
        _restore(files)
    assert _restore(files, "--allow-missing") == 1
    assert _ids(files) == [4, 5, 6]


def test_rows_that_were_changed_are_refused(files):
    rows = (files / "rows.jsonl").read_text(encoding="utf-8")
    (files / "rows.jsonl").write_text(rows.replace("files[.]example", "files[.]invalid"), encoding="utf-8")
    with pytest.raises(DataError, match="its rows were changed since it was written"):
        _restore(files)
    assert not (files / "train.jsonl").exists()


def _with_span(rows, begin, end):
    return re.sub(r'"begin": \d+, "end": \d+', f'"begin": {begin}, "end": {end}', rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.split("\n", 1)[1], "line 1: not rows without texts"),
        (lambda rows: "", "line 1: not rows without texts"),
        (lambda rows: rows.rsplit("\n", 2)[0] + "\n", "5 rows, and the first line says 6"),
        (lambda rows: rows.replace('"begin": 0', '"begin": -1'), r"line 2: input\.begin: Input should be greater"),
        (lambda rows: rows.replace('"begin"', '"from"'), r"line 2: input\.begin: Field required"),
        (lambda rows: _with_span(rows, 10**15, 10**15 + 5), "6 rows can't be restored"),
        (lambda rows: _with_span(rows, 0, 10**15), "2 rows can't be restored"),
        (lambda rows: rows + "[" * 100_000 + "\n", "line 8: the line: Invalid JSON"),
    ],
)
def test_what_is_no_file_of_rows_is_refused(files, change, message):
    (files / "rows.jsonl").write_text(change((files / "rows.jsonl").read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        _restore(files)


@pytest.mark.parametrize("line", ["[]", "{}", '{"id": 1, "origin": {"location": "x"}, "text": "y"}', "{", "[" * 100_000])
def test_what_is_no_file_of_texts_is_refused(files, line):
    (files / "texts.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=r"texts\.jsonl, line 1: no text as `corpus collect` writes it"):
        _restore(files)


def test_an_input_that_is_not_in_its_text_is_named(tmp_path):
    with pytest.raises(DataError, match="row other: its input is no part of the text aaaa000011112222"):
        write_rows_without_texts(tmp_path / "rows.jsonl", [draft(), draft(id="other", input="Something else.")], TEXTS)
    assert list(tmp_path.iterdir()) == []
