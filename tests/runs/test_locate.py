"""Which files make a run, and which runs stand for others: nothing vanishes without a word."""

import pytest
from run_files import STAMP, rows_of, write_run

from sevenllm_bench.cli.main import main
from sevenllm_bench.data.benchmark import Benchmark
from sevenllm_bench.errors import PredictionsError, ResultsError
from sevenllm_bench.runs.locate import find_runs, samples_alone
from sevenllm_bench.runs.predictions import read_predictions
from sevenllm_bench.runs.reader import read_runs

EVENT, MCQ = "sevenllm_en_important_event_extraction", "sevenllm_en_mcq"
OLD, NEW = "2026-01-01T00-00-00.1", "2026-02-02T00-00-00.1"


@pytest.fixture
def rows():
    return rows_of(EVENT, MCQ)


def write_pair(folder, rows, change=None, later_rows=None):
    """An older run, and a newer one in the same folder that `change` changes."""
    old = write_run(folder, "m", rows, stamp=OLD)
    new = write_run(folder, "m", later_rows or rows, stamp=NEW, change=change)
    return str(old), str(new)


def set_in(*keys, to):
    def change(results):
        for key in keys[:-1]:
            results = results[key]
        results[keys[-1]] = to

    return change


def for_every_task(part, change):
    return lambda results: [change(results[part], task) for task in results["configs"]]


def signature_of(configs, task):
    return configs[task]["metadata"]["sevenllm"]["signature"]


DIFFERENT = {
    "another model": set_in("config", "model_args", to={"pretrained": "other"}),
    "a model of another name": set_in("model_name", to="other"),
    "an adapter": set_in("config", "model_args", to={"pretrained": "m", "peft": "me/a"}),
    "vllm's adapter": set_in("config", "model_args", to={"pretrained": "m", "lora_local_path": "/a"}),
    "4 bits": set_in("config", "model_args", to={"pretrained": "m", "load_in_4bit": True}),
    "a revision": set_in("config", "model_args", to={"pretrained": "m", "revision": "step1000"}),
    "a data type": set_in("config", "model_args", to={"pretrained": "m", "dtype": "float16"}),
    "no thinking": set_in("config", "model_args", to={"pretrained": "m", "enable_thinking": False}),
    "another backend": set_in("config", "model", to="vllm"),
    "replayed answers": set_in("config", "model_args", to={"pretrained": "m", "predictions": "b.jsonl"}),
    "2 shots": for_every_task("n-shot", lambda shots, task: shots.update({task: 2})),
    "another prompt": for_every_task("configs", lambda c, task: signature_of(c, task)["prompt"].update(name="cot")),
    "other rows": for_every_task("configs", lambda c, task: signature_of(c, task)["data"].update(sha256="1" * 64)),
    "sampling": for_every_task("configs", lambda c, task: c[task]["generation_kwargs"].update(do_sample=True, temperature=1)),
    "a chat template": set_in("chat_template_sha", to="ab12"),
    "a system instruction": set_in("system_instruction_sha", to="cd34"),
    "examples as turns": set_in("fewshot_as_multiturn", to=True),
    "a limit": set_in("config", "limit", to=5.0),
    "a seed": set_in("config", "random_seed", to=7),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_newer_run_of_another_model_or_protocol_replaces_none(tmp_path, rows, what):
    paths = write_pair(tmp_path, rows, DIFFERENT[what])
    runs = read_runs([tmp_path])
    assert [(run.path, run.older) for run in runs] == [(path, ()) for path in paths]
    assert len({run.label for run in runs}) == 2
    assert [len(run.samples) for run in runs] == [len(rows)] * 2


ALIKE = {
    "nothing": None,
    "the device": set_in("config", "model_args", to={"pretrained": "m", "device": "cuda:1"}),
    "the batch size": set_in("config", "batch_size", to=64),
    "the server": set_in(
        "config", "model_args", to={"pretrained": "m", "base_url": "http://127.0.0.1:9/v1", "num_concurrent": 2}
    ),
    "the version of lm-eval": set_in("lm_eval_version", to="0.4.14"),
    "the date": set_in("date", to=1.0),
    "an argument that asks for nothing": set_in("config", "model_args", to={"pretrained": "m", "peft": None, "dtype": "auto"}),
}


@pytest.mark.parametrize("what", ALIKE)
def test_a_newer_run_of_the_same_model_and_protocol_replaces_the_older(tmp_path, rows, what):
    old, new = write_pair(tmp_path, rows, ALIKE[what])
    assert [(run.path, run.older) for run in read_runs([tmp_path])] == [(new, (old,))]


def test_a_run_of_other_tasks_replaces_none_and_one_of_more_tasks_does(tmp_path, rows):
    old, new = write_pair(tmp_path / "part", rows, later_rows=rows_of(MCQ))
    assert [run.path for run in read_runs([tmp_path / "part"])] == [old, new]
    old, new = write_pair(tmp_path / "more", rows_of(MCQ), later_rows=rows)
    assert [(run.path, run.older) for run in read_runs([tmp_path / "more"])] == [(new, (old,))]


def test_a_run_without_the_judge_replaces_none_with_it(tmp_path, rows):
    old = write_run(tmp_path, "m", rows, stamp=OLD, change=lambda r: r["results"][EVENT].update({"judge,none": 4.0}))
    new = write_run(tmp_path, "m", rows, stamp=NEW)
    assert [run.path for run in read_runs([tmp_path])] == [str(old), str(new)]


def test_two_models_written_to_one_file_name_are_two_runs(tmp_path, rows):
    """`--output_path out.json` twice: lm-eval writes out_TIME.json, and all samples beside it."""
    for name, stamp in (("a", OLD), ("b", NEW)):
        for file in list(write_run(tmp_path, name, rows, stamp=stamp).parent.iterdir()):
            file.rename(tmp_path / file.name.replace("results_", "out_"))
    runs = read_runs([tmp_path])
    assert [(run.label, len(run.samples), run.older) for run in runs] == [("a", len(rows), ()), ("b", len(rows), ())]


def test_results_of_other_benchmarks_hide_no_run(tmp_path, rows):
    old = write_run(tmp_path, "m", rows, stamp=OLD)
    (tmp_path / "m" / f"results_{NEW}.json").write_text('{"results": {"mmlu": {"acc,none": 0.5}}, "model_name": "m"}')
    assert [run.path for run in read_runs([tmp_path])] == [str(old)]
    old.unlink()
    with pytest.raises(ResultsError, match="no SEvenLLM task in it; found mmlu"):
        read_runs([tmp_path])


def test_a_renamed_results_file_is_found_and_files_of_trainers_are_not(tmp_path, rows):
    write_run(tmp_path, "z", rows)
    path = write_run(tmp_path, "m", rows)
    renamed = path.rename(path.with_name("results_of_m.json"))
    (tmp_path / "m" / "all_results.json").write_text('{"eval_loss": 0.5}')
    runs = read_runs([tmp_path])
    assert [(run.label, len(run.samples)) for run in runs] == [("m", len(rows)), ("z", len(rows))]
    assert runs[0].path == str(renamed)


def test_a_broken_newer_file_is_an_error_and_a_broken_older_one_is_replaced(tmp_path, rows):
    path = write_run(tmp_path, "m", rows)
    broken = path.with_name(f"results_{OLD}.json")
    broken.write_text('{"results": {')
    assert [(run.path, run.older) for run in read_runs([tmp_path])] == [(str(path), (str(broken),))]
    broken.rename(path.with_name("results_2027-01-01T00-00-00.1.json"))
    with pytest.raises(ResultsError, match=r"results_2027.*broken JSON"):
        read_runs([tmp_path])


def test_samples_that_lost_their_results_file(tmp_path, rows):
    path = write_run(tmp_path, "m", rows, stamp=OLD)
    assert samples_alone(path.parent) == []
    write_run(tmp_path, "m", rows, stamp=NEW).unlink()
    (alone,) = samples_alone(path.parent)
    assert NEW in alone.name


def test_a_model_that_lost_its_results_file_is_saved_answers_beside_the_others(tmp_path, rows):
    write_run(tmp_path, "a", rows)
    write_run(tmp_path, "b", rows).unlink()
    write_run(tmp_path, "c", rows).unlink()
    runs = read_runs([tmp_path], load=lambda: Benchmark("official", tuple(rows), ""))
    assert [(run.label, run.origin, len(run.samples)) for run in runs] == [
        ("a", "lm-eval", len(rows)),
        ("b", "predictions", len(rows)),
        ("c", "predictions", len(rows)),
    ]


def test_score_takes_the_answers_of_one_run(tmp_path, rows):
    old, new = write_pair(tmp_path, rows)
    found = read_predictions([tmp_path])
    assert len(found.answers) == len(rows)
    assert all(NEW in name for name in found.names)
    assert len(found.ignored) == 2
    assert read_predictions([new]).names == found.names
    assert all(OLD in name for name in read_predictions([old]).names)


def test_score_mixes_no_two_models_in_one_folder(tmp_path, rows):
    paths = write_pair(tmp_path, rows, DIFFERENT["another model"])
    with pytest.raises(PredictionsError, match="2 runs in it; name one of") as caught:
        read_predictions([tmp_path])
    assert all(path in str(caught.value) for path in paths)


def test_submit_says_which_older_run_is_left_out(tmp_path, rows, capsys):
    old, new = write_pair(tmp_path, rows)
    main(["submit", str(tmp_path), "-o", str(tmp_path / "b.zip")])
    assert f"left out: {old}, an older run of the same model and protocol" in capsys.readouterr().out
    assert [files.results.name for files in find_runs([tmp_path])] == [f"results_{NEW}.json"]
    assert STAMP not in new
