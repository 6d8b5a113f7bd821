"""A run on three sources, from the command line to the model card."""

import json
import random

import pytest
from finetune.finetune_runs import QUICK, make_base

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.embedded import embedded_split


def write(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def turns(number):
    words = [word for row in embedded_split("train")[:40] for word in row.input.split()]
    draw = random.Random(number)
    said = [" ".join(draw.choices(words, k=10)) for _ in range(4)]
    return {"conversations": [{"from": ("human", "gpt")[place % 2], "value": text} for place, text in enumerate(said)]}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run, what its dry run printed, and what it printed."""
    import contextlib
    import io

    folder = tmp_path_factory.mktemp("sources")
    sources = [
        {"source": "embedded", "weight": 3},
        {"source": write(folder / "chats.jsonl", [turns(number) for number in range(30)]), "weight": 1},
        {"source": write(folder / "check.jsonl", [turns(number) for number in range(100, 106)]), "role": "held_out_only"},
    ]
    words = ["data.source=null", f"data.sources={json.dumps(sources)}", "data.leak_guard=embedded", *QUICK]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        base = make_base(folder / "base")
        command = ["finetune", "demo", f"model.base={base}", f"output={folder / 'out'}", *words]
        assert main([*command, "--dry-run"]) == 0
        print("=== the run")
        assert main(command) == 0
    return folder / "out", *printed.getvalue().split("=== the run")


def test_the_forgetting_check_is_printed_and_in_the_card(finished):
    folder, _, printed = finished
    card = (folder / "README.md").read_text(encoding="utf-8")
    entries = [json.loads(line) for line in (folder / "training_log.jsonl").read_text(encoding="utf-8").splitlines()]
    evaluated = [entry for entry in entries if "eval_loss" in entry]
    for name in ("loss_general_chats", "loss_general_check"):
        before, after = (evaluated[place][f"eval_{name}"] for place in (0, -1))
        assert before > 6, "ln 1024 is 6.9: an untrained model"
        assert f"| {name} | {before:.4f} | {after:.4f} |" in card
        assert name in printed
        assert f"general {name.removeprefix('loss_general_')} {before:.4g}" in printed, "on the way, too"
    assert "loss_en_general" not in card


def test_the_table_of_sources(finished):
    folder, _, printed = finished
    data = json.loads((folder / "training_data.json").read_text(encoding="utf-8"))
    embedded, chats, check = data["sources"]
    assert embedded["share of the tokens"] == pytest.approx(0.75, abs=0.01)
    assert embedded["share of the tokens"] + chats["share of the tokens"] == pytest.approx(1)
    assert (check["share of the tokens"], check["chosen"], check["held out"]) == (0, 0, 6)
    assert [source["format"] for source in data["sources"]] == ["sevenllm", "sharegpt", "sharegpt"]
    card = (folder / "README.md").read_text(encoding="utf-8")
    for shown in (card, printed):
        assert "check (held out only)" in shown
        assert "75.0%" in shown
    assert str(folder.parent) not in card
    assert "embedded test rows only" in card


def test_a_dry_run_packs_the_examples_that_the_run_packs(finished):
    """Not those that the shares of the sources leave out."""
    folder, planned, printed = finished
    chats = json.loads((folder / "training_data.json").read_text(encoding="utf-8"))["sources"][1]
    assert chats["passes"] < 0.5
    steps = next(line.split()[-1] for line in planned.splitlines() if line.strip().startswith("steps"))
    assert f"({steps} steps;" in printed
    filled = next(line.split()[-1] for line in planned.splitlines() if "filled with tokens" in line)
    assert 50 < float(filled.removesuffix("%")) <= 100


def test_tables_fit_a_terminal_of_80_columns(finished):
    _, planned, printed = finished
    tables = [line.rstrip() for line in (planned + printed).splitlines() if line.startswith("  ") and line.endswith("  ")]
    assert len(tables) > 50
    assert max(map(len, tables)) <= 80
