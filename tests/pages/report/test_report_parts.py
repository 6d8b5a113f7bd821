"""The parts of a report without a browser: visible text, cutting, differences of values, commands, examples, the folder."""

import json
from dataclasses import replace

import pytest
from hostile_texts import LONG, TEXTS, TOWER
from hypothesis import given
from hypothesis import strategies as st
from run_files import rows_of, write_run
from sevenllm_bench.pages.report.answer_examples import examples

from sevenllm_bench.answers.reading import read_answer
from sevenllm_bench.cli.main import main
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.pages.report.answer_quality import Lengths, answer_quality, judged, lengths
from sevenllm_bench.pages.report.diff import diff_values
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.pages.site import Site, heat, script_json
from sevenllm_bench.runs.command import command_of
from sevenllm_bench.runs.reader import read_runs
from sevenllm_bench.text.display import cut, pieces, plain

EXTRACTION = "sevenllm_en_malware_feature_extraction"


def test_what_cannot_be_seen_is_spelled_out():
    assert plain("a\x00b\x1b[31m\u202ec\x7f") == "a⟨U+0000⟩b⟨U+001B⟩[31m⟨U+202E⟩c⟨U+007F⟩"
    assert plain("中文 é 👩‍💻\ttab\nline") == "中文 é 👩‍💻 tab line"
    assert plain(TOWER).startswith("z")
    assert len(plain(TOWER)) < 40
    assert plain("x" * 50, 10) == "xxxxxxxxx…"


@given(st.text())
def test_ordinary_text_is_kept_and_the_rest_is_visible(text):
    shown = "".join(piece.text for piece in pieces(text))
    assert all(c.isprintable() or c in "\t\n " or c.isspace() or ord(c) > 0x2FF for c in shown)
    assert not set(shown) & set("\x00\x1b\u202a\u202e\u2066\u2069\u200b\ufeff\u2028")
    ordinary = "".join(c for c in text if c.isascii() and c.isprintable())
    assert all(c in shown for c in ordinary)


def test_a_long_text_is_cut_where_a_sentence_ends():
    parts = cut(LONG)
    assert parts.start.endswith("end. ")
    assert len(parts.start) <= 1_200
    assert len(parts.start) + len(parts.rest) == 20_000
    assert parts.left_out == len(LONG) - 20_000
    assert cut("short").rest == ""


@pytest.mark.parametrize("text", [*TEXTS, "</script>", "<!--", "\u2028\u2029&<>"])
def test_json_in_a_script_says_the_same_and_ends_nothing(text):
    written = script_json({"x": text})
    assert json.loads(written) == {"x": text}
    assert not set(written) & set("<>&\u2028\u2029")


def extraction_row(output) -> Row:
    return replace(rows_of(EXTRACTION)[0], output=output)


def test_values_are_told_apart():
    row = extraction_row({"a": "x", "b": ["evil.com", "only here", "x"]})
    found = diff_values(row, read_answer('{"k": ["x", "EVIL[.]com", "new"]}', "understanding"))
    assert found.values == (("same", "x"), ("alike", "evil.com"), ("missing", "only here"), ("missing", "x"), ("added", "new"))
    assert found.counts == {"same": 1, "alike": 1, "missing": 2, "added": 1}
    assert found.left_out == 0


def test_an_answer_without_json_is_one_added_value():
    found = diff_values(extraction_row({"a": "x"}), read_answer("I can't say", "understanding"))
    assert found.values == (("missing", "x"), ("added", "I can't say"))
    assert found.why_text == "no JSON"


def test_many_and_long_values_are_counted_but_not_all_shown():
    found = diff_values(
        extraction_row({"a": []}), read_answer([{"k": "y" * 1_000 + str(i)} for i in range(500)], "understanding")
    )
    assert len(found.values) == 60
    assert found.left_out == 440
    assert max(len(value) for _, value in found.values) == 240


def test_heat_goes_from_0_to_1_and_the_judge_from_1_to_5():
    assert [heat(value) for value in (0.0, 0.5, 1.0, None)] == ["h0", "h10", "h20", "none"]
    assert [heat(value, "judge") for value in (1.0, 3.0, 5.0)] == ["h0", "h10", "h20"]


def test_lengths_are_nearest_ranks():
    assert lengths(range(1, 101)) == Lengths(1, 26, 51, 76, 91, 100)
    assert lengths([]) is None


def run_of(tmp_path, change=None, **options):
    write_run(tmp_path, "model", rows_of(EXTRACTION, "sevenllm_en_mcq"), change=change, **options)
    return read_runs([tmp_path / "model"])[0]


def test_a_command_repeats_the_run(tmp_path):
    def change(results):
        results["config"] |= {"limit": 3.0, "gen_kwargs": {"temperature": 0}, "random_seed": 5, "numpy_seed": 6}
        results["config"]["model_args"] = {"pretrained": "org/a b", "api_key": "sk-hidden", "dtype": "float16"}
        results |= {"chat_template": "{{x}}", "chat_template_sha": "ab" * 32, "system_instruction": "Be brief; it's short"}
        for config in results["configs"].values():
            config["metadata"]["prompt"] = "cot"

    command = command_of(run_of(tmp_path, change))
    import shlex

    words = shlex.split(command.text.replace("\\\n", " "))
    assert words[:5] == ["lm_eval", "--model", "hf", "--model_args", "pretrained=org/a b,api_key=[removed],dtype=float16"]
    assert words[words.index("--tasks") + 1] == f"{EXTRACTION},sevenllm_en_mcq"
    assert words[words.index("--system_instruction") + 1] == "Be brief; it's short"
    assert words[words.index("--metadata") + 1] == "prompt=cot"
    assert words[words.index("--limit") + 1] == "3"
    assert words[words.index("--seed") + 1].startswith("5,6,")
    assert json.loads(words[words.index("--gen_kwargs") + 1]) == {"temperature": 0}
    assert "--apply_chat_template" in words
    assert "sk-hidden" not in command.text


@pytest.mark.parametrize("value", ["</x, y=z>", {"top_k": 1}, "{", 0.5])
def test_a_commands_metadata_are_read_as_they_were(tmp_path, value):
    from lm_eval._cli.utils import try_parse_json
    from lm_eval.utils import simple_parse_args_string

    def change(results):
        for config in results["configs"].values():
            config["metadata"]["reasoning_end"] = value

    words = command_of(run_of(tmp_path, change)).words
    given = try_parse_json(words[words.index("--metadata") + 1])
    assert (given if isinstance(given, dict) else simple_parse_args_string(given)) == {"reasoning_end": value}


def test_a_replay_is_repeated_by_the_program_that_knows_it(tmp_path):
    run = run_of(tmp_path, lambda results: results["config"].update(model="sevenllm-replay"))
    assert command_of(run).words[:4] == ("sevenllm-bench", "eval", "--model", "sevenllm-replay")


def test_answers_are_counted_as_read_unread_and_cut(tmp_path):
    answers = iter(("{}", "", '{"a": "b', "no json"))
    run = run_of(tmp_path, response=lambda row: "B" if row.kind == "mcq" else next(answers))
    found = {item.section: item for item in answer_quality([run])}
    assert found["en_mcq"].readings == (("letter", 16),)
    assert found["en_mcq"].unread == 0
    extraction = found["en_understanding"]
    assert (extraction.rows, extraction.unread, extraction.cut) == (4, 3, 1)
    assert dict(extraction.readings) == {"json": 1, "empty": 1, "text": 2}
    assert (extraction.lengths.least, extraction.lengths.most) == (0, 8)


def test_the_judge_gets_a_histogram(tmp_path):
    run = run_of(tmp_path)
    marked = [replace(s, metrics={**s.metrics, "judge": 1.0 + i % 2 * 4}) for i, s in enumerate(run.of_task(EXTRACTION))]
    run = replace(run, samples=tuple(marked))
    assert judged([run]) == {"model": [2, 0, 0, 0, 2]}
    assert judged([run_of(tmp_path / "other")]) == {}
    built = build_report([run], tmp_path / "out", resamples=100)
    page = built.index.read_text(encoding="utf-8")
    assert 'id="chart-judge"' in page
    assert "model: mark 5: 2 of 4" in page
    assert "Judge, 1 to 5" in page


def test_runs_that_cannot_be_compared_are_reported_with_the_reason(tmp_path):
    rows = rows_of(EXTRACTION)
    write_run(tmp_path, "one", rows)
    write_run(tmp_path, "two", rows, change=lambda results: results["config"].update(limit=2))
    built = build_report(read_runs([tmp_path / "one", tmp_path / "two"]), tmp_path / "out", resamples=100)
    page = built.index.read_text(encoding="utf-8")
    assert "can&#39;t be compared" in page
    assert "limit" in page


def test_the_command_line_writes_a_report_again_but_no_other_folder(tmp_path, capsys):
    write_run(tmp_path / "runs", "model", rows_of(EXTRACTION))
    words = ["report", str(tmp_path / "runs"), "-o", str(tmp_path / "out"), "--resamples", "100"]
    assert main(words) == 0
    assert "2 pages" in capsys.readouterr().out
    (tmp_path / "out" / "mine.txt").write_text("kept")
    (tmp_path / "out" / "tasks" / f"{EXTRACTION}.html").unlink()
    assert main(words) == 0
    assert (tmp_path / "out" / "mine.txt").read_text() == "kept"
    assert main([*words[:3], str(tmp_path / "runs")]) == 2
    assert "not empty" in capsys.readouterr().err


def test_a_forged_list_of_files_removes_no_file_of_somebody_elses(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    precious = [tmp_path / "precious.txt", folder / "thesis.txt", folder / "thesis.html", folder / "thesis.js"]
    for path in precious:
        path.write_text("kept")
    names = [
        "../precious.txt",
        str(precious[0]),
        "thesis.txt",
        "thesis.html",
        "assets/..",
        "tasks/../thesis.js",
        "nul\0",
        7,
        None,
    ]
    (folder / "made-by-sevenllm-bench.json").write_text(json.dumps({"kind": "report", "files": names}))
    Site(folder, "report")
    assert [path.read_text() for path in precious] == ["kept"] * 4


@pytest.mark.parametrize(
    "content", ["[" * 100_000, '{"kind": "report"}', '{"kind": "leaderboard", "files": []}', "[1]", "\udcff"]
)
def test_a_folder_with_a_mark_of_another_kind_is_left_alone(tmp_path, content):
    (tmp_path / "made-by-sevenllm-bench.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match="not empty"):
        Site(tmp_path, "report")


def test_nothing_is_written_through_links(tmp_path):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "page.html").write_text("kept")
    Site(tmp_path / "out", "report").write_bytes("index.html", b"old")
    (tmp_path / "out" / "index.html").unlink()
    (tmp_path / "out" / "index.html").symlink_to(victim / "page.html")
    Site(tmp_path / "out", "report").write_bytes("index.html", b"new")
    assert (tmp_path / "out" / "index.html").read_bytes() == b"new"
    (tmp_path / "out" / "tasks").symlink_to(victim)
    with pytest.raises(ConfigError, match="tasks is a link"):
        Site(tmp_path / "out", "report")
    assert [path.name for path in victim.iterdir()] == ["page.html"]
    assert (victim / "page.html").read_text() == "kept"


def test_a_report_that_was_stopped_has_no_index(tmp_path, monkeypatch):
    write_run(tmp_path / "runs", "model", rows_of(EXTRACTION))
    runs = read_runs([tmp_path / "runs"])
    assert build_report(runs, tmp_path / "out", resamples=100).index.is_file()

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("sevenllm_bench.pages.report.task_pages.explore_task", stop)
    with pytest.raises(KeyboardInterrupt):
        build_report(runs, tmp_path / "out", resamples=100)
    assert not (tmp_path / "out" / "index.html").exists()


def test_a_build_that_was_stopped_can_be_made_again(tmp_path):
    Site(tmp_path, "report").write_bytes("tasks/a.html", b"half")
    Site(tmp_path, "report")
    assert not (tmp_path / "tasks" / "a.html").exists()
