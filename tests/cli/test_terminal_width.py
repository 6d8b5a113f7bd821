"""Tables on a terminal: inside its width, nothing cut, coloured where colours are wanted; unchanged in a pipe."""

import io
import json
import re
import sys
import unicodedata

import pytest

from sevenllm_bench.cli.main import main
from sevenllm_bench.cli.screen import print_verdict, wrapped
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.cli.table_fit import Column, Fit, fit
from sevenllm_bench.data.embedded import embedded_split

WIDTHS = (40, 80, 120, 200)
_CODES = re.compile(r"\x1b\[[0-9;]*m")


class Screen(io.StringIO):
    """A terminal that keeps what it was sent."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch):
    def of(columns: int, term: str = "xterm-256color", **more: str) -> Screen:
        for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"COLUMNS": str(columns), "TERM": term, **more}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdout", Screen())
        return sys.stdout

    return of


def shown(screen: Screen) -> str:
    return _CODES.sub("", screen.getvalue())


def width_of(line: str) -> int:
    """Columns of a terminal, by Unicode's own table: wide characters take two, combining marks and joiners none."""
    seen = [c for c in line if unicodedata.category(c) not in ("Mn", "Me", "Cf")]
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in seen)


COLUMNS = ["run", "what", "rows", "difference", "95 % interval", "finding"]
ROWS = [
    ["an-organisation/a-model-with-a-long-name-8b", "en_understanding", "300", "-0.0123", "-0.0301 to -0.0021", "worse"],
    ["威胁情报模型", "威胁分析", "1,300", "+0.0411", "+0.0200 to +0.0603", "better"],
    ["🙂 model", "mcq", "50", "0.0000", "-", "cannot tell: only 2 rows differ of 50, too few for a test: p can't be below 0.5"],
]
LEAST = ["rows", "95 % interval"]


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_table_is_inside_the_terminal_and_whole(columns, screen):
    terminal = screen(columns)
    print_table("a title", COLUMNS, ROWS, LEAST, "finding")
    lines = shown(terminal).splitlines()
    assert max(map(width_of, lines)) <= columns
    together = re.sub(r"\s", "", "".join(lines))
    left_out = re.search(r"no room here for: ([^(]*)\(", " ".join(lines))
    missing = [name.strip() for name in left_out[1].split(",")] if left_out else []
    assert set(missing) <= set(LEAST)
    for row in ROWS:
        for name, cell in zip(COLUMNS, row, strict=True):
            words = re.findall(r"[^\s\-_/:]+", cell) if name not in missing else []
            assert all(word in together for word in words), (name, cell)


def test_what_fits_has_every_column_on_one_line_per_row(screen):
    terminal = screen(200)
    print_table("a title", COLUMNS, ROWS, LEAST)
    lines = shown(terminal).splitlines()
    for row in ROWS:
        assert any(all(cell in line for cell in row) for line in lines)
    assert "no room" not in shown(terminal)
    assert sum("──" in line for line in lines) == 1


def test_columns_stay_aligned_beside_wide_characters(screen):
    terminal = screen(200)
    print_table("a title", ["name", "n"], [["abc", "1"], ["威胁情报", "22"], ["🙂🙂", "333"]])
    ends = {width_of(line.rstrip()) for line in shown(terminal).splitlines() if line.strip()[-1:] in tuple("123")}
    assert len(ends) == 1


def test_a_pipe_gets_the_full_width_whatever_the_terminal_is(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_table("a title", COLUMNS, ROWS, LEAST, "finding")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    for row in ROWS:
        assert any(all(cell in line for cell in row) for line in out.splitlines())


@pytest.mark.parametrize(("verdict", "colour"), [("better", 32), ("worse", 31), ("cannot tell: few rows", 33), ("confirmed", 32)])
def test_verdicts_have_a_colour(verdict, colour, screen):
    terminal = screen(80)
    print_table("a title", ["what", "finding"], [["x", verdict]], verdict="finding")
    assert f"\x1b[{colour}m{verdict}" in terminal.getvalue()
    terminal = screen(80)
    print_verdict(verdict, ": because")
    assert terminal.getvalue() == f"\x1b[{colour}m{verdict}\x1b[0m: because\n"


def test_other_cells_have_none(screen):
    terminal = screen(80)
    print_table("a title", ["what", "finding"], [["better", "-"]], verdict="finding")
    assert "\x1b[32m" not in terminal.getvalue()


def test_no_color_and_dumb_terminals_are_respected(screen, capsys):
    terminal = screen(80, NO_COLOR="1")
    print_table("a title", COLUMNS, ROWS, LEAST, "finding")
    assert not re.search(r"\x1b\[[0-9;]*3\d", terminal.getvalue())
    terminal = screen(80, term="dumb")
    print_table("a title", COLUMNS, ROWS, LEAST, "finding")
    print_verdict("worse", "")
    assert "\x1b" not in terminal.getvalue()


def column(name: int, cell: int, word: int = 0, is_text: bool = False) -> Column:
    return Column(name, name, cell, word or cell, is_text)


def test_fit_counts_as_the_tables_are_drawn():
    """Full: 3 between columns and 4 at the edges. Narrow: 2 between columns."""
    two = [column(4, 10), column(6, 5)]
    assert fit(two, 10 + 6 + 3 + 4) == Fit((0, 1), (10, 6))
    assert fit(two, 22) == Fit((0, 1), (10, 6), is_narrow=True)
    assert fit(two, 18) == Fit((0, 1), (10, 6), is_narrow=True)
    assert fit(two, 17) is None
    assert fit(two, 17, least=[1]) == Fit((0,), (10,), is_narrow=True)
    assert fit(two, None) == Fit((0, 1), (10, 6))


def test_fit_breaks_texts_before_it_leaves_out_columns_and_names_last():
    table = [column(3, 30, 30, is_text=True), column(5, 8), column(7, 60, 9, is_text=True)]
    assert fit(table, 30 + 8 + 20 + 4, least=[1]) == Fit((0, 1, 2), (30, 8, 20), is_narrow=True)
    assert fit(table, 30 + 16 + 2, least=[1]) == Fit((0, 2), (30, 16), is_narrow=True)
    assert fit(table, 40, least=[1]) == Fit((0, 2), (19, 19), is_narrow=True)
    assert fit(table, 12 + 12 + 2 - 1, least=[1]) is None


def test_names_of_columns_are_broken_before_anything_else():
    table = [Column(4, 4, 4, 4, False), Column(13, 8, 3, 3, False)]
    assert fit(table, 14) == Fit((0, 1), (4, 8), is_narrow=True)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("a few words of text", 10, ["a few", "words of", "text"]),
        ("org/model-of-7b-chat", 12, ["org/model-", "of-7b-chat"]),
        ("recall_at_10, mrr_at_10", 13, ["recall_at_10,", "mrr_at_10"]),
        ("see | less -S now", 12, ["see | less", "-S now"]),
        ("威胁情报分析", 5, ["威胁", "情报", "分析"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("short", 5, ["short"]),
        ("", 5, [""]),
    ],
)
def test_text_is_broken_between_words_then_parts_of_names_then_anywhere(text, width, lines):
    assert wrapped(text, width).split("\n") == lines


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Answers of two models with long names: the references, and the same without every third."""
    folder = tmp_path_factory.mktemp("answers")
    files = [folder / f"an-organisation-with-a-long-name-{name}.jsonl" for name in ("威胁情报-8b", "other")]
    for place, file in enumerate(files):
        rows = [row for row in embedded_split("test") if not (place and row.id % 3 == 0)]
        file.write_text("\n".join(json.dumps({"id": row.id, "output": row.output}, ensure_ascii=False) for row in rows))
    return [str(file) for file in files]


@pytest.mark.parametrize("columns", WIDTHS)
def test_commands_keep_inside_the_terminal(columns, answers, screen):
    for words in (
        ["tasks", "list"],
        ["score", answers[1], "--dataset", "embedded"],
        ["compare", *answers, "--dataset", "embedded", "--resamples", "100"],
    ):
        terminal = screen(columns)
        assert main(words) == 0
        assert max(map(width_of, shown(terminal).splitlines())) <= columns, words[0]


def test_compare_says_its_verdict_at_80_columns(answers, screen):
    terminal = screen(80)
    assert main(["compare", *answers, "--dataset", "embedded", "--resamples", "1000"]) == 0
    table = shown(terminal).partition("by section")[2]
    assert len(re.findall(r"(?m)-0\.3\d\d\d .*worse", table)) >= 2  # a third of the answers is missing
    assert "\x1b[31mworse" in terminal.getvalue()


def test_score_prints_the_headline_with_the_interval_that_compare_prints(answers, capsys, tmp_path):
    assert main(["score", answers[1], "--dataset", "embedded", "--json", str(tmp_path / "a.json")]) == 0
    out = capsys.readouterr().out
    found = re.search(r"(?m)^headline: (0\.\d{4}) \(95 % interval (0\.\d{4}) to (0\.\d{4}); 256 rows; embedded rows, ", out)
    content = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    metrics = {"understanding": "value_f1", "generation": "rouge_l", "mcq": "acc"}
    parts = [figures[metrics[name.partition("_")[2]]] for name, figures in content["metrics"].items()]
    assert len(parts) == 6
    assert content["headline"]["value"] == pytest.approx(sum(parts) / 6, abs=1e-12)
    assert found[1] == f"{sum(parts) / 6:.4f}"
    assert main(["compare", *answers, "--dataset", "embedded", "--json", "-"]) == 0
    compared = json.loads(capsys.readouterr().out)
    overall = [score for score in compared["scores"] if score["level"] == "overall" and "other" in score["run"]]
    ends = [(score["low"], score["high"]) for score in overall]
    assert ends == [(content["headline"]["low"], content["headline"]["high"])]


def test_score_has_no_headline_without_all_sections(tmp_path, capsys):
    file = tmp_path / "few.jsonl"
    rows = [row for row in embedded_split("test") if row.section == "en_mcq"]
    file.write_text("\n".join(json.dumps({"id": row.id, "output": row.output}) for row in rows))
    assert main(["score", str(file), "--dataset", "embedded", "--partial"]) == 0
    assert capsys.readouterr().out.startswith("headline: none, which takes rows of all six sections\n")
