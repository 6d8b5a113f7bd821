"""`sevenllm-bench tasks`: the tasks for curious people, editable installs and CI."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from sevenllm_bench.catalog import LEAVES, TASKS, Leaf, leaf_by_name, nearest_name, task_by_name
from sevenllm_bench.cli.screen import print_lines
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.encoder_tasks.encoder_task import (
    ENCODER_TASK_VERSION,
    ENCODER_TASKS,
    ITEM_TASKS,
    KINDS_OF_TASK,
    LLM_TASKS,
    encoder_task_by_name,
)
from sevenllm_bench.encoder_tasks.task_scoring import items_of
from sevenllm_bench.errors import ConfigError, nearest
from sevenllm_bench.figures.vocabulary import KIND_NAMES, leaf_title
from sevenllm_bench.harness import yamls
from sevenllm_bench.io.files import user_path

#: Columns of the leaves that a narrow terminal can do without, the least important first.
_LEAST = ("名称", "embedded rows", "official rows", "kind")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = "Lists, shows, checks and writes the tasks."
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("path", help="print the folder of the task YAMLs, for lm_eval --include_path")
    actions.add_parser("list", help="list the leaves, groups and variants")
    show = actions.add_parser("show", help="show a task: definition, rows, metrics, an example prompt")
    show.add_argument("name", metavar="NAME", help="a leaf (sevenllm_en_threat_analysis), a group, or an English task name")
    show.add_argument("--prompt", metavar="NAME", default="alpaca", help="prompt of the example: alpaca (default), paper or cot")
    check = actions.add_parser("check", help="check the YAMLs against the catalogue, and the embedded rows")
    generate = actions.add_parser("generate", help="write the YAMLs from the catalogue")
    for action in (check, generate):
        action.add_argument(
            "folder", nargs="?", metavar="FOLDER", help="the folder of the YAMLs (default: what `tasks path` prints)"
        )


def run(arguments: argparse.Namespace) -> int:
    """Run one of the actions path, list, show, check, generate; the exit code is 1 when `check` finds something."""
    if arguments.action == "path":
        print(yamls.yaml_folder())
    elif arguments.action == "list":
        _list()
    elif arguments.action == "show":
        _show(arguments.name, arguments.prompt)
    elif arguments.action == "generate":
        folder = yamls.yaml_folder() if arguments.folder is None else user_path(arguments.folder, ConfigError)
        print(f"{yamls.write(folder)} files written to {folder}")
    else:
        return _check(yamls.yaml_folder() if arguments.folder is None else user_path(arguments.folder, ConfigError))
    return 0


def _list() -> None:
    embedded = [row.leaf for row in embedded_split("test")]
    rows = []
    for leaf in LEAVES:
        official = leaf.task.official_count(leaf.language) if leaf.task else 50
        name_zh = leaf_title(leaf)[1]
        rows.append([leaf.name, name_zh, KIND_NAMES[leaf.kind], str(official or "-"), str(embedded.count(leaf))])
    print_table("Leaves (run by --tasks 'sevenllm_*')", ["name", "名称", "kind", "official rows", "embedded rows"], rows, _LEAST)
    causal = yamls.encoder_task_names()
    found = [
        [task.name, ", ".join(KINDS_OF_TASK[task.kind]), "yes" if task.name in causal else "-", ", ".join(task.metrics)]
        for task in ENCODER_TASKS
    ]
    print_table("Encoder tasks (run by `encoders run`)", ["name", "encoders", "in lm-eval", "metrics"], found)
    beside = [[task.name, ", ".join(task.metrics)] for task in LLM_TASKS]
    print_table("Tasks beside the benchmark (run in lm-eval when they are named)", ["name", "metrics"], beside)
    print_lines(
        [
            "",
            "Groups:   " + "  ".join(yamls.group_names()),
            "Variants: " + "  ".join(yamls.variant_names()),
            "",
            "Leaves without official rows run on embedded rows of our own writing and belong to the group sevenllm-complement.",
        ]
    )


def _show(name: str, prompt: str) -> None:
    from sevenllm_bench.metrics.registry import METRICS
    from sevenllm_bench.prompts import render, style_by_name, target

    style = style_by_name(prompt)
    task = encoder_task_by_name(name)
    if task:
        embedded = items_of(task, load_benchmark("embedded"))
        page = "robustness" if task in LLM_TASKS else "encoders"
        print(f"{task.name}: version {ENCODER_TASK_VERSION}, {len(embedded)} items of this project's own; see docs/{page}.md")
        print(f"encoders: {', '.join(KINDS_OF_TASK[task.kind]) or 'none'}\nmetrics: {', '.join(task.metrics)}")
        print(f"\n--- item {embedded[0].id} ---\n{json.dumps(dict(embedded[0].document), ensure_ascii=False, indent=1)}")
        return
    members = yamls.members(name)
    if members:
        print(f"{name}: {', '.join(members)}")
        return
    for leaf in _leaves_named(name):
        print(f"{leaf.name}\n{'=' * len(leaf.name)}")
        if leaf.task:
            print(f"{leaf.task.number}. {leaf.task.name} / {leaf.task.name_zh} ({leaf.kind})")
            print(leaf.task.definition if leaf.language == "en" else leaf.task.definition_zh)
        else:
            print(f"Multiple choice / 选择题 ({leaf.kind})\nQuestions of many tasks with four options, answered by a letter.")
        print(f"metrics: {', '.join(METRICS[leaf.kind])}")
        rows = [row for row in embedded_split("test") if row.leaf == leaf]
        print(f"rows: {leaf.task.official_count(leaf.language) if leaf.task else 50} official, {len(rows)} embedded")
        print(f"\n--- prompt ({style.name}), embedded row {rows[0].id} ---\n{render(rows[0], style)}")
        print(f"--- target ---\n{target(rows[0], style)}\n")


def _leaves_named(name: str) -> list[Leaf]:
    leaf = leaf_by_name(name)
    if leaf:
        return [leaf]
    task = task_by_name(name) or next((task for task in TASKS if name in (task.slug, task.name_zh)), None)
    if task:
        return [leaf for leaf in LEAVES if leaf.task == task]
    known = [*yamls.leaf_names(), *(task.name for task in ITEM_TASKS)]
    near = nearest_name(name) if " " in name else nearest(name, known)
    hint = f"; did you mean {near!r}?" if near else "."
    raise ConfigError(f"no task {name!r}{hint} See `sevenllm-bench tasks list`.")


def _check(folder: Path) -> int:
    from sevenllm_bench.data.validate import problems

    found = [f"{folder.name}/{line}" for line in yamls.drift(folder)] + [f"embedded rows: {line}" for line in problems()]
    for line in found:
        print(line)
    print(
        f"{len(found)} problems" if found else f"{len(yamls.render_all())} YAML files and all embedded rows are as they should be"
    )
    return 1 if found else 0
