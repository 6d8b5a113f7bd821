"""Results in the format of every_eval_ever 0.3.0 (github.com/evaleval/every_eval_ever), for its public collection.

The aggregate file has every figure of the run, the instance file one record for each row and metric of a section.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sevenllm_bench.data.hub import REPO_ID, REVISION
from sevenllm_bench.data.official import FILENAME
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.figures.figures import Figure
from sevenllm_bench.metrics.registry import (
    ENCODER_METRIC_VERSIONS,
    ENCODER_SHARES,
    JUDGE_METRICS,
    METRIC_VERSIONS,
    SHARES,
    higher_is_better,
)
from sevenllm_bench.prompts import STYLES
from sevenllm_bench.runs.encoder_records import ItemSample
from sevenllm_bench.runs.model_name import ENCODER_RUN_MODEL
from sevenllm_bench.runs.records import Sample
from sevenllm_bench.runs.untrusted import dig
from sevenllm_bench.submission.formats.hub_results import model_identity, model_name
from sevenllm_bench.submission.layout import EVERY_EVAL_EVER, safe_part

SCHEMA_VERSION = "0.3.0"
_LOCAL_MODELS = frozenset({"hf", "hf-auto", "huggingface", "vllm", "sglang"})
_UNITS = {"judge": "points", "pseudo_log_likelihood": "nats"}
_KINDS = {"value_f1": "f1", "value_f1_norm": "f1", "rouge_l": "rouge_l", "rouge_l_paper": "rouge_l", "acc": "accuracy"}


def aggregate(
    manifest: Mapping[str, Any], figures: Sequence[Figure], created: datetime, instances: Mapping[str, Any]
) -> dict[str, Any]:
    """The aggregate file.

    Args:
        manifest: The bundle's manifest.
        figures: All figures of the run.
        created: When the record is made.
        instances: `bytes`, `sha256` and `rows` of the instance file.
    """
    stamp = str(int(created.timestamp()))
    declared = manifest["submission"]
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation_id(manifest, created),
        "retrieved_timestamp": stamp,
        "source_metadata": {
            "source_name": "sevenllm-bench submission",
            "source_type": "evaluation_run",
            "source_organization_name": declared["organization"],
            "evaluator_relationship": declared["relationship"],
        },
        "eval_library": {
            **_library(manifest),
            "additional_details": {"sevenllm_bench": manifest["sevenllm_bench"]},
        },
        "model_info": _model_info(manifest),
        "evaluation_results": [_result(figure, manifest) for figure in figures],
        "detailed_evaluation_results": {
            "format": "jsonl",
            "file_path": paths(manifest, created)[1].removeprefix(f"{EVERY_EVAL_EVER}/"),
            "hash_algorithm": "sha256",
            "checksum": instances["sha256"],
            "total_rows": instances["rows"],
        },
    }
    if manifest["date"] != "unknown":
        record["evaluation_timestamp"] = manifest["date"]
    said = {name: declared[name] for name in ("source_url", "benchmark", "notes") if declared[name]}
    record["source_metadata"]["additional_details"] = said
    return record


def _library(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What ran the tasks: lm-eval, or this package where encoders answered."""
    if manifest["model"]["source"] == ENCODER_RUN_MODEL:
        return {"name": "sevenllm-bench", "version": str(manifest["sevenllm_bench"])}
    return {"name": "lm_eval", "version": manifest["settings"]["lm_eval"]}


def evaluation_id(manifest: Mapping[str, Any], created: datetime) -> str:
    """Id of the record, which the instances repeat."""
    return f"sevenllm-bench/{model_name(manifest)}/{int(created.timestamp())}"


def paths(manifest: Mapping[str, Any], created: datetime) -> tuple[str, str]:
    """Where the two files are in a bundle: below every_eval_ever/, as in the collection's repository."""
    digest = hashlib.sha256(evaluation_id(manifest, created).encode("utf-8", "replace")).digest()
    developer, name = _developer_and_name(model_name(manifest))
    folder = f"{EVERY_EVAL_EVER}/data/sevenllm-bench/{safe_part(developer or 'unknown')}/{safe_part(name)}"
    unique = uuid.UUID(bytes=digest[:16], version=4)
    return f"{folder}/{unique}.json", f"{folder}/{unique}_samples.jsonl"


def _developer_and_name(model: str) -> tuple[str, str]:
    """The two parts of "org/model (load_in_4bit=True)"; slashes in the parentheses separate nothing."""
    weights, space, variants = model.partition(" (")
    developer, _, name = weights.rpartition("/")
    return developer, f"{name or weights}{space}{variants}"


def _model_info(manifest: Mapping[str, Any]) -> dict[str, Any]:
    model, declared = manifest["model"], manifest["submission"]
    local = model["source"] in _LOCAL_MODELS
    details = {
        "deployment_type": "self_deployed" if local else "unknown",
        "model_availability": "open_weights" if local and declared["repository"] else "unknown",
        "lm_eval_model": str(model["source"]),
        "revision": str(declared["revision"] or model["sha"]),
    }
    if noted := model_identity(manifest).noted:
        details["model_arguments"] = noted
    name = model_name(manifest)
    return {"name": _developer_and_name(name)[1], "id": name, "additional_details": details}


def _result(figure: Figure, manifest: Mapping[str, Any]) -> dict[str, Any]:
    task = manifest["tasks"].get(figure.name.partition(".")[0]) or next(iter(manifest["tasks"].values()))
    name = "sevenllm" if figure.level == "overall" else f"sevenllm_{figure.name}".replace("sevenllm_sevenllm", "sevenllm")
    return {
        "evaluation_result_id": figure.id,
        "evaluation_name": name,
        "source_data": _source(figure, task),
        "metric_config": _metric(figure.metric, task),
        "score_details": _score(figure),
        "generation_config": _generation(task, manifest),
    }


def _source(figure: Figure, task: Mapping[str, Any]) -> dict[str, Any]:
    details = {"sha256": str(dig(task, "signature", "data", "sha256")), "rows": str(figure.rows)}
    if dig(task, "signature", "data", "name") != "SEvenLLM-Bench":
        return {"dataset_name": "sevenllm-bench embedded rows", "source_type": "other", "additional_details": details}
    return {
        "dataset_name": "SEvenLLM-Bench",
        "source_type": "hf_dataset",
        "hf_repo": REPO_ID,
        "hf_split": "test",
        "samples_number": figure.rows,
        "additional_details": {**details, "revision": REVISION, "file": FILENAME},
    }


def _metric(metric: str, task: Mapping[str, Any]) -> dict[str, Any]:
    low, high = (1, 5) if metric == "judge" else (-100, 0) if metric == "pseudo_log_likelihood" else (0, 1)
    versions = METRIC_VERSIONS | ENCODER_METRIC_VERSIONS
    version = {"version": str(versions[metric])} if metric in versions else {}
    config: dict[str, Any] = {
        "metric_id": "accuracy" if metric == "acc" else f"sevenllm.{metric}",
        "metric_name": metric,
        "metric_kind": _KINDS.get(metric, "proportion" if metric in SHARES | ENCODER_SHARES else metric),
        "metric_unit": _UNITS.get(metric, "proportion"),
        "lower_is_better": not higher_is_better(metric),
        "score_type": "continuous",
        "min_score": low,
        "max_score": high,
    }
    if version:
        config["additional_details"] = version
    if metric in JUDGE_METRICS:
        config["llm_scoring"] = _judge(task)
    return config


def _judge(task: Mapping[str, Any]) -> dict[str, Any]:
    judge = dig(task, "signature", "judge")
    name = str(dig(judge, "model"))
    details = {"deployment_type": "unknown", "model_availability": "unknown"}
    return {
        "judges": [{"model_info": {"name": name, "id": name, "additional_details": details}, "temperature": 0}],
        "input_prompt": f"sevenllm-bench rubric {dig(judge, 'rubric')}, sha256 {dig(judge, 'prompt_sha256')}",
    }


def _score(figure: Figure) -> dict[str, Any]:
    score: dict[str, Any] = {"score": figure.value}
    if figure.why_partial:
        score["details"] = {"partial": figure.why_partial}
    if figure.stderr is not None:
        error = {"value": figure.stderr, "method": "analytic"}
        score["uncertainty"] = {"standard_error": error, "num_samples": figure.rows}
    return score


def _generation(task: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {"execution_command": manifest["command"]}
    temperature, most = dig(task, "generation", "temperature"), dig(task, "generation", "max_gen_toks")
    if isinstance(temperature, float | int) and not isinstance(temperature, bool):
        arguments["temperature"] = temperature
    if isinstance(most, int) and not isinstance(most, bool) and most > 0:
        arguments["max_tokens"] = most
    style = STYLES.get(str(dig(task, "prompt", "name")))
    if style:
        arguments |= {"prompt_template": style.template, "reasoning": style.with_thought}
    details = {"num_fewshot": str(task["num_fewshot"]), "chat_template_sha256": str(manifest["settings"]["chat_template"])}
    details |= {"limit": str(manifest["settings"]["limit"]), "task_version": str(task["version"])}
    return {"generation_args": arguments, "additional_details": details}


def instances(
    manifest: Mapping[str, Any], samples: Sequence[Sample], items: Sequence[ItemSample], created: datetime
) -> Iterator[dict[str, Any]]:
    """The records of the instance file, linked to their aggregate results.

    There is one for each row and metric of a section, and one for each item of an encoder task, with its main metric.
    """
    shared = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": evaluation_id(manifest, created),
        "model_id": model_name(manifest),
    }
    for sample in samples:
        if sample.is_default:
            body = _instance(sample)
            for metric in [name for name in METRIC_VERSIONS if name in sample.metrics]:
                value = sample.metrics[metric]
                yield {
                    **shared,
                    "evaluation_name": f"sevenllm_{sample.row.section}",
                    "evaluation_result_id": f"{sample.row.section}.{metric}",
                    **body,
                    "evaluation": {"score": value, "is_correct": value >= (5 if metric == "judge" else 1)},
                }

    for item in items:
        task = encoder_task_by_name(item.task)
        metric = task.metrics[0] if task else ""
        if metric in item.metrics:
            value = item.metrics[metric]
            yield {
                **shared,
                "evaluation_name": item.task.replace("-", "_"),
                "evaluation_result_id": f"{item.task}.{metric}",
                **_item_instance(item),
                "evaluation": {"score": value, "is_correct": value >= 1},
            }


def _item_instance(sample: ItemSample) -> dict[str, Any]:
    asked = json.dumps(dict(sample.item.document), ensure_ascii=False, sort_keys=True)
    answer = sample.response if sample.response is not None else json.dumps(sample.answer, ensure_ascii=False)
    attribution = {"turn_idx": 0, "source": "output.raw", "extracted_value": answer, "extraction_method": "custom: as it is"}
    return {
        "sample_id": str(sample.id),
        "sample_hash": hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": asked, "formatted": sample.prompt, "reference": [], "choices": None},
        "output": {"raw": [answer]},
        "answer_attribution": [{**attribution, "is_terminal": True}],
        "metadata": {"task": sample.task, "group": sample.item.group, "source": sample.item.source},
    }


def _instance(sample: Sample) -> dict[str, Any]:
    row, text = sample.row, sample.response or ""
    question = row.instruction if isinstance(row.instruction, str) else row.instruction["question"]
    raw = f"{question}\n\n{row.input}"
    hashed = hashlib.sha256((raw + row.reference_text).encode("utf-8", "replace")).hexdigest()
    extracted, method = _extracted(sample)
    attribution = {"turn_idx": 0, "source": "output.raw", "extracted_value": extracted, "extraction_method": method}
    metadata = {"category": row.category, "task": sample.task, "language": row.language, "source": row.source}
    return {
        "sample_id": str(row.id),
        "sample_hash": hashed,
        "interaction_type": "single_turn",
        "input": {
            "raw": raw,
            "formatted": sample.prompt,
            "reference": [row.reference_text],
            "choices": list(row.choices.values()) or None,
        },
        "output": {"raw": [text]},
        "answer_attribution": [{**attribution, "is_terminal": True}],
        "metadata": {**metadata, "reading": sample.reading.how, "looks_cut_off": str(sample.reading.cut).lower()},
    }


def _extracted(sample: Sample) -> tuple[str, str]:
    """What was scored of an answer, and how it was found."""
    reading = sample.reading
    if sample.kind == "mcq":
        return reading.letter or "", "custom: one option letter"
    if sample.kind == "understanding":
        return "\n".join(reading.values), f"custom: values of the JSON ({reading.how})"
    return reading.text, "custom: text after the last header or </think>"
