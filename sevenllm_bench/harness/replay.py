"""The model `sevenllm-replay`, which answers from a file: saved outputs of any origin go through the real harness."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import lm_eval.models  # noqa: F401  (lm-eval registers its own models only while no model is registered)
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.runs.predictions import Coverage, read_predictions

logger = logging.getLogger("lm_eval.sevenllm")


@register_model("sevenllm-replay")
class ReplayLM(LM):
    """Answers each row with the saved output for its id; a row without one gets an empty answer, which scores 0.

    Use: `--model sevenllm-replay --model_args predictions=FILE`, where FILE is JSON lines of `id` and `output`, or a
    samples file (or folder) of lm-eval. Prompts, chat templates and generation arguments change nothing.
    """

    tokenizer_name = "sevenllm-replay"

    @classmethod
    def create_from_arg_obj(cls, arg_dict: dict[str, Any], additional_config: dict[str, Any] | None = None) -> ReplayLM:
        """Build from `--model_args`, and name the model after the file where no `model=NAME` is given.

        lm-eval takes the name of its output folder from these arguments, and would draw a random one for replays.
        """
        if "predictions" in arg_dict:
            arg_dict.setdefault("model", Path(str(arg_dict["predictions"])).stem)
        return super().create_from_arg_obj(arg_dict, additional_config)

    def __init__(
        self,
        predictions: str | None = None,
        model: str | None = None,
        batch_size: Any = None,
        max_batch_size: Any = None,
        device: Any = None,
        **unknown: Any,
    ) -> None:
        """Read the predictions.

        Args:
            predictions: The file or folder.
            model: A name for the results; without effect on the answers.
            batch_size: Passed by lm-eval, without effect, like the next two.
            max_batch_size: Without effect.
            device: Without effect.
            **unknown: Anything else is an error.

        Raises:
            ConfigError: `predictions` is missing, or another argument is given.
            PredictionsError: The file can't be read.
        """
        super().__init__()
        if unknown or not predictions:
            given = f"unknown model argument {', '.join(unknown)}; " if unknown else ""
            raise ConfigError(f"sevenllm-replay: {given}it takes --model_args predictions=FILE")
        self._predictions = read_predictions([str(predictions)])
        self._coverage: Coverage | None = None

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """The saved answer to each request, by the id of its row; reports which rows have none."""
        if any(request.doc.get("rotation") for request in requests):
            raise ConfigError(
                "sevenllm-replay holds one answer to a question, given to its options in their order; the circular tasks ask it "
                "with its options in four orders: leave them out of --tasks, or run the model"
            )
        ids = [request.doc["id"] for request in requests]
        self._coverage = self._predictions.coverage(ids)
        for kind, line in self._coverage.findings(unknown="in the file, but not asked for in this run").items():
            logger.log(logging.WARNING if kind == "missing" else logging.INFO, "Replay: %s", line)
        return [self._text(self._predictions.answers.get(row_id)) for row_id in ids]

    def get_model_info(self) -> dict[str, Any]:
        """The files replayed and their coverage, for the results."""
        info: dict[str, Any] = {"predictions": list(self._predictions.names)}
        if self._coverage:
            info["coverage"] = {
                "rows": self._coverage.wanted,
                "missing": list(self._coverage.missing),
                "duplicates": list(self._coverage.duplicates),
                "not_asked_for": len(self._coverage.unknown),
            }
        return {"replay": info}

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """The turns one after the other; nothing is read from them."""
        return "\n\n".join(turn["content"] for turn in chat_history)

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Saved texts have no log-likelihoods.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError("sevenllm-replay holds texts, no log-likelihoods; run the generated tasks (--tasks 'sevenllm_*')")

    loglikelihood_rolling = loglikelihood

    @staticmethod
    def _text(answer: Any) -> str:
        if answer is None:
            return ""
        return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
