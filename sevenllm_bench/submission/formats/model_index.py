"""The `model-index` block of a model card, the older form that many tools still read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sevenllm_bench.data.hub import REPO_ID, REVISION
from sevenllm_bench.figures.figures import Figure
from sevenllm_bench.submission.formats.hub_results import for_the_hub, model_name, setup_line

#: Metrics that have a page of their own on the Hub; the others go by our names.
_KNOWN_METRICS = {"acc": "accuracy"}


def model_index(manifest: Mapping[str, Any], figures: Sequence[Figure]) -> dict[str, Any]:
    """The block as the Hub expects it, with the same figures as `.eval_results`; empty where none qualifies.

    Args:
        manifest: The bundle's manifest.
        figures: All figures of the run.
    """
    from huggingface_hub import EvalResult
    from huggingface_hub.repocard_data import eval_results_to_model_index

    chosen = for_the_hub(figures, manifest["tasks"])[0]
    if not chosen:
        return {}
    url = manifest["submission"]["source_url"]
    results = [
        EvalResult(
            task_type="text-generation",
            dataset_type=REPO_ID,
            dataset_name="SEvenLLM-Bench",
            dataset_config=figure.name,
            dataset_split="test",
            dataset_revision=REVISION,
            metric_type=_KNOWN_METRICS.get(figure.metric, figure.metric),
            metric_name=f"{figure.id} ({setup_line(manifest)})",
            metric_value=figure.value,
            source_url=url,
            source_name="SEvenLLM-Bench run" if url else None,
        )
        for figure in chosen
    ]
    return {"model-index": eval_results_to_model_index(model_name(manifest), results)}
