"""The task YAMLs of lm-eval, generated from the catalogue; `task_yamls/` holds what this module writes."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import yaml

from sevenllm_bench.catalog import KINDS, LANGUAGES, LEAVES, TASK_VERSION, Kind, Language, Leaf
from sevenllm_bench.data.hub import REPO_ID, REVISION
from sevenllm_bench.encoder_tasks.encoder_task import (
    ENCODER_TASK_VERSION,
    ENCODER_TASKS,
    LLM_TASKS,
    TASK_METRICS,
    EncoderTaskKind,
)
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.metrics.registry import (
    BY_LANGUAGE_ONLY,
    JUDGE_METRICS,
    METRICS,
    OPTIONAL_FOR,
    SEMANTIC_METRICS,
    higher_is_better,
)
from sevenllm_bench.prompts import TEMPLATE_PARTS

_HEADER = "# Written by `sevenllm-bench tasks generate` from sevenllm_bench/catalog.py; change it there.\n"
_CLASS = "class: !function sevenllm_bench.harness.task.SEvenLLMTask\n"
_AUDITED_CLASS = "class: !function sevenllm_bench.harness.audited_task.AuditedTask\n"
_RANKING_CLASS = "class: !function sevenllm_bench.harness.ranking_task.AnswerRankingTask\n"
_ENTITIES_CLASS = "class: !function sevenllm_bench.harness.entities_task.EntitiesTask\n"
_CODE_CLASS = "class: !function sevenllm_bench.harness.code_task.VulnerableCodeTask\n"
_CIRCULAR_CLASS = "class: !function sevenllm_bench.harness.circular_task.CircularTask\n"
_CIRCULAR_LOGPROB_CLASS = "class: !function sevenllm_bench.harness.circular_task.CircularLogprobTask\n"
_STRESS_CLASS = "class: !function sevenllm_bench.harness.stress_task.StressTask\n"
_RUN_BY_CAUSAL_MODELS: tuple[EncoderTaskKind, ...] = ("answer-ranking", "entities", "vulnerable-code")
_SECTION_ORDER: tuple[Kind, ...] = ("understanding", "generation", "mcq")


def render_all() -> dict[str, str]:
    """Every file of the task folder: name to content."""
    files = {f"_{kind}_yaml": _base(kind) for kind in KINDS}
    files["_mcq_logprob_yaml"] = _logprob_base()
    files["_answer_ranking_yaml"] = _ranking_base()
    files["_entities_yaml"] = _entities_base()
    files["_vulnerable_code_yaml"] = _code_base()
    files["_mcq_circular_yaml"] = _circular_base()
    files["_mcq_circular_logprob_yaml"] = _circular_logprob_base()
    files["_stress_yaml"] = _stress_base()
    files |= {f"{leaf.name}.yaml": _dump({"include": f"_{leaf.kind}_yaml", "task": leaf.name}) for leaf in LEAVES}
    files |= {f"{name}.yaml": _dump(group) for name, group in _groups().items()}
    files |= {f"{name}.yaml": _dump(variant) for name, variant in _variants().items()}
    files |= {f"{name}.yaml": _dump(task) + _AUDITED_CLASS for name, task in _audited().items()}
    for task in (*ENCODER_TASKS, *LLM_TASKS):
        if task.kind in _RUN_BY_CAUSAL_MODELS or task in LLM_TASKS:
            files[f"{task.name}.yaml"] = _dump({"include": f"_{task.kind.replace('-', '_')}_yaml", "task": task.name})
    return files


def leaf_names() -> list[str]:
    """Names of the 58 default leaves."""
    return [leaf.name for leaf in LEAVES]


def group_names() -> list[str]:
    """Names of the groups."""
    return list(_groups())


def variant_names() -> list[str]:
    """Names of the variants, which run only when they are named."""
    return [*_variants(), *_audited()]


def encoder_task_names() -> list[str]:
    """Names of the encoder tasks that causal models run too; they run only when they are named."""
    return [task.name for task in ENCODER_TASKS if task.kind in _RUN_BY_CAUSAL_MODELS]


def llm_task_names() -> list[str]:
    """Names of the tasks beside the benchmark that encoders can't run; they run only when they are named."""
    return [task.name for task in LLM_TASKS]


def members(name: str) -> list[str]:
    """What a group or variant consists of: its member tasks and groups, or the leaf whose rows it runs; empty for a leaf."""
    if name in _variants():
        return [str(_variants()[name]["leaf"])]
    if name in _audited():
        # A task over a section has rows of all its leaves.
        return members(name.replace("-audited", ""))
    found = _groups().get(name, {}).get("task", [])
    return list(found) if isinstance(found, list) else []


def _dump(content: dict[str, object]) -> str:
    return _HEADER + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _common(metrics: Iterable[str]) -> dict[str, object]:
    return {
        "dataset_path": REPO_ID,
        "dataset_kwargs": {"revision": REVISION},
        "test_split": "test",
        "fewshot_split": "fewshot",
        "fewshot_config": {"sampler": "first_n"},
        "metric_list": [{"metric": name, "aggregation": "mean", "higher_is_better": higher_is_better(name)} for name in metrics],
        "metadata": {"version": TASK_VERSION},
    }


def _generated() -> dict[str, object]:
    generation = {
        "do_sample": False,
        "temperature": 0.0,
        "max_gen_toks": 2000,
        # Where a base model starts the next example. Prose has blank lines, so they don't stop it.
        "until": list(TEMPLATE_PARTS),
    }
    # process_results keeps lm-eval from looking up each metric's name on the Hub; the class answers the call itself.
    return {"output_type": "generate_until", "generation_kwargs": generation, "process_results": "process_results"}


def _base(kind: Kind) -> str:
    return _dump(_generated() | _common(METRICS[kind])) + _CLASS


def _entities_base() -> str:
    version: dict[str, object] = {"metadata": {"version": ENCODER_TASK_VERSION}}
    return _dump(_generated() | _common(TASK_METRICS["entities"]) | version) + _ENTITIES_CLASS


def _logprob_base() -> str:
    content: dict[str, object] = {"output_type": "multiple_choice", "doc_to_choice": ["A", "B", "C", "D"]}
    return _dump(content | _common(["acc"])) + _CLASS


def _ranking_base() -> str:
    content: dict[str, object] = {
        "output_type": "multiple_choice",
        "doc_to_choice": "candidates",
        "process_results": "process_results",
    }
    version: dict[str, object] = {"metadata": {"version": ENCODER_TASK_VERSION}}
    return _dump(content | _common(TASK_METRICS["answer-ranking"]) | version) + _RANKING_CLASS


def _without_examples(kind: EncoderTaskKind) -> dict[str, object]:
    common = {name: value for name, value in _common(TASK_METRICS[kind]).items() if not name.startswith("fewshot")}
    return common | {"metadata": {"version": ENCODER_TASK_VERSION}}


def _circular_base() -> str:
    return _dump(_generated() | _without_examples("mcq-circular")) + _CIRCULAR_CLASS


def _circular_logprob_base() -> str:
    content: dict[str, object] = {
        "output_type": "multiple_choice",
        "doc_to_choice": ["A", "B", "C", "D"],
        "process_results": "process_results",
    }
    return _dump(content | _without_examples("mcq-circular-logprob")) + _CIRCULAR_LOGPROB_CLASS


def _stress_base() -> str:
    return _dump(_generated() | _without_examples("stress")) + _STRESS_CLASS


def _code_base() -> str:
    content: dict[str, object] = {
        "output_type": "multiple_choice",
        "doc_to_choice": ["A", "B"],
        "process_results": "process_results",
    }
    return _dump(content | _without_examples("vulnerable-code")) + _CODE_CLASS


def _variants() -> dict[str, dict[str, object]]:
    return {
        f"sevenllm-{language}-mcq-logprob": {
            "include": "_mcq_logprob_yaml",
            "task": f"sevenllm-{language}-mcq-logprob",
            "leaf": Leaf(language, "mcq").name,
        }
        for language in LANGUAGES
    }


def _audited() -> dict[str, dict[str, object]]:
    """Tasks over the audited rows of a section: what a row asks for decides, as in `score`."""
    return {
        f"sevenllm-audited-{language}-{kind}": {
            "include": f"_{kind}_yaml",
            "task": f"sevenllm-audited-{language}-{kind}",
            "section": f"{language}_{kind}",
        }
        for language in LANGUAGES
        for kind in _SECTION_ORDER
    }


def _audited_groups() -> dict[str, dict[str, object]]:
    groups = {
        f"sevenllm-audited-{language}": _group(
            f"sevenllm-audited-{language}", [f"sevenllm-audited-{language}-{kind}" for kind in _SECTION_ORDER], _metrics(KINDS)
        )
        for language in LANGUAGES
    }
    return {"sevenllm-audited": _group("sevenllm-audited", list(groups), _metrics(KINDS) - BY_LANGUAGE_ONLY)} | groups


def _groups() -> dict[str, dict[str, object]]:
    official = [leaf for leaf in LEAVES if leaf.is_official]
    groups: dict[str, dict[str, object]] = {
        "sevenllm": _group("sevenllm", [f"sevenllm-{language}" for language in LANGUAGES], _metrics(KINDS) - BY_LANGUAGE_ONLY)
    }
    for language in LANGUAGES:
        parts = [f"sevenllm-{language}-{kind}" for kind in _SECTION_ORDER]
        groups[f"sevenllm-{language}"] = _group(f"sevenllm-{language}", parts, _metrics(KINDS))
        for kind in _SECTION_ORDER:
            groups[f"sevenllm-{language}-{kind}"] = _part(language, kind, official)
    complement = [leaf.name for leaf in LEAVES if not leaf.is_official]
    groups["sevenllm-complement"] = _group("sevenllm-complement", complement, _metrics(KINDS[:2]) - BY_LANGUAGE_ONLY)
    # No figure over both: rows of our own never enter an official score.
    groups["sevenllm-all"] = {"group": "sevenllm-all", "task": ["sevenllm", "sevenllm-complement"]}
    return groups | _audited_groups()


def _part(language: Language, kind: Kind, leaves: Iterable[Leaf]) -> dict[str, object]:
    members = [leaf.name for leaf in leaves if leaf.language == language and leaf.kind == kind]
    return _group(f"sevenllm-{language}-{kind}", members, _metrics([kind]))


def _metrics(kinds: Iterable[Kind]) -> set[str]:
    optional = (*SEMANTIC_METRICS, *JUDGE_METRICS)
    return {name for kind in kinds for name in (*METRICS[kind], *(optional if kind in OPTIONAL_FOR else ()))}


def _group(name: str, members: list[str], metrics: set[str]) -> dict[str, object]:
    known = [*(metric for kind in KINDS for metric in METRICS[kind]), *SEMANTIC_METRICS, *JUDGE_METRICS]
    ordered = [metric for metric in known if metric in metrics]
    return {
        "group": name,
        "task": members,
        "aggregate_metric_list": [{"metric": metric, "aggregation": "mean", "weight_by_size": True} for metric in ordered],
        "metadata": {"version": TASK_VERSION},
    }


def yaml_folder() -> Path:
    """The folder with the task YAMLs: the checkout's for an editable install, else the one inside lm-eval.

    Raises:
        ConfigError: Neither is there.
    """
    checkout = Path(__file__).resolve().parents[2] / "task_yamls"
    if (checkout / "sevenllm.yaml").is_file():
        return checkout
    spec = find_spec("lm_eval")
    for location in (spec.submodule_search_locations or []) if spec else []:
        installed = Path(location) / "tasks" / "sevenllm"
        if (installed / "sevenllm.yaml").is_file():
            return installed
    raise ConfigError("the task YAMLs are not installed; reinstall the package: pip install --force-reinstall sevenllm-bench")


def drift(folder: Path) -> list[str]:
    """How the files in `folder` differ from the catalogue, one line each; empty when they agree."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder")
    wanted = render_all()
    present = {path.name for path in folder.glob("*yaml")}
    lines = [f"{name}: missing" for name in sorted(wanted.keys() - present)]
    lines += [f"{name}: not in the catalogue" for name in sorted(present - wanted.keys())]
    for name in sorted(wanted.keys() & present):
        if _read(folder / name) != wanted[name]:
            lines.append(f"{name}: differs from the catalogue")
    return lines


def write(folder: Path) -> int:
    """Write every file into `folder` and remove files written earlier that the catalogue no longer has.

    Files that this module didn't write are left alone.

    Returns:
        The number of files written.

    Raises:
        ConfigError: The folder can't be written to.
    """
    wanted = render_all()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*yaml"):
            if path.name not in wanted and _read(path).startswith(_HEADER):
                path.unlink()
        for name, content in wanted.items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder}: the task files can't be written ({error.strerror or error})") from None
    return len(wanted)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
