from pathlib import Path

import pytest
import yaml

from sevenllm_bench.catalog import LEAVES
from sevenllm_bench.harness import yamls

FOLDER = Path(__file__).parents[2] / "task_yamls"


def test_the_checked_in_files_are_those_of_the_catalogue():
    assert yamls.drift(FOLDER) == []


def test_drift_is_named(tmp_path):
    assert yamls.write(tmp_path) == len(yamls.render_all())
    assert yamls.drift(tmp_path) == []
    (tmp_path / "sevenllm.yaml").unlink()
    (tmp_path / "stray.yaml").write_text(yamls._HEADER + "task: stray\n")
    (tmp_path / "sevenllm_en_mcq.yaml").write_text("task: other\n")
    assert yamls.drift(tmp_path) == [
        "sevenllm.yaml: missing",
        "stray.yaml: not in the catalogue",
        "sevenllm_en_mcq.yaml: differs from the catalogue",
    ]
    (tmp_path / "mine.yaml").write_text("not ours: true\n")
    yamls.write(tmp_path)
    assert yamls.drift(tmp_path) == ["mine.yaml: not in the catalogue"]
    assert (tmp_path / "mine.yaml").exists(), "files that others wrote are left alone"


def test_folders_that_cannot_be_used(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(yamls.ConfigError, match="no such folder"):
        yamls.drift(tmp_path / "nowhere")
    with pytest.raises(yamls.ConfigError, match="can't be written"):
        yamls.write(tmp_path / "file")


def test_lm_eval_indexes_exactly_these_names():
    """An unreadable YAML vanishes from lm-eval's index without a word."""
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(FOLDER), include_defaults=False)
    assert set(manager.all_subtasks) == {
        *yamls.leaf_names(),
        *yamls.variant_names(),
        *yamls.encoder_task_names(),
        *yamls.llm_task_names(),
    }
    wanted = [f"sevenllm-{language}-{kind}" for kind in ("answer-ranking", "entities") for language in ("en", "zh")]
    assert yamls.encoder_task_names() == [*wanted, "sevenllm-vulnerable-code"]
    beside = ("mcq-circular", "mcq-circular-logprob", "stress")
    assert yamls.llm_task_names() == [f"sevenllm-{language}-{kind}" for kind in beside for language in ("en", "zh")]
    assert set(manager.all_groups) == set(yamls.group_names())
    assert manager.all_tags == []
    assert manager.match_tasks(["sevenllm_*"]) == sorted(leaf.name for leaf in LEAVES)
    assert len(manager.match_tasks(["sevenllm_*"])) == 58


def test_every_function_in_the_files_resolves():
    from lm_eval.tasks._yaml_loader import load_yaml

    from sevenllm_bench.harness.audited_task import AuditedTask
    from sevenllm_bench.harness.circular_task import CircularLogprobTask, CircularTask
    from sevenllm_bench.harness.code_task import VulnerableCodeTask
    from sevenllm_bench.harness.entities_task import EntitiesTask
    from sevenllm_bench.harness.ranking_task import AnswerRankingTask
    from sevenllm_bench.harness.stress_task import StressTask
    from sevenllm_bench.harness.task import SEvenLLMTask

    classes = {"answer-ranking": AnswerRankingTask, "entities": EntitiesTask, "code": VulnerableCodeTask}
    classes |= {"mcq-circular": CircularTask, "mcq-circular-logprob": CircularLogprobTask, "stress": StressTask}
    for path in FOLDER.glob("*.yaml"):
        config = load_yaml(path, resolve_func=True)
        if "task" in config and "group" not in config:
            kind = config["task"].partition("-")[2].partition("-")[2]
            wanted = AuditedTask if config["task"].startswith("sevenllm-audited-") else classes.get(kind, SEvenLLMTask)
            assert config["class"] is wanted, path.name


def test_groups_hold_the_official_leaves_once():
    groups = yamls._groups()

    def leaves(name):
        return [leaf for member in groups[name]["task"] for leaf in (leaves(member) if member in groups else [member])]

    official = [leaf.name for leaf in LEAVES if leaf.is_official]
    assert sorted(leaves("sevenllm")) == sorted(official)
    assert len(official) == 45
    assert sorted(leaves("sevenllm-complement")) == sorted(leaf.name for leaf in LEAVES if not leaf.is_official)
    assert sorted(leaves("sevenllm-all")) == sorted(leaf.name for leaf in LEAVES)
    assert "aggregate_metric_list" not in groups["sevenllm-all"], "rows of our own enter no figure over official ones"
    assert "rouge_l_paper" not in [m["metric"] for m in groups["sevenllm"]["aggregate_metric_list"]], "differs by language"


def test_audited_tasks_are_in_no_group_but_their_own():
    groups = yamls._groups()
    audited = {name for name in yamls.variant_names() if "audited" in name}
    assert len(audited) == 6
    for name, group in groups.items():
        assert name.startswith("sevenllm-audited") or not audited & set(group["task"]), name
    assert yamls.members("sevenllm-audited") == ["sevenllm-audited-en", "sevenllm-audited-zh"]
    assert yamls.members("sevenllm-audited-en-mcq") == ["sevenllm_en_mcq"], "whose rows it has"


def test_all_leaves_generate_with_the_same_arguments():
    """So that lm-eval batches over tasks; and no blank line stops an answer."""
    kinds = [
        yaml.safe_load(yamls.render_all()[f"_{kind}_yaml"].rpartition("class:")[0])
        for kind in ("understanding", "generation", "mcq")
    ]
    assert kinds[0]["generation_kwargs"] == kinds[1]["generation_kwargs"] == kinds[2]["generation_kwargs"]
    assert kinds[0]["generation_kwargs"]["max_gen_toks"] == 2000
    assert "\n\n" not in kinds[0]["generation_kwargs"]["until"]


def test_the_folder_is_the_checkouts():
    assert yamls.yaml_folder() == FOLDER


def test_a_missing_folder_is_an_error(monkeypatch):
    monkeypatch.setattr(yamls, "__file__", "/nowhere/a/b/yamls.py")
    monkeypatch.setattr(yamls, "find_spec", lambda name: None)
    with pytest.raises(yamls.ConfigError, match="not installed"):
        yamls.yaml_folder()
