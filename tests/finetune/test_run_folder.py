"""The output folder: what is refused, what is resumed, what is left behind."""

import json
import shutil

import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.output.run_folder import (
    OutputFolder,
    is_complete,
    mark_complete,
    require_space,
    write_json,
)

IDENTITY = {"model.base": "a/b", "data.languages": ("en", "zh")}


def files(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def checkpoint(output: OutputFolder, step: int, complete: bool = True):
    folder = output.training / f"checkpoint-{step}"
    (folder / "inner").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"x" * 100)
    (folder / "inner" / "state.json").write_text("{}")
    if complete:
        mark_complete(folder)
    return folder


def begun(path, *steps) -> OutputFolder:
    output = OutputFolder(path)
    assert output.open(IDENTITY, resume=False) is None
    for step in steps:
        checkpoint(output, step)
    output._held.close()  # as if its process were gone
    return output


def finish(output: OutputFolder) -> None:
    unfinished = output.unfinished()
    for name in ("README.md", "config.json", "model.safetensors"):
        (unfinished / name).write_text(name)
    (unfinished / "parts").mkdir()
    (unfinished / "parts" / "one").write_text("1")


def refusal(path, resume=False, identity=IDENTITY) -> str:
    before = files(path) if path.is_dir() else None
    with pytest.raises(ConfigError) as caught:
        OutputFolder(path).open(identity, resume)
    assert before is None or files(path) == before, "a refused folder stays as it is"
    assert str(path) in str(caught.value)
    return str(caught.value)


# --- opening ---------------------------------------------------------------------------------------------------------


def test_a_new_folder_an_empty_one_and_a_link_to_one(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("new", "deep/er/new", "empty", "link"):
        begun(tmp_path / name)
        assert json.loads((tmp_path / name / "training" / "run.json").read_text()) == json.loads(json.dumps(IDENTITY))
    assert (tmp_path / "real" / "training").is_dir()


def test_a_folder_with_something_else_in_it(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    assert "not empty" in refusal(tmp_path)
    assert "not empty" in refusal(tmp_path, resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_named_training_that_is_somebody_elses(tmp_path, resume):
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "thesis.tex").write_text("years of work")
    assert "not empty" in refusal(tmp_path, resume)


def test_a_file_named_training(tmp_path):
    (tmp_path / "training").write_text("mine")
    assert "not empty" in refusal(tmp_path)


def test_a_run_that_was_stopped_at_its_very_beginning(tmp_path):
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / ".run.json.part").write_text("{")
    begun(tmp_path)


def test_a_finished_checkpoint(tmp_path):
    output = begun(tmp_path / "out")
    finish(output)
    output.publish()
    for resume in (False, True):
        assert "a finished checkpoint" in refusal(tmp_path / "out", resume)


@pytest.mark.parametrize("name", ["config.json", "adapter_config.json"])
def test_somebody_elses_checkpoint_without_a_card(tmp_path, name):
    (tmp_path / name).write_text("{}")
    assert "a finished checkpoint" in refusal(tmp_path)


def test_a_project_with_a_readme_is_not_called_a_checkpoint(tmp_path):
    (tmp_path / "README.md").write_text("# My project")
    assert "not empty" in refusal(tmp_path)


def test_a_file_a_file_as_parent_and_a_link_to_nowhere(tmp_path):
    (tmp_path / "file").write_text("mine")
    assert "is a file" in refusal(tmp_path / "file")
    assert "can't be written" in refusal(tmp_path / "file" / "out")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "can't be written" in refusal(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()


def test_a_place_that_can_not_be_written(tmp_path, monkeypatch):
    from pathlib import Path

    assert "can't be written" in refusal(Path("/proc/sevenllm/out"))  # not even for root
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    assert "Permission denied" in refusal(tmp_path / "out")


@pytest.mark.parametrize("path", ["", "  ", "a\0b", "a\ud800b", "x" * 5000])
def test_what_can_not_be_a_path(path):
    with pytest.raises(ConfigError):
        OutputFolder(path).open(IDENTITY, resume=False)


# --- resuming --------------------------------------------------------------------------------------------------------


def test_an_unfinished_run_is_only_gone_on_with_when_asked(tmp_path):
    begun(tmp_path, 10)
    assert "continue it with resume=auto" in refusal(tmp_path)


def test_the_newest_complete_checkpoint_by_number(tmp_path):
    output = begun(tmp_path, 5, 20, 100)
    checkpoint(output, 1000, complete=False)
    (output.training / "checkpoint-2000").write_text("a file")
    (output.training / "checkpoint-best").mkdir()
    assert OutputFolder(tmp_path).open(IDENTITY, resume=True) == output.training / "checkpoint-100"
    assert not (output.training / "checkpoint-1000").exists(), "the trainer would write into it again"


def truncated(folder):
    (folder / "model.safetensors").write_bytes(b"x" * 99)


def missing(folder):
    (folder / "inner" / "state.json").unlink()


def unmarked(folder):
    (folder / "complete.json").unlink()


def half_marked(folder):
    mark = folder / "complete.json"
    mark.write_text(mark.read_text()[:-10])


def emptily_marked(folder):
    (folder / "complete.json").write_text("{}")


def strangely_marked(folder):
    (folder / "complete.json").write_text("[1]")


def deeply_marked(folder):
    (folder / "complete.json").write_text("[" * 100_000)


@pytest.mark.parametrize("damage", [truncated, missing, unmarked, half_marked, emptily_marked, strangely_marked, deeply_marked])
def test_a_damaged_checkpoint_is_never_chosen(tmp_path, damage):
    output = begun(tmp_path, 10, 20)
    damage(output.training / "checkpoint-20")
    assert not is_complete(output.training / "checkpoint-20")
    assert OutputFolder(tmp_path).open(IDENTITY, resume=True) == output.training / "checkpoint-10"


def test_no_complete_checkpoint_starts_anew(tmp_path):
    checkpoint(begun(tmp_path), 10, complete=False)
    assert OutputFolder(tmp_path).open(IDENTITY, resume=True) is None


def test_a_checkpoint_marked_again_and_one_whose_marking_was_interrupted(tmp_path):
    folder = checkpoint(begun(tmp_path), 10)
    (folder / ".complete.json.part").write_text("{")
    (folder / "optimizer.pt").write_bytes(b"y" * 7)
    mark_complete(folder)
    assert is_complete(folder)
    assert json.loads((folder / "complete.json").read_text()) == {
        "inner/state.json": 2,
        "model.safetensors": 100,
        "optimizer.pt": 7,
    }


def test_another_run_is_named_by_what_differs(tmp_path):
    begun(tmp_path, 10)
    message = refusal(tmp_path, True, {"model.base": "c/d", "data.languages": ["en", "zh"], "training.epochs": 1})
    assert "model.base: 'a/b' then, 'c/d' now" in message
    assert "training.epochs: None then, 1 now" in message
    assert "data.languages" not in message


@pytest.mark.parametrize("content", ["", "{", "[1]", "3", "null", "\udcff", "[" * 100_000])
def test_a_broken_identity(tmp_path, content):
    begun(tmp_path, 10)
    (tmp_path / "training" / "run.json").write_text(content, errors="surrogateescape")
    assert "broken" in refusal(tmp_path, resume=True)


# --- giving up -------------------------------------------------------------------------------------------------------


def test_giving_up_leaves_nothing_of_a_new_folder(tmp_path):
    output = begun(tmp_path / "a" / "b" / "out")
    checkpoint(output, 10, complete=False)
    finish(output)
    assert output.give_up() is False
    assert files(tmp_path) == set()


def test_giving_up_leaves_what_others_put_there_in_the_meantime(tmp_path):
    output = begun(tmp_path / "a" / "out")
    (tmp_path / "a" / "theirs").write_text("x")
    output.give_up()
    assert files(tmp_path) == {"a", "a/theirs"}


def test_giving_up_leaves_a_folder_that_was_there_before(tmp_path):
    (tmp_path / "out").mkdir()
    assert begun(tmp_path / "out").give_up() is False
    assert files(tmp_path) == {"out"}


def test_giving_up_keeps_exactly_what_can_be_resumed(tmp_path):
    output = begun(tmp_path, 10)
    checkpoint(output, 20, complete=False)
    (output.training / "checkpoint-30").write_text("a file")
    finish(output)
    kept = files(output.training / "checkpoint-10")
    assert output.give_up() is True
    assert files(output.training / "checkpoint-10") == kept
    assert {path.name for path in output.training.iterdir()} == {"lock", "run.json", "checkpoint-10", "checkpoint-30"}
    assert OutputFolder(tmp_path).open(IDENTITY, resume=True) == output.training / "checkpoint-10"


def test_a_file_called_checkpoint_is_nothing_to_resume_from(tmp_path):
    output = begun(tmp_path / "out")
    (output.training / "checkpoint-30").write_text("a file")
    assert output.give_up() is False
    assert files(tmp_path) == set()


def test_giving_up_leaves_a_refused_folder_alone(tmp_path):
    begun(tmp_path, 10)
    before = files(tmp_path)
    other = OutputFolder(tmp_path)
    with pytest.raises(ConfigError):
        other.open({"model.base": "other"}, resume=True)
    assert other.give_up() is False
    assert files(tmp_path) == before


# --- publishing ------------------------------------------------------------------------------------------------------


@pytest.fixture
def moves(monkeypatch):
    """Names of what is moved, in order; the move named in `stop` fails."""
    from pathlib import Path

    moved: list[str] = []
    stop: set[str] = set()
    replace = Path.replace

    def watched(self, target):
        if self.name in stop:
            raise OSError(28, "No space left on device")
        moved.append(self.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    moved.clear()
    return moved, stop


def test_the_card_is_moved_last_and_nothing_else_is_left(tmp_path, moves):
    output = begun(tmp_path / "out", 10)
    finish(output)
    moved, _ = moves
    moved.clear()
    output.publish()
    assert moved[-2:] == ["config.json", "README.md"]
    assert files(tmp_path / "out") == {"README.md", "config.json", "model.safetensors", "parts", "parts/one"}
    assert output.give_up() is False, "an error after publishing takes nothing away"
    assert (tmp_path / "out" / "README.md").exists()


@pytest.mark.parametrize("config", ["config.json", "adapter_config.json"])
def test_no_moment_of_publishing_shows_a_loader_half_a_model(tmp_path, monkeypatch, config):
    """Whatever is moved or removed, first over an empty folder, then over what a stopped run had published to the last file."""
    from pathlib import Path

    output = begun(tmp_path / "out", 10)
    whole = {config, "adapter_model.safetensors", "model.safetensors", "tokenizer.json"}
    states = []

    def watch(name):
        real = getattr(Path, name)

        def watched(self, *arguments):
            result = real(self, *arguments)
            states.append({path.name for path in output.path.iterdir()})
            return result

        monkeypatch.setattr(Path, name, watched)

    watch("replace")
    watch("unlink")
    for _ in range(2):
        unfinished = output.unfinished()
        for name in (*whole, "README.md"):
            (unfinished / name).write_text(name)
        with monkeypatch.context() as inner:
            inner.setattr(output, "_remove_training", lambda: None)
            output.publish()
        (output.path / "README.md").unlink()
    assert len(states) > 2 * len(whole)
    assert all(whole <= state for state in states if config in state)
    assert not any("README.md" in state and config not in state for state in states)


def test_a_run_stopped_after_publishing_leaves_a_model_and_its_remains_go_with_the_next_try(tmp_path, monkeypatch):
    output = begun(tmp_path / "out", 10)
    finish(output)
    monkeypatch.setattr(OutputFolder, "_remove_training", lambda self: None)
    output.publish()
    monkeypatch.undo()
    assert (tmp_path / "out" / "training" / "checkpoint-10").is_dir()
    with pytest.raises(ConfigError, match="a finished checkpoint"):
        OutputFolder(tmp_path / "out").check(resume=True)
    assert files(tmp_path / "out") == {"README.md", "config.json", "model.safetensors", "parts", "parts/one"}


def test_what_counts_as_whole_is_on_the_disk_first(tmp_path, monkeypatch):
    """In the order of the calls: a checkpoint's files before its mark, all files of the model before they are moved."""
    import os
    from pathlib import Path

    output = begun(tmp_path / "out", 10)
    finish(output)
    synced = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (synced.append(str(Path(f"/proc/self/fd/{handle}").readlink())), real(handle))
    )
    folder = checkpoint(output, 20, complete=False)
    mark_complete(folder)
    names = [str(folder / name) for name in ("model.safetensors", "inner/state.json", ".complete.json.part")]
    assert sorted(names, key=synced.index)[-1].endswith(".part")
    synced.clear()
    output.publish()
    unfinished = str(output.training / "unfinished")
    last = max(synced.index(f"{unfinished}/{name}") for name in ("README.md", "config.json", "model.safetensors", "parts/one"))
    assert synced.index(str(output.path)) > last
    assert synced.count(str(output.path)) == 3, "before the configuration, before the card, and after it"


@pytest.mark.parametrize("place", ["config.json", "parts", "README.md"])
def test_publishing_that_fails_leaves_no_part_of_a_checkpoint(tmp_path, moves, place):
    output = begun(tmp_path / "out", 10)
    finish(output)
    moves[1].add(place)
    with pytest.raises(OSError, match="No space"):
        output.publish()
    assert output.give_up() is True
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"training"}


@pytest.mark.parametrize("place", ["model.safetensors", "README.md"])
def test_a_run_killed_while_publishing_can_be_gone_on_with(tmp_path, moves, place):
    output = begun(tmp_path / "out", 10)
    finish(output)
    moves[1].add(place)
    with pytest.raises(OSError, match="No space"):
        output.publish()
    moves[1].clear()
    assert "there is an unfinished run" in refusal(tmp_path / "out")
    again = OutputFolder(tmp_path / "out")
    assert again.open(IDENTITY, resume=True) == output.training / "checkpoint-10"
    finish(again)
    again.publish()
    assert files(tmp_path / "out") == {"README.md", "config.json", "model.safetensors", "parts", "parts/one"}


def test_unfinished_is_empty_each_time(tmp_path):
    output = begun(tmp_path)
    finish(output)
    assert list(output.unfinished().iterdir()) == []


# --- the rest --------------------------------------------------------------------------------------------------------


def test_a_file_that_can_not_be_written_leaves_the_old_one(tmp_path):
    write_json(tmp_path / "a.json", {"a": "é"})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"a": "é"}


def test_the_space_that_is_needed(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    require_space(tmp_path / "not" / "yet", free // 2)
    with pytest.raises(ConfigError, match=r"1,048,576\.0 GiB are needed there for checkpoints, [\d,.]+ GiB are free"):
        require_space(tmp_path / "not" / "yet", 2**50)


def test_two_runs_that_begin_at_once(tmp_path, monkeypatch):
    """Both find the folder free; the second to lock it is turned away, and takes nothing of the first one's."""
    first, second = OutputFolder(tmp_path / "out"), OutputFolder(tmp_path / "out")
    check = OutputFolder.check

    def checked(self, resume):
        found = check(self, resume)
        if self is second:
            first.open(IDENTITY, resume=False)
            checkpoint(first, 10)
        return found

    monkeypatch.setattr(OutputFolder, "check", checked)
    with pytest.raises(ConfigError, match="another run is writing there"):
        second.open(IDENTITY, resume=False)
    assert not second.give_up()
    assert is_complete(first.training / "checkpoint-10")
    assert json.loads((first.training / "run.json").read_text()) == json.loads(json.dumps(IDENTITY))


def test_two_runs_do_not_write_into_one_folder(tmp_path):
    """The second is turned away, and what the first has written stays; once the first is gone, the second may go on."""
    first = OutputFolder(tmp_path / "out")
    first.open(IDENTITY, resume=False)
    checkpoint(first, 10)
    before = files(tmp_path)
    second = OutputFolder(tmp_path / "out")
    with pytest.raises(ConfigError, match="another run is writing there"):
        second.open(IDENTITY, resume=True)
    assert not second.give_up()
    assert files(tmp_path) == before
    del first
    assert OutputFolder(tmp_path / "out").open(IDENTITY, resume=True) is not None
