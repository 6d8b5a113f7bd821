"""Several sources in one run: what is kept apart, held out, mixed and reported."""

import json
import random
from collections import Counter

import pytest
from tokenizers_made_here import gpt2_like

from sevenllm_bench.corpus.conversation import Conversation
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import ConfigError, DataError
from sevenllm_bench.finetune.encoding.dataset import encode, encoder_for, select
from sevenllm_bench.finetune.encoding.example_encoder import Fitting
from sevenllm_bench.finetune.loop.trainer import losses_by_cell
from sevenllm_bench.finetune.settings.config_file import read_config

WORDS = [word for row in embedded_split("train") if row.language == "en" for word in row.input.split()]
FIELDS = ("id", "category", "instruction", "input", "thought", "output")


def talk(number, words=30):
    """A question and an answer of their own."""
    draw = random.Random(number)
    return {"instruction": " ".join(draw.choices(WORDS, k=12)), "input": "", "output": " ".join(draw.choices(WORDS, k=words))}


def write(path, records):
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return str(path)


def general(folder, count=60, name="general.jsonl"):
    return write(folder / name, [talk(number) for number in range(count)])


def config(sources, *changes):
    listed = json.dumps(sources)
    return read_config("demo", ["data.source=null", f"data.sources={listed}", "data.leak_guard=embedded", *changes])


def chosen(*words):
    said = []
    return select(config(*words), said.append)


def prepared(*words):
    run = config(*words)
    selection = select(run, lambda line: None)
    return selection, encode(selection, encoder_for(run.data, gpt2_like()), lambda line: None)


def by_name(report):
    return {source["name"]: source for source in report["sources"]}


# --- shares ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [40, 2000])
def test_two_sources_mixed_80_to_20_by_tokens(tmp_path, count):
    """A general source too small, which is repeated, and one too large, of which a sample is taken."""
    sources = [{"source": "embedded", "weight": 0.8}, {"source": general(tmp_path, count), "weight": 0.2}]
    selection, data = prepared(sources, "data.max_length=4096")
    tokens = Counter()
    for ids, cell in zip(data.training["input_ids"], data.training["cell"], strict=True):
        tokens["general" if "/general " in cell else "embedded"] += len(ids)
    assert tokens["embedded"] / tokens.total() == pytest.approx(0.8, abs=0.01 * 0.2)
    report = by_name(data.report)
    assert report["embedded"]["share asked for"] == pytest.approx(0.8)
    assert report["general"]["share of the tokens"] == pytest.approx(tokens["general"] / tokens.total())
    assert report["general"]["tokens as trained"] == tokens["general"]
    assert report["embedded"]["passes"] == 1
    assert (report["general"]["passes"] > 1) == (count == 40)
    assert data.report["training"]["tokens"] == tokens.total()
    assert {record.id for record in selection.training} == set(selection.source_of) - {row.id for row in selection.held_out}


def test_without_weights_each_source_is_taken_once(tmp_path):
    _, data = prepared([{"source": "embedded"}, {"source": general(tmp_path), "name": "talks"}])
    report = by_name(data.report)
    assert (report["talks"]["passes"], report["embedded"]["passes"]) == (1, 1)
    assert report["talks"]["share asked for"] is None
    assert report["talks"]["read"] == 60
    assert report["talks"]["chosen"] + report["talks"]["held out"] == 60
    assert sum(count for cell, count in data.report["cells"].items() if "/general talks" in cell) == report["talks"]["chosen"]


def test_the_mixture_is_the_same_again(tmp_path):
    sources = [{"source": "embedded", "weight": 4}, {"source": general(tmp_path), "weight": 1}]
    first, again = prepared(sources)[1], prepared(sources)[1]
    assert list(first.training["input_ids"]) == list(again.training["input_ids"])
    assert first.report == again.report


# --- over all sources ------------------------------------------------------------------------------------------------


def test_guard_and_duplicates_go_over_all(tmp_path):
    leaked = next(row for row in embedded_split("test") if row.language == "en" and len(row.input) > 300)
    trained = next(row for row in embedded_split("train") if row.language == "en" and row.kind == "generation")
    records = [talk(number) for number in range(20)]
    records += [{"instruction": "Sum this up.", "input": leaked.input, "output": "It is bad."}]
    records += [{"instruction": trained.instruction, "input": trained.input, "output": "Something else."}]
    records += [{**talk(3), "output": "Another answer."}]
    selection = chosen([{"source": "embedded"}, {"source": write(tmp_path / "talks.jsonl", records)}], "data.held_out=0")
    report = by_name(selection.report)["talks"]
    assert (report["leaks removed"], report["duplicates removed"], report["chosen"]) == (1, 2, 20)
    assert by_name(selection.report)["embedded"]["duplicates removed"] == 0
    offset = next(record.id for record in selection.training if isinstance(record, Conversation)) - 1
    assert [leak.row_id - offset for leak in selection.leaks] == [21]
    assert [dropped - offset for dropped, _ in selection.report["duplicates"]] == [22, 23]


def test_rows_are_held_out_of_each_source_with_what_is_near_them(tmp_path):
    records = [
        {**talk(number // 2), "instruction": talk(number // 2)["instruction"] + "?" * (number % 2)} for number in range(80)
    ]
    selection = chosen([{"source": "embedded"}, {"source": write(tmp_path / "talks.jsonl", records)}], "data.deduplicate=false")
    held = [record for record in selection.held_out if isinstance(record, Conversation)]
    assert held
    asked = [{turn.text.rstrip("?") for record in side if isinstance(record, Conversation) for turn in record.turns[:1]}
             for side in (held, selection.training)]  # fmt: skip
    assert not asked[0] & asked[1]
    assert len(held) % 2 == 0
    assert all(isinstance(row, Row) for row in selection.held_out_rows)
    assert len(selection.held_out_rows) == len(selection.held_out) - len(held)


@pytest.mark.parametrize("how", [{"role": "held_out_only"}, {"weight": 0}])
def test_a_source_for_the_check_alone(tmp_path, how):
    trained = write(tmp_path / "trained.jsonl", [talk(number) for number in range(30)])
    check = write(tmp_path / "check.jsonl", [talk(number) for number in range(25, 40)])
    selection = chosen([{"source": trained}, {"source": check, **how}], "data.held_out=0")
    report = by_name(selection.report)
    assert (report["check"]["role"], report["check"]["chosen"], report["trained"]["chosen"]) == ("held_out_only", 0, 30)
    assert report["check"]["duplicates removed"] == 5
    assert report["check"]["held out"] == 10
    assert {record.source for record in selection.held_out} == {"check"}


def test_a_source_for_the_check_takes_no_row_from_training_where_it_comes_first(tmp_path):
    check = {"source": write(tmp_path / "check.jsonl", [talk(number) for number in range(25, 40)]), "role": "held_out_only"}
    trained = {"source": write(tmp_path / "trained.jsonl", [talk(number) for number in range(30)])}
    for sources in ([check, trained], [trained, check]):
        report = by_name(chosen(sources, "data.held_out=0").report)
        assert (report["trained"]["chosen"], report["check"]["held out"]) == (30, 10)


def test_sources_of_one_name_get_numbers(tmp_path):
    folders = [tmp_path / folder for folder in "abc"]
    for number, folder in enumerate(folders):
        folder.mkdir()
        write(folder / "x.jsonl", [talk(number)])
    sources = [{"source": f"{folders[0]}/x.jsonl", "name": "x-2"}, *({"source": f"{folder}/x.jsonl"} for folder in folders[1:])]
    assert list(by_name(chosen(sources).report)) == ["x-2", "x", "x-3"]


def test_a_source_of_one_template_is_said_not_to_be_held_out(tmp_path):
    prompt = "Read the request of a customer of our shop with care, and answer it in one polite sentence. The request: "
    alike = write(tmp_path / "alike.jsonl", [{"prompt": f"{prompt}{number}", "completion": f"{number}"} for number in range(99)])
    said = []
    select(config([{"source": "embedded"}, {"source": alike}], "data.held_out=0.1"), said.append)
    assert [line for line in said if line.startswith("no example of alike is held out")]
    assert not [line for line in said if "embedded is held out" in line]


def test_at_most_500_rows_are_checked(tmp_path):
    big = write(tmp_path / "big.jsonl", [talk(number, 3) for number in range(600)])
    for more, read in (({}, 500), ({"max_rows": 550}, 550)):
        selection = chosen([{"source": "embedded"}, {"source": big, "role": "held_out_only", **more}])
        assert by_name(selection.report)["big"]["read"] == read


def test_general_examples_pass_the_choice_of_languages_and_tasks(tmp_path):
    selection = chosen(
        [{"source": "embedded"}, {"source": general(tmp_path)}], "data.languages=[zh]", "data.tasks=[Threat Analysis]"
    )
    rows = [record for record in selection.training if isinstance(record, Row)]
    assert {(row.language, row.category) for row in rows} == {("zh", "Threat Analysis")}
    assert len(selection.training) > len(rows)


# --- other languages -------------------------------------------------------------------------------------------------

GERMAN = "Die Angreifer verschickten täuschend echte Nachrichten an die Mitarbeiter und luden danach weitere Schadsoftware nach."


@pytest.fixture
def german(tmp_path):
    row = next(row for row in embedded_split("train") if row.language == "en" and row.kind == "generation")
    record = {name: getattr(row, name) for name in FIELDS}
    foreign = {**record, "id": 7, "instruction": "Fasse den Vorfall zusammen.", "input": GERMAN, "output": GERMAN}
    corpus = write(tmp_path / "train.jsonl", [{**record, "id": 1}, foreign])
    talks = [talk(1), {"instruction": "Was ist geschehen?", "input": GERMAN, "output": GERMAN}]
    return [{"source": corpus}, {"source": write(tmp_path / "talks.jsonl", talks)}]


def test_other_languages_are_kept_dropped_or_refused(german):
    kept = chosen(german, "data.held_out=0", "data.other_languages=keep")
    assert kept.report["other languages"] == {"de": 2}
    assert {record.language for record in kept.training if isinstance(record, Conversation)} == {"en", "de"}
    assert len(kept.training) == 4
    dropped = chosen(german, "data.held_out=0", "data.other_languages=drop")
    assert (len(dropped.training), dropped.report["in other languages, left out"]) == (2, 2)
    with pytest.raises(DataError, match=r"2 examples are in other languages than English and Chinese \(de 2; ids 7, 9\)"):
        chosen(german, "data.other_languages=refuse")


def test_nothing_is_said_of_other_languages_where_there_are_none():
    assert "other languages" not in chosen([{"source": "embedded"}], "data.other_languages=refuse").report


# --- the guard's default ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "guard"),
    [
        ([], "embedded"),
        (["data.source=FILE"], "official"),
        (["data.source=instruct"], "official"),
        (["data.source=null", "data.sources=[{source: embedded}]"], "embedded"),
        (["data.source=null", "data.sources=[{source: embedded}, {source: FILE, role: held_out_only}]"], "official"),
        (["data.source=FILE", "data.leak_guard=embedded"], "embedded"),
    ],
)
def test_the_guard_depends_on_what_is_trained_on(changes, guard):
    assert read_config("demo", changes).data.guard == guard


def test_a_recipe_guards_a_users_file_against_the_official_rows(tmp_path):
    run = read_config("demo", [f"data.source={general(tmp_path)}", f"data.data_dir={tmp_path}"])
    with pytest.raises(DataError, match="the leak guard keeps rows of the benchmark out") as caught:
        select(run, lambda line: None)
    assert "test.jsonl" in str(caught.value)
    assert "data.leak_guard=embedded" in str(caught.value)


# --- mistakes --------------------------------------------------------------------------------------------------------

ONE, TWO = {"source": "a.jsonl"}, {"source": "b.jsonl"}
MISTAKES = {
    "an unknown format": ([{**ONE, "format": "vicuna"}], "data.sources.0.format: Input should be 'auto', 'sevenllm', 'alpaca'"),
    "a negative weight": ([{**ONE, "weight": -1}, TWO], "data.sources.0.weight: Input should be greater than or equal to 0"),
    "no number": ([{**ONE, "weight": float("nan")}, TWO], "data.sources.0.weight"),
    "an endless weight": ([{**ONE, "weight": 1e308}, TWO], "data.sources.0.weight: Input should be less than or equal to 1"),
    "all weights 0": ([{**ONE, "weight": 0}, {**TWO, "weight": 0}], "no source is trained on: every weight is 0"),
    "all held out": ([{**ONE, "role": "held_out_only"}], "no source is trained on"),
    "some weights": ([{**ONE, "weight": 1}, TWO], "give every source that is trained on a weight, or none of them"),
    "an empty name": ([{"source": " "}], "data.sources.0.source: must not be empty"),
    "an unknown key": ([{**ONE, "wieght": 1}], "unknown key data.sources.0.wieght; did you mean data.sources.0.weight?"),
    "an unknown key that is near none": ([{**ONE, "zzz": 1}], "unknown key data.sources.0.zzz"),
    "no mapping": ([3], "data.sources.0: a section is a mapping of keys (found 3)"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_the_configuration_are_one_line_each(name):
    sources, words = MISTAKES[name]
    with pytest.raises(ConfigError) as caught:
        config(sources)
    assert words in str(caught.value)


def test_a_source_that_comes_twice(tmp_path):
    with pytest.raises(ConfigError, match=r"the source a\.jsonl comes twice"):
        config([ONE, ONE])
    source = general(tmp_path)
    with pytest.raises(DataError, match="hold the same; name one of them"):
        chosen([{"source": source}, {"source": f"{tmp_path}/./general.jsonl"}])


def test_texts_in_the_list():
    assert [entry.source for entry in config(["embedded", ONE]).data.entries] == ["embedded", "a.jsonl"]


def test_source_and_sources():
    with pytest.raises(ConfigError, match=r"source \(embedded\) and sources exclude each other; add data.source=null"):
        read_config("demo", ["data.sources=[{source: a.jsonl}]"])


def test_a_weighted_source_of_which_nothing_is_left(tmp_path):
    trained = general(tmp_path)
    copy = write(tmp_path / "copy.jsonl", [{**talk(number), "output": "Other."} for number in range(60)])
    with pytest.raises(DataError, match="no example of copy is left to train on"):
        prepared([{"source": trained, "weight": 1}, {"source": copy, "weight": 1}])


def test_names_that_come_again(tmp_path):
    for number, folder in enumerate(("a", "b")):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "x.jsonl", [talk(20 * number + place) for place in range(20)])
    report = chosen([{"source": str(tmp_path / folder / "x.jsonl")} for folder in "ab"]).report
    assert [source["name"] for source in report["sources"]] == ["x", "x-2"]
    assert [source["source"] for source in report["sources"]] == ["x.jsonl", "x.jsonl"], "no folders in a card"


# --- the forgetting check --------------------------------------------------------------------------------------------


def test_general_losses_stand_apart():
    """By hand: sums and label tokens of four examples."""
    import numpy as np

    sums = np.array([[10.0, 5], [6.0, 2], [9.0, 3], [8.0, 1]])
    cells = ["en/Threat Analysis", "zh/mcq", "en/general alpaca-52k", "de/general alpaca-52k"]
    found = losses_by_cell(sums, cells)
    assert found == {
        "loss": pytest.approx(16 / 7),
        "loss_en": 2,
        "loss_en_threat_analysis": 2,
        "loss_zh": 3,
        "loss_zh_mcq": 3,
        "loss_general_alpaca_52k": pytest.approx(17 / 4),
    }
    assert losses_by_cell(sums[2:], cells[2:])["loss"] == pytest.approx(17 / 4)


def test_repeats_of_balancing_are_encoded_once():
    run = config([{"source": "embedded"}], "data.task_temperature=.inf", "data.held_out=0")
    selection = select(run, lambda line: None)
    encoder = encoder_for(run.data, gpt2_like())
    single = list(encoder.encode(selection.training, Fitting()))
    data = encode(selection, encoder, lambda line: None)
    assert [list(ids) for ids in data.training["input_ids"]] == [example.input_ids for example in single]
    assert len(selection.training) > len({row.id for row in selection.training})


def test_another_mixture_is_another_run(tmp_path):
    """What a run is resumed by: rows that come again are references, and count as often as they come."""
    from sevenllm_bench.finetune.settings.identity import content_hash

    source = general(tmp_path, 20)
    tables = [
        prepared([{"source": "embedded", "weight": weight}, {"source": source, "weight": 1}])[1].training for weight in (1, 1, 2)
    ]
    first, again, other = map(content_hash, tables)
    assert first == again != other
    assert content_hash(tables[0].flatten_indices()) == first, "as it is stored and loaded again"
