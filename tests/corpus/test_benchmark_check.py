"""Every kind of overlap that the guard finds is found in a file too, between rows that are no overlaps."""

import json
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest
from leak_mutations import ANSWER_PLACES, INCIDENT_PLACES, MCQ_PLACES, ORDERS, SPELLINGS, TEXT_MUTATIONS, training_row

from sevenllm_bench.corpus import compared_parts
from sevenllm_bench.corpus.benchmark_check import check_file
from sevenllm_bench.corpus.conversation import Conversation
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.errors import ConfigError

TEST = list(embedded_split("test"))
CLEAN = [row for split in ("train", "fewshot") for row in embedded_split(split)]


def line(row, number):
    instruction = row.instruction if isinstance(row.instruction, str) else json.dumps(row.instruction, ensure_ascii=False)
    output = row.output if isinstance(row.output, str) else json.dumps(row.output, ensure_ascii=False)
    record = {"id": number, "category": row.category, "instruction": instruction, "input": row.input, "thought": row.thought}
    return json.dumps(record | {"output": output}, ensure_ascii=False) + "\n"


def planted(language):
    """One row of each kind of overlap."""
    rows = [row for row in TEST if row.language == language]
    prose = next(row for row in rows if row.kind == "generation")
    mcq = next(row for row in rows if row.kind == "mcq")
    made = {name: training_row(prose, input=change(prose.input)) for name, change in TEXT_MUTATIONS.items()}
    for places, row in ((INCIDENT_PLACES, prose), (ANSWER_PLACES, prose), (MCQ_PLACES, mcq)):
        made |= {f"place {name}": place(row) for name, place in places.items()}
    return {name: row for name, row in made.items() if not isinstance(row, Conversation)}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_of_overlap_is_found_and_nothing_else(tmp_path, language):
    overlaps = planted(language)
    assert len(overlaps) > 50
    rows = [*CLEAN]
    numbers = {}
    for place, (name, row) in enumerate(overlaps.items()):
        rows.insert(3 * place, row)
        numbers[3 * place + 1] = name
    (tmp_path / "train.jsonl").write_text("".join(map(line, rows, range(1, len(rows) + 1))), encoding="utf-8")
    found = check_file(tmp_path / "train.jsonl", TEST, tmp_path / "kept.jsonl")
    assert {overlap.number: numbers.get(overlap.number) for overlap in found.overlaps} == numbers
    assert found.kept == len(CLEAN)
    kept = [json.loads(one) for one in (tmp_path / "kept.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["input"], one["thought"]) for one in kept] == [(row.input, row.thought) for row in CLEAN]
    how = {numbers[overlap.number]: overlap.leak.how for overlap in found.overlaps}
    assert {how[name] for name in SPELLINGS} == {"identical"}
    assert {how[name] for name in ORDERS} <= {"near", "reordered"}
    assert {overlap.language for overlap in found.overlaps} == {language}


def test_a_process_that_is_ended_from_outside_is_the_users_matter():
    ended = Future()
    ended.set_exception(BrokenProcessPool())
    with pytest.raises(ConfigError, match="run again with --processes 1"):
        compared_parts._first(compared_parts.deque([(None, ended)]))


def test_a_write_that_fails_leaves_no_file(tmp_path, monkeypatch):
    (tmp_path / "train.jsonl").write_text(line(CLEAN[0], 1), encoding="utf-8")

    def watch(records):
        raise OSError(28, "No space left on device")

    with pytest.raises(ConfigError, match="No space left on device"):
        check_file(tmp_path / "train.jsonl", TEST, tmp_path / "kept.jsonl", watch=watch)
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]
