"""Submissions to entries: figures by hand, what is left out and why, facts of models, and which submission is the newest."""

import json
import os
import shutil
import zipfile
from dataclasses import replace

import pytest
from leaderboard_files import SECTIONS, manifest_of, write_bundle
from run_files import rows_of, write_run
from submission_files import DECLARED, edit_json, make_bundle, official_run, packed, small_rows, unpacked, write_true_run

from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import ConfigError, ResultsError
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.entry import Entry, Facts, Value, size_in_name
from sevenllm_bench.pages.leaderboard.model_metadata import read_facts, with_facts
from sevenllm_bench.pages.leaderboard.submissions import read_submissions
from sevenllm_bench.runs.predictions import read_predictions

pytestmark = pytest.mark.usefixtures("own_cache")

FIGURES = dict(zip(SECTIONS, (0.1, 0.2, 0.9, 0.3, 0.4, 0.8), strict=True))  # mean 2.7 / 6 = 0.45


@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_bundle_is_read_by_its_manifest_alone(tmp_path, name):
    path = write_bundle(tmp_path / name, manifest_of("org/model-7b", FIGURES))
    (entry,), left_out = read_submissions([path])
    assert not left_out
    assert (entry.name, entry.date, entry.by, entry.protocol) == ("org/model-7b", "2026-05-01", "somebody", "alpaca 1, 0-shot")
    assert entry.headline == pytest.approx(0.45)
    assert entry.group("en").mean == pytest.approx(0.4)  # (0.1 + 0.2 + 0.9) / 3
    assert entry.group("mcq").mean == pytest.approx(0.85)
    # two shares over 50 rows: (0.9 * 0.1 / 49 + 0.8 * 0.2 / 49) ** 0.5 / 2 = 0.5 / 7 / 2
    assert entry.group("mcq").error == pytest.approx(0.5 / 14)
    assert not entry.is_encoder


def test_a_run_of_lm_eval_gives_the_same_figures_as_arithmetic(tmp_path):
    rows = rows_of("sevenllm_en_mcq", "sevenllm_en_threat_analysis")
    write_run(tmp_path, "model", rows, value=lambda row, metric: float(row.id % 2) if row.kind == "mcq" else 0.25)
    (entry,), _ = read_submissions([tmp_path])
    odd = [row.id % 2 for row in rows if row.kind == "mcq"]
    share = sum(odd) / len(odd)
    figure = entry.figures["en_mcq.acc"]
    assert figure.mean == pytest.approx(share)
    assert figure.error == pytest.approx((share * (1 - share) / (len(odd) - 1)) ** 0.5)
    assert figure.rows == len(odd)
    assert entry.figures["en_generation.rouge_l"] == Value(0.25, 0.0, 4, "embedded rows, which are not the benchmark")
    assert entry.headline is None
    assert entry.why_unranked == "a section has no figures"


def test_partial_figures_have_no_rank(tmp_path):
    manifest = manifest_of("org/partial", FIGURES)
    manifest["figures"][0]["partial"] = "en_mcq: 3 of 50 rows missing"
    (entry,), _ = read_submissions([write_bundle(tmp_path / "a", manifest)])
    assert entry.headline is None
    assert entry.why_unranked == "en_mcq: 3 of 50 rows missing"


@pytest.mark.parametrize(
    ("name", "words"), [("b/manifest.json", "in a folder b/ of the zip"), ("run\\x", "backslashes in its names")]
)
def test_zips_that_were_made_in_another_way_are_named(tmp_path, name, words):
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr(name, "{}")
    with pytest.raises(ResultsError, match=words):
        read_submissions([tmp_path / "b.zip"])


def test_what_is_no_figure_is_passed_over(tmp_path):
    manifest = manifest_of("org/odd", FIGURES)
    manifest["figures"] += [
        {"id": "en_mcq.acc", "value": "0.99"},
        {"id": "zh_mcq.acc", "value": 7},
        {"id": "<b>.acc", "value": 0.5},
        {"id": "en_mcq.nonsense", "value": 0.5},
        {"value": 0.5},
        None,
    ]
    (entry,), _ = read_submissions([write_bundle(tmp_path / "a", manifest)])
    assert entry.figures["en_mcq.acc"].mean == 0.9
    assert entry.figures["zh_mcq.acc"].mean == 0.8
    assert not [name for name in entry.figures if "<" in name or "nonsense" in name]


def test_broken_submissions_are_left_out_with_the_reason(tmp_path):
    write_bundle(tmp_path / "good", manifest_of("org/good", FIGURES))
    (tmp_path / "text.zip").write_text("no zip")
    members = {
        "broken": ("manifest.json", '{"format": '),
        "other": ("manifest.json", '{"format": "of others"}'),
        "empty": ("x", ""),
    }
    for name, member in members.items():
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr(*member)
    entries, left_out = read_submissions([tmp_path])
    assert [entry.name for entry in entries] == ["org/good"]
    assert len(left_out) == 4
    reasons = " ".join(item.why for item in left_out)
    for words in ("can't be read", "broken JSON", "no manifest of a submission", "no manifest.json in it"):
        assert words in reasons


def test_what_is_no_regular_file_is_left_out(tmp_path, capsys):
    write_bundle(tmp_path / "in" / "good", manifest_of("org/good", FIGURES))
    os.mkfifo(tmp_path / "in" / "pipe.zip")
    (tmp_path / "in" / "broken.zip").symlink_to(tmp_path / "nowhere")
    (tmp_path / "in" / "loop.zip").symlink_to(tmp_path / "in" / "loop.zip")
    with zipfile.ZipFile(tmp_path / "in" / "damaged.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("manifest.json", json.dumps(manifest_of("org/x", FIGURES)))
    content = bytearray((tmp_path / "in" / "damaged.zip").read_bytes())
    content[60:80] = b"\xff" * 20
    (tmp_path / "in" / "damaged.zip").write_bytes(content)
    assert main(["leaderboard", "build", str(tmp_path / "in"), "-o", str(tmp_path / "out")]) == 0
    error = capsys.readouterr().err
    assert error.count("left out: ") == 4
    for words in (
        "pipe.zip: not a regular file",
        "broken.zip: a link that leads nowhere",
        "loop.zip: a link",
        "damaged.zip: can't",
    ):
        assert words in error
    assert main(["leaderboard", "build", "/dev/zero", "-o", str(tmp_path / "other")]) == 2


def test_a_link_in_a_circle_shows_nothing_twice(tmp_path):
    write_bundle(tmp_path / "good", manifest_of("org/good", FIGURES))
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "text.zip").write_text("no zip")
    entries, left_out = read_submissions([tmp_path])
    assert (len(entries), len(left_out)) == (1, 1)


def test_a_link_out_of_the_folder_is_named_and_not_followed(tmp_path):
    write_bundle(tmp_path / "in" / "good", manifest_of("org/good", FIGURES))
    write_bundle(tmp_path / "elsewhere" / "other", manifest_of("org/other", FIGURES))
    link = tmp_path / "in" / "a-link"
    link.symlink_to(tmp_path / "elsewhere")
    entries, left_out = read_submissions([tmp_path / "in"])
    assert [entry.name for entry in entries] == ["org/good"]
    assert [item.why.partition("not looked into: ")[2] for item in left_out] == [
        "a link that leads out of the folder; name it by itself"
    ]
    # Named by itself, or together with where it leads, it is read, once.
    for named in ([tmp_path / "in", tmp_path / "elsewhere"], [tmp_path / "elsewhere", tmp_path / "in"]):
        entries, left_out = read_submissions(named)
        assert (sorted(entry.name for entry in entries), left_out) == (["org/good", "org/other"], [])
    assert [entry.name for entry in read_submissions([link])[0]] == ["org/other"]
    link.unlink()
    link.symlink_to("/")
    entries, left_out = read_submissions([tmp_path / "in"])
    assert (len(entries), len(left_out)) == (1, 1)


def test_a_partial_run_replaces_no_whole_one(tmp_path):
    whole = write_bundle(tmp_path / "a", manifest_of("org/model", FIGURES, "2026-01-01"))
    partial = manifest_of("org/model", FIGURES, "2026-02-02")
    partial["figures"][0]["partial"] = "3 of 50 rows missing"
    built = build_leaderboard([whole, write_bundle(tmp_path / "b", partial)], tmp_path / "out")
    content = json.loads((built.index.parent / "leaderboard.json").read_text(encoding="utf-8"))
    assert [entry["newest"] for entry in content["entries"]] == [True, True]


def test_a_standard_error_beyond_all_bounds_is_none(tmp_path):
    manifest = manifest_of("org/model", FIGURES)
    next(figure for figure in manifest["figures"] if figure["id"] == "en_mcq.acc")["stderr"] = 1e308
    built = build_leaderboard([write_bundle(tmp_path / "in", manifest)], tmp_path / "out")
    entry = json.loads((built.index.parent / "leaderboard.json").read_text(encoding="utf-8"))["entries"][0]
    assert entry["figures"]["en_mcq.acc"] == {"mean": 0.9, "error": None, "rows": 50}


def test_a_name_in_the_file_of_models_that_no_submission_has_is_said(tmp_path, capsys):
    path = write_bundle(tmp_path / "in", manifest_of("org/model-7b", FIGURES))
    (tmp_path / "models.yaml").write_text("Model-7B: {tuning: base}\norg/modell-7b: {tuning: base}\n")
    words = ["leaderboard", "build", str(path), "-o", str(tmp_path / "out"), "--models", str(tmp_path / "models.yaml")]
    assert main(words) == 0
    assert "--models: no submission is called org/modell-7b\n" in capsys.readouterr().err


def test_a_run_that_contradicts_itself_is_left_out(tmp_path):
    write_bundle(tmp_path / "good", manifest_of("org/good", FIGURES))
    path = write_run(tmp_path, "model", rows_of("sevenllm_en_mcq"), value=lambda row, metric: float(row.id % 2))
    samples = next(path.parent.glob("samples_*"))
    samples.write_text(samples.read_text(encoding="utf-8").replace('"acc": 0.0', '"acc": 1.0'), encoding="utf-8")
    entries, left_out = read_submissions([tmp_path])
    assert [entry.name for entry in entries] == ["org/good"]
    assert "can't be trusted" in left_out[0].why


@pytest.mark.data
def test_a_run_that_lost_samples_or_scores_has_no_rank(official_rows, tmp_path):
    whole = official_run(tmp_path / "whole", official_rows, {row.id: row.reference_text for row in official_rows})
    assert read_submissions([whole])[0][0].headline == pytest.approx(1.0, abs=0.01)  # row 260 is scored otherwise
    for name, spoil in (("cut", lambda lines: lines[::2]), ("nulls", lambda lines: [null(line) for line in lines])):
        path = shutil.copytree(whole.parent, tmp_path / name)
        samples = next(path.glob("samples_sevenllm_en_mcq_*"))
        samples.write_text("\n".join(spoil(samples.read_text(encoding="utf-8").splitlines())), encoding="utf-8")
        (tmp_path / name / whole.name).write_text(without_figures_of(whole, "sevenllm_en_mcq"), encoding="utf-8")
        (entry,), _ = read_submissions([tmp_path / name])
        assert entry.headline is None
        why = {"cut": "25 of 1,300 rows missing", "nulls": "25 rows have no value"}[name]
        assert entry.why_unranked == why
        assert entry.figures["sevenllm_en_mcq.acc"].partial == why.replace("1,300", "50")


def without_figures_of(results, task):
    """The results without what its samples would contradict."""
    content = json.loads(results.read_text(encoding="utf-8"))
    content["results"][task] = {"alias": task}
    return json.dumps(content)


def null(line):
    """Every second row's score set to null."""
    sample = json.loads(line)
    return json.dumps({**sample, "acc": None} if sample["doc"]["id"] % 2 else sample, ensure_ascii=False)


def test_a_manifest_that_unpacks_to_gigabytes_is_not_read(tmp_path):
    write_bundle(tmp_path / "good", manifest_of("org/good", FIGURES))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b" " * (9 << 20))
    assert "too large" in read_submissions([tmp_path])[1][0].why


def test_nothing_usable_is_an_error_that_names_the_reason(tmp_path, capsys):
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(ResultsError, match="no usable submission"):
        read_submissions([tmp_path])
    assert main(["leaderboard", "build", str(tmp_path / "nowhere"), "-o", str(tmp_path / "out")]) == 2
    assert "no such file or folder" in capsys.readouterr().err


def test_facts_come_from_the_file_and_the_size_else_from_the_name(tmp_path):
    file = tmp_path / "models.yaml"
    file.write_text(
        "org/Model-A:\n  parameters: 8.2\n  licence: mit\n  languages: [en, zh]\n  tuning: tuned\nbert: {encoder: true}\n"
    )
    known = read_facts(file)
    assert with_facts(Entry("ORG/model-a"), known).facts == Facts(8.2, False, "mit", ("en", "zh"), "tuned")
    assert with_facts(Entry("x/Qwen3-8B"), known).facts == Facts(8.0, True)
    assert with_facts(Entry("somebody/bert"), known).is_encoder


@pytest.mark.parametrize(
    ("name", "size"),
    [("Qwen3-8B", 8), ("llama2-13b-cot", 13), ("phi-1.5b", 1.5), ("Mixtral-8x7B", None), ("bert-base", None), ("a7bc", None)],
)
def test_size_in_a_name(name, size):
    assert size_in_name(name) == size


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "m: 3",
        "m: {parameters: big}",
        "m: {tuning: maybe}",
        "m: {size: 3}",
        "m: {languages: en}",
        "a: [",
        "m: {encoder: 1}",
    ],
)
def test_wrong_facts_are_named(tmp_path, text):
    file = tmp_path / "models.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match="--models"):
        read_facts(file)


def test_the_newest_submission_of_a_model_counts_and_the_json_has_them_all(tmp_path):
    better = dict.fromkeys(SECTIONS, 0.9)
    write_bundle(tmp_path / "in" / "old", manifest_of("org/model", better, "2026-01-01"))
    write_bundle(tmp_path / "in" / "new", manifest_of("org/model", FIGURES, "2026-03-01"))
    write_bundle(tmp_path / "in" / "rival", manifest_of("org/rival", FIGURES, "2026-02-01"))
    built = build_leaderboard([tmp_path / "in"], tmp_path / "out")
    assert built.entries == 3
    content = json.loads((tmp_path / "out" / "leaderboard.json").read_text(encoding="utf-8"))
    found = {(entry["name"], entry["date"]): entry for entry in content["entries"]}
    assert found["org/model", "2026-01-01"]["newest"] is False
    assert found["org/model", "2026-03-01"]["newest"] is True
    assert found["org/model", "2026-03-01"]["figures"]["headline"]["mean"] == pytest.approx(0.45)
    page = built.index.read_text(encoding="utf-8")
    assert page.index('id="t-models"') < page.index('id="t-older"')


def test_a_second_build_replaces_the_first_and_nothing_else(tmp_path, capsys):
    write_bundle(tmp_path / "in" / "a", manifest_of("org/model", FIGURES))
    out = tmp_path / "out"
    assert main(["leaderboard", "build", str(tmp_path / "in"), "-o", str(out)]) == 0
    (out / "mine.txt").write_text("kept")
    assert main(["leaderboard", "build", str(tmp_path / "in"), "-o", str(out)]) == 0
    assert (out / "mine.txt").read_text() == "kept"
    assert main(["leaderboard", "build", str(tmp_path / "in"), "-o", str(tmp_path / "in")]) == 2
    assert "not empty" in capsys.readouterr().err


def figures_on_a_board(*paths):
    entries, left_out = read_submissions(paths)
    assert not left_out
    return [entry.figures for entry in entries]


def test_a_run_and_its_bundle_have_the_same_figures(tmp_path):
    """With a row that asks for extraction in a generation task, as the official rows 791 and 823 do."""
    rows = [*small_rows(), replace(small_rows()[0], category="Risk Assessment", id=7)]
    run = write_true_run(tmp_path / "run", rows, lambda row: row.reference_text[: len(row.reference_text) // 2 + row.id % 5])
    as_run, as_bundle = figures_on_a_board(run.parent, make_bundle(run, tmp_path / "b.zip"))
    assert as_run == as_bundle
    assert as_run["en_understanding.value_f1"].rows == as_run["sevenllm_en_time_element_acquisition.value_f1"].rows + 1


@pytest.mark.predictions
def test_a_run_of_official_rows_and_its_bundle_have_the_same_figures(official_rows, predictions_dir, tmp_path):
    answers = read_predictions([predictions_dir / "qwen1_5-7b.jsonl"]).answers
    run = official_run(tmp_path / "run", official_rows, answers)
    bundle = make_bundle(run, tmp_path / "b.zip")
    as_run, as_bundle = figures_on_a_board(run.parent, bundle)
    assert as_run == as_bundle
    assert len(as_run) == 1 + 18 + 4 * 20 + 3 * 23 + 2 * 2
    # Row 823 of that task asks for extraction.
    task = as_run["sevenllm_en_attack_strategy_analysis.rouge_l"]
    assert (task.rows, task.partial) == (2, "")
    assert task.mean == pytest.approx(0.3008, abs=5e-5)
    assert as_run["en_understanding.value_f1"].rows == 300

    # Version 1 of the format had row 823 in that task: such figures are not shown.
    folder = unpacked(bundle, tmp_path / "old")
    edit_json(folder / "manifest.json", lambda manifest: manifest.update(version=1))
    (old,) = figures_on_a_board(packed(folder))
    assert as_run.keys() - old.keys() == {
        f"sevenllm_en_{task}.{metric}"
        for task in ("attack_strategy_analysis", "protection_strategy_research")
        for metric in ("rouge_l", "rouge_l_paper", "invented_indicators")
    }


def test_of_two_submissions_on_one_day_the_better_one_is_shown(tmp_path):
    worse = dict.fromkeys(SECTIONS, 0.2)
    paths = [write_bundle(tmp_path / name, manifest_of("org/model", values)) for name, values in (("a", worse), ("b", FIGURES))]
    for order in (paths, paths[::-1]):
        built = build_leaderboard(order, tmp_path / "out")
        content = json.loads((built.index.parent / "leaderboard.json").read_text(encoding="utf-8"))
        shown = {entry["newest"]: entry["figures"]["headline"]["mean"] for entry in content["entries"]}
        assert shown == {True: pytest.approx(0.45), False: pytest.approx(0.2)}


# Runs of one folder: each is on the board, in the history where a newer one replaced it, or named as left out.


def shots(number):
    def change(results):
        for task in results["n-shot"]:
            results["n-shot"][task] = number

    return change


def test_a_run_of_other_shots_in_the_same_folder_is_an_entry_of_its_own(tmp_path):
    rows = rows_of("sevenllm_en_mcq")
    write_run(tmp_path, "m", rows, stamp="2026-01-01T00-00-00")
    write_run(tmp_path, "m", rows, stamp="2026-01-02T00-00-00", change=shots(2))
    entries, left_out = read_submissions([tmp_path])
    assert not left_out
    assert {entry.protocol.partition(", other rows")[0] for entry in entries} == {"alpaca 1, 0-shot", "alpaca 1, 2-shot"}
    built = build_leaderboard([tmp_path], tmp_path / "out")
    content = json.loads((built.index.parent / "leaderboard.json").read_text(encoding="utf-8"))
    assert [entry["newest"] for entry in content["entries"]] == [True, True]


def test_an_older_run_in_the_same_folder_is_in_the_history(tmp_path):
    rows = rows_of("sevenllm_en_mcq")
    for hour, stamp in ((1, "2026-01-01T01-00-00"), (3, "2026-01-01T03-00-00"), (2, "2026-01-01T02-00-00")):
        write_run(tmp_path, "m", rows, stamp=stamp, change=lambda results, hour=hour: results.update(date=3600.0 * hour))
    built = build_leaderboard([tmp_path], tmp_path / "out")
    content = json.loads((built.index.parent / "leaderboard.json").read_text(encoding="utf-8"))
    assert {entry["moment"]: entry["newest"] for entry in content["entries"]} == {
        "1970-01-01T01:00:00+00:00": False,
        "1970-01-01T02:00:00+00:00": False,
        "1970-01-01T03:00:00+00:00": True,
    }


def test_runs_written_to_a_file_name_and_bundles_beside_runs_are_found(tmp_path):
    for name in ("a", "b"):
        path = write_run(tmp_path, name, rows_of("sevenllm_en_mcq"), stamp=f"2026-01-01T00-00-0{'ab'.index(name)}")
        for file in list(path.parent.iterdir()):
            file.rename(tmp_path / file.name.replace("results_", "out_"))
    write_bundle(tmp_path / "bundle", manifest_of("org/good", FIGURES))
    entries, left_out = read_submissions([tmp_path])
    assert ([entry.name for entry in entries], left_out) == (["org/good", "a", "b"], [])


def test_samples_without_results_and_other_benchmarks_are_named(tmp_path):
    write_bundle(tmp_path / "bundle", manifest_of("org/good", FIGURES))
    write_run(tmp_path, "lost", rows_of("sevenllm_en_mcq")).unlink()
    (tmp_path / "results_2026-01-01T00-00-00.json").write_text('{"results": {"mmlu": {}}}')
    deep = tmp_path.joinpath(*"abcdefgh")
    write_bundle(deep / "bundle", manifest_of("org/deep", FIGURES))
    entries, left_out = read_submissions([tmp_path])
    assert [entry.name for entry in entries] == ["org/good"]
    reasons = " ".join(item.why for item in left_out)
    for words in (
        "answers without lm-eval's results file",
        "no SEvenLLM task in it; found mmlu",
        "folders deep; name it by itself",
    ):
        assert words in reasons
    assert len(left_out) == 3


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"pretrained": "org/base", "load_in_4bit": True}, "org/base (load_in_4bit=True)"),
        ({"pretrained": "org/base", "gguf_file": "q4.gguf"}, "org/base (gguf_file=q4.gguf)"),
        ({"pretrained": "org/base", "lora_local_path": "/a"}, "org/base + /a"),
    ],
)
def test_a_run_and_its_bundle_have_the_same_name(tmp_path, arguments, name):
    def change(results):
        results["config"]["model_args"], results["model_name"] = arguments, "org/base"

    run = write_true_run(tmp_path / "run", small_rows(), change=change)
    declared = replace(DECLARED, repository=None)
    entries, _ = read_submissions([run.parent, make_bundle(run, tmp_path / "b.zip", declared)])
    assert {entry.name for entry in entries} == {name}
    assert len({entry.protocol for entry in entries}) == 1


def test_a_quantised_run_replaces_no_other_and_shares_its_facts(tmp_path):
    plain, quantised = manifest_of("org/model-7b", FIGURES), manifest_of("org/model-7b", FIGURES, "2026-06-01")
    quantised["model"]["arguments"] = {"pretrained": "org/model-7b", "load_in_4bit": True}
    paths = [write_bundle(tmp_path / "a", plain), write_bundle(tmp_path / "b", quantised)]
    built = build_leaderboard(paths, tmp_path / "out", {"org/model-7b": Facts(7.6, licence="mit")})
    content = json.loads((built.index.parent / "leaderboard.json").read_text(encoding="utf-8"))
    assert {entry["name"]: entry["newest"] for entry in content["entries"]} == {
        "org/model-7b": True,
        "org/model-7b (load_in_4bit=True)": True,
    }
    assert {entry["facts"]["licence"] for entry in content["entries"]} == {"mit"}
    assert built.unused == ()
    assert with_facts(Entry("org/model-7b (load_in_4bit=True)"), {}).facts.parameters == 7


def in_all_tasks(**values):
    return lambda m: [task.update(values) for task in m["tasks"].values()]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m["settings"].update(chat_template="abcdef0123456789"), "chat template abcdef01"),
        (lambda m: m["settings"].update(system_instruction="0123456789"), "system instruction 01234567"),
        (lambda m: m["settings"].update(limit=300.0), "limit 300"),
        (lambda m: m["model"].update(arguments={"enable_thinking": False}), "enable_thinking=False"),
        (in_all_tasks(generation={"do_sample": True, "temperature": 0.7}), "temperature 0.7"),
        (in_all_tasks(generation={"max_gen_toks": 64}), "max_gen_toks 64"),
    ],
)
def test_a_run_of_another_protocol_replaces_none(tmp_path, change, words):
    usual, other = manifest_of("org/m", FIGURES, "2026-01-01"), manifest_of("org/m", FIGURES, "2026-02-02")
    change(other)
    built = build_leaderboard([write_bundle(tmp_path / "a", usual), write_bundle(tmp_path / "b", other)], tmp_path / "out")
    content = json.loads((built.index.parent / "leaderboard.json").read_text(encoding="utf-8"))
    assert {entry["protocol"]: entry["newest"] for entry in content["entries"]} == {
        "alpaca 1, 0-shot": True,
        f"alpaca 1, 0-shot, {words}": True,
    }


@pytest.mark.parametrize("junk", [10**400, -(10**4000), float("nan"), True, [1], {"a": {}}, "\ud800\x1b[31m" * 50, None])
def test_junk_in_a_protocol_is_harmless(tmp_path, junk):
    manifest = manifest_of("org/m", FIGURES)
    manifest["settings"] = dict.fromkeys(("limit", "chat_template", "system_instruction", "fewshot_as_multiturn"), junk)
    manifest["model"]["arguments"] = {"enable_thinking": junk, "load_in_4bit": junk, "peft": junk, "dtype": junk}
    task = {"num_fewshot": junk, "prompt": {"name": junk}, "signature": {"data": {"sha256": junk}}, "generation": junk}
    manifest["tasks"] = {"sevenllm_en_mcq": task, "sevenllm_zh_mcq": {**task, "generation": {"temperature": junk}}, "x": junk}
    (entry,), left_out = read_submissions([write_bundle(tmp_path / "a", manifest)])
    assert not left_out
    assert entry.protocol.isprintable()
    assert entry.name.isprintable()
    assert len(entry.protocol) < 600
