"""The registry's tables of encoder metrics and the table of tasks agree."""

from sevenllm_bench.encoder_tasks.encoder_task import ITEM_TASKS, TASK_METRICS
from sevenllm_bench.metrics import registry


def test_every_metric_of_a_task_is_registered_once():
    names = [name for names in TASK_METRICS.values() for name in names]
    own = [name for name in names if name not in registry.METRIC_VERSIONS]
    of_rows = {"acc", "answered", *(name for kind in ("understanding", "generation") for name in registry.METRICS[kind])}
    grounding = {"grounded", "invented_indicators"}  # not under noise, which is in the text that would support a value
    assert set(names) - set(own) == of_rows - grounding, "tasks on the benchmark's rows have the rows' metrics too"
    assert sorted(set(own)) == sorted(registry.ENCODER_METRIC_VERSIONS)
    assert not registry.ENCODER_METRIC_VERSIONS.keys() & registry.METRIC_VERSIONS.keys()
    assert registry.ENCODER_METRIC_VERSIONS.keys() >= registry.ENCODER_SHARES


def test_the_main_metric_is_the_first_of_its_kind():
    assert {kind: names[0] for kind, names in TASK_METRICS.items()} == registry.ENCODER_MAIN_METRICS
    assert {task.metrics[0] for task in ITEM_TASKS} == set(registry.ENCODER_MAIN_METRICS.values())


def test_bounds():
    assert registry.bounds("pseudo_log_likelihood") == (-100.0, 0.0)
    assert registry.bounds("judge") == (1.0, 5.0)
    others = registry.ENCODER_METRIC_VERSIONS.keys() - {"pseudo_log_likelihood"}
    assert {registry.bounds(name) for name in others} == {(0.0, 1.0)}
