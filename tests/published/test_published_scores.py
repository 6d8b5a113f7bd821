"""The published models' scores: against the authors' figures, and whether the file still holds.

The authors' pattern reads no letter in llama2-13b-cot's answer to id 1223, "A: …"; ours reads A, the right one.
"""

import json
from dataclasses import replace

import pytest

from sevenllm_bench.catalog import SECTION_ROWS, SECTIONS
from sevenllm_bench.cli.main import main
from sevenllm_bench.comparison.compare_runs import compare_runs
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.official import SHA256, SHA256_LF
from sevenllm_bench.errors import ConfigError, DataError, PredictionsError, ResultsError
from sevenllm_bench.figures.cells import RowValues, mean_over, metric_cells
from sevenllm_bench.metrics.registry import LEXICAL, METRIC_VERSIONS, METRICS, paper_metric
from sevenllm_bench.published.published_runs import published_names, published_runs
from sevenllm_bench.published.score_file import COMMAND, COMMIT, FILE, decode, encode, published_scores, row_digest
from sevenllm_bench.published.scored_answers import NAMES, run_of, score_folder, scores_of

#: The authors' figures by section, in the paper's order, rounded; `test_all_sections` compares all digits of all models.
AUTHORS = {
    "llama2-7b": (0.3079, 0.3948, 0.3775, 0.3691, 0.92, 0.98),
    "qwen1_5-14b": (0.2966, 0.4161, 0.3678, 0.3717, 0.94, 0.98),
}


def paper_means(name):
    (run,) = published_runs([name])
    values = RowValues(run)
    cells = {cell.name: cell for kind in METRICS for cell in metric_cells(run, paper_metric(kind)) if cell.level == "section"}
    return {section: mean_over(values.values(cells[section])) for section in SECTIONS}


@pytest.fixture(scope="module")
def benchmark(data_dir):
    return load_benchmark(data_dir=data_dir)


@pytest.fixture(scope="module")
def scored(benchmark, predictions_dir):
    """The authors' answers, scored."""
    return {name: run_of(predictions_dir / f"{name}.jsonl", benchmark) for name in NAMES}


@pytest.fixture
def fresh():
    """The scores are read again, and so are those of the next test."""
    published_scores.cache_clear()
    yield
    published_scores.cache_clear()


def test_the_file_holds_all_that_can_be_computed_from_answers():
    """Fails when a metric is new or has another version: make the file again, by the command that is named."""
    scores = decode(FILE.read_bytes(), "scores")
    assert scores.stale() == [], f"make the file of scores again: {COMMAND}"
    assert scores.versions.keys() == LEXICAL, f"make the file of scores again: {COMMAND}"
    assert tuple(scores.models) == NAMES
    assert scores.source == ("CSJianYang/SEevenLLM", COMMIT)
    assert scores.data["sha256"] in (SHA256, SHA256_LF)
    assert len(FILE.read_bytes()) < 400_000


@pytest.mark.parametrize("name", AUTHORS)
def test_two_models_have_the_authors_figures(name):
    assert list(paper_means(name).values()) == pytest.approx(AUTHORS[name], abs=5e-5)


@pytest.mark.predictions
def test_all_sections_have_the_authors_figures(predictions_dir):
    authors = json.loads((predictions_dir / "sections.json").read_text(encoding="utf-8"))
    assert set(authors) == set(published_names())
    for name in published_names():
        found = paper_means(name)
        if name == "llama2-13b-cot":
            authors[name]["en_mcq"] += 1 / 50
        assert found == pytest.approx({section: authors[name][section] for section in SECTIONS}, abs=1e-6), name


@pytest.mark.predictions
@pytest.mark.slow
def test_scored_again_the_file_is_the_same(benchmark, scored):
    """All of it but the version of the library that computes longest common subsequences, which may be another one."""
    kept = decode(FILE.read_bytes(), "scores")
    again = decode(encode(scores_of(scored, benchmark)), "again")
    assert replace(again, libraries=kept.libraries, models={}) == replace(kept, models={})
    for name, model in kept.models.items():
        other = again.models[name]
        assert (other.sha256, other.how) == (model.sha256, model.how), name
        for metric, values in model.metrics.items():
            blank = [place for place, value in enumerate(values) if value is None]
            assert blank == [place for place, value in enumerate(other.metrics[metric]) if value is None]
            known = [value for value in values if value is not None]
            assert [v for v in other.metrics[metric] if v is not None] == pytest.approx(known, abs=1e-12), (name, metric)


def test_the_file_has_the_same_bytes_for_the_same_scores():
    content = FILE.read_bytes()
    scores = decode(content, "scores")
    assert decode(encode(scores), "again") == scores
    assert encode(scores) == encode(decode(encode(scores), "again"))


def test_a_moved_version_makes_the_scores_stale(fresh, monkeypatch):
    monkeypatch.setitem(METRIC_VERSIONS, "rouge_l", METRIC_VERSIONS["rouge_l"] + 1)
    with pytest.raises(DataError, match=rf"rouge_l is of version 1, .* computes 2\. Make them again: {COMMAND}"):
        published_runs(["llama2-7b"])


def test_a_moved_reading_makes_the_scores_stale(fresh, monkeypatch):
    monkeypatch.setattr("sevenllm_bench.published.score_file.READING_VERSION", 99)
    with pytest.raises(DataError, match="read by version 2, this package has 99"):
        published_scores()


@pytest.mark.parametrize("content", [b"", b"no gzip", FILE.read_bytes()[:5000], encode(decode(FILE.read_bytes(), ""))[:-4]])
def test_a_damaged_file_is_an_error(content):
    with pytest.raises(DataError, match="made: no file of scores"):
        decode(content, "made")


def test_all_rows_of_each_section_are_there():
    (run,) = published_runs(["llama2-7b-cot"])
    counts = {section: sum(sample.row.section == section for sample in run.samples) for section in SECTIONS}
    assert counts == SECTION_ROWS
    assert len({sample.id for sample in run.samples}) == 1300
    assert not any(sample.response or sample.prompt or sample.row.input for sample in run.samples)


def test_an_unknown_name_names_the_nearest_and_all():
    with pytest.raises(ConfigError, match=r"unknown published model 'lama2-7b'; did you mean 'llama2-7b'\? Known: .*qwen1_5-14b"):
        published_runs(["lama2-7b"])


def test_what_is_known_of_how_the_answers_came_about_is_said():
    first, second = published_runs(["llama2-7b-cot", "qwen1_5-7b-5000", "llama2-7b-cot"])
    assert (first.label, second.label) == ("llama2-7b-cot (published)", "qwen1_5-7b-5000 (published)")
    assert "prompts and generation settings for them are not known" in first.notes[0]
    assert any(note.startswith("-cot: ") for note in first.notes)
    assert "tuned on 5,000 rows of the training data only" in second.notes
    assert not any("tuned on" in note for note in first.notes)


def test_published_models_are_compared_with_each_other():
    """Trained on 1,000 rows instead of all, the model is worse: -0.0313 in the headline."""
    comparison = compare_runs(published_runs(["qwen1_5-7b", "qwen1_5-7b-1000"]), resamples=1000)
    (headline,) = comparison.at("overall")
    assert (round(headline.paired.difference, 4), headline.verdict) == (-0.0313, "worse")
    assert {d.setting for d in comparison.differences if d.weight == "unknown"} >= {"prompt", "few-shot examples"}


def with_rows(run, change):
    return replace(run, label="mine", samples=tuple(replace(sample, row=change(sample.row)) for sample in run.samples))


def test_a_run_over_rows_of_another_content_is_refused():
    (run,) = published_runs(["llama2-7b"])
    mine = with_rows(run, lambda row: replace(row, input="another text"))
    against = published_runs(["llama2-13b"], (sample.row for sample in mine.samples))
    with pytest.raises(ResultsError, match="content of rows"):
        compare_runs([mine, *against], resamples=100)


def test_rows_that_are_the_official_ones_are_taken_by_their_digest(monkeypatch):
    """A run's row with the digest of the file becomes the published run's row, with its text; another one doesn't."""
    scores = published_scores()
    genuine = replace(scores.rows[0].blank, input="the text")
    rows = (replace(scores.rows[0], digest=row_digest(genuine)), *scores.rows[1:])
    monkeypatch.setattr("sevenllm_bench.published.published_runs.published_scores", lambda: replace(scores, rows=rows))
    (taken,) = published_runs(["llama2-7b"], [genuine])
    (other,) = published_runs(["llama2-7b"], [replace(genuine, thought="not it")])
    assert [next(s.row.input for s in run.samples if s.id == genuine.id) for run in (taken, other)] == ["the text", ""]


@pytest.mark.predictions
@pytest.mark.parametrize("name", ["llama2-13b-cot", "qwen1_5-7b-1000"])
def test_the_answers_themselves_differ_in_no_row(name, scored):
    mine = scored[name]
    against = published_runs([name], (sample.row for sample in mine.samples))
    metrics = [metric for metrics in METRICS.values() for metric in metrics]
    comparison = compare_runs([mine, *against], metrics, resamples=100)
    assert len(comparison.findings) == 205  # 150, 26 of grounded and 29 of invented_indicators
    assert {(f.paired.difference, f.paired.wins, f.paired.losses) for f in comparison.findings} == {(0.0, 0, 0)}
    assert [d.line for d in comparison.differences if d.weight != "unknown"] == []


def test_scores_are_made_of_the_genuine_rows_only(tmp_path):
    with pytest.raises(DataError, match="genuine official rows"):
        score_folder(tmp_path, load_benchmark("embedded"))
    official = replace(load_benchmark("embedded"), source="official")
    with pytest.raises(PredictionsError, match=r"llama2-7b\.jsonl: no such file"):
        score_folder(tmp_path, official)


@pytest.mark.predictions
def test_the_command_takes_one_run_and_says_what_is_not_known(data_dir, predictions_dir, tmp_path, capsys):
    answers = str(predictions_dir / "llama2-7b-cot.jsonl")
    words = ["compare", answers, "--data-dir", str(data_dir), "--resamples", "100", "--csv", str(tmp_path / "found.csv")]
    assert main([*words, "--json", str(tmp_path / "found.json"), "--published", "llama2-7b-cot"]) == 0
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    run, published = found["runs"]
    assert (run["label"], published["label"]) == ("llama2-7b-cot", "llama2-7b-cot (published)")
    assert (published["origin"], published["rows"], published["path"]) == ("published", 1300, "")
    assert len(published["notes"]) == 2
    assert {finding["difference"] for finding in found["findings"]} == {0.0}
    lines = (tmp_path / "found.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(found["findings"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "llama2-7b-cot (published): -cot: the model was asked for a thought before its answer" in printed
    assert "prompts and generation settings for them are not known" in printed
