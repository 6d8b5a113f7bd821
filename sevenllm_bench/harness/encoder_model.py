"""The model `sevenllm-encoder`: an encoder answers log-likelihood requests, on the same rows and candidates as causal models."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lm_eval.models  # noqa: F401  (lm-eval registers its own models only while no model is registered)
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model

from sevenllm_bench.encoders.bi_encoder import BiEncoder
from sevenllm_bench.encoders.checkpoint_kind import require_kind
from sevenllm_bench.encoders.cross_encoder import PairScorer
from sevenllm_bench.encoders.encoder_choice import ENCODER_KINDS, EncoderChoice, EncoderKind
from sevenllm_bench.encoders.encoder_loading import check_choice, device_of
from sevenllm_bench.encoders.masked_lm import MaskedLanguageModel
from sevenllm_bench.errors import ConfigError, unknown_name
from sevenllm_bench.harness.encoder_score import EncoderScore
from sevenllm_bench.harness.question_prompt import encoder_context

logger = logging.getLogger("lm_eval.sevenllm")

_USE = "--model_args pretrained=FOLDER_OR_HUB_ID[,revision=…,kind=…,long_texts=…,batch_size=…,device=…]"
_SCORING: tuple[EncoderKind, ...] = ("bi-encoder", "cross-encoder", "masked-lm")
_BATCH = 32
#: What lm-eval passes where nothing was asked for (0.4.13, `EvaluatorConfig`).
_HARNESS_DEFAULTS = {"batch_size": "1", "device": "cuda:0"}

Encoder = BiEncoder | PairScorer | MaskedLanguageModel


@register_model("sevenllm-encoder")
class EncoderLM(LM):
    """Answers log-likelihood requests with an encoder; it can't generate.

    A bi-encoder gives the cosine of context and continuation, a cross-encoder its score of the pair, a masked language model
    the pseudo-log-likelihood of the continuation's tokens given the context. Each distinct text or pair is read once over all
    requests. The model is loaded at the first request that it can answer.

    Use: `--model sevenllm-encoder --model_args pretrained=FOLDER_OR_HUB_ID`, and if needed `revision`, `kind` (default "auto":
    read from the checkpoint), `long_texts` ("max", "mean" or "cut"), `batch_size`, `device`.
    """

    tokenizer_name = "sevenllm-encoder"

    @classmethod
    def create_from_arg_obj(cls, arg_dict: dict[str, Any], additional_config: dict[str, Any] | None = None) -> EncoderLM:
        """Build from `--model_args`, which come before `--batch_size` and `--device`.

        lm-eval gives 1 and "cuda:0" where neither was asked for; these take the model's defaults. In `--model_args` they count.
        """
        further = {key: value for key, value in (additional_config or {}).items() if _HARNESS_DEFAULTS.get(key) != str(value)}
        return cls(**{**further, **arg_dict})

    @classmethod
    def create_from_arg_string(cls, arg_string: str, additional_config: dict[str, Any] | None = None) -> EncoderLM:
        """Build from `--model_args` as text, see `create_from_arg_obj`."""
        from lm_eval.utils import simple_parse_args_string

        return cls.create_from_arg_obj(simple_parse_args_string(arg_string), additional_config)

    def __init__(
        self,
        pretrained: str | None = None,
        revision: str | None = None,
        kind: str = "auto",
        long_texts: str = "max",
        batch_size: Any = _BATCH,
        max_batch_size: Any = None,
        device: str | None = None,
        **unknown: Any,
    ) -> None:
        """Check the arguments and the checkpoint's kind; the weights are not loaded yet.

        Args:
            pretrained: Local folder or Hub id.
            revision: Commit, branch or tag on the Hub.
            kind: "auto", "bi-encoder", "cross-encoder" or "masked-lm".
            long_texts: "max" or "mean" over the windows of a text that is longer than the model reads, or "cut".
            batch_size: Texts, pairs or windows per forward pass; "auto" is 32.
            max_batch_size: Passed by lm-eval, without effect.
            device: torch's name; None for a GPU where there is one.
            **unknown: Anything else is an error.

        Raises:
            ConfigError: An argument is missing, unknown or impossible, or the checkpoint is of another kind.
        """
        super().__init__()
        if unknown or not pretrained:
            given = f"unknown model argument {', '.join(unknown)}; " if unknown else ""
            raise ConfigError(f"sevenllm-encoder: {given}it takes {_USE}")
        wanted: dict[str, EncoderKind | None] = {"auto": None, **{name: name for name in ENCODER_KINDS}}
        if kind not in wanted:
            raise ConfigError(unknown_name("kind of encoder", str(kind), wanted))
        self._choice = EncoderChoice(
            str(pretrained),
            None if revision is None else str(revision),
            wanted[kind],
            long_texts,  # type: ignore[arg-type]  # checked below
            _batch_size(batch_size),
            None if device is None else str(device),
        )
        check_choice(self._choice)
        device_of(self._choice)
        self._kind = require_kind(self._choice, *_SCORING)
        self._encoder: Encoder | None = None

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """A score for each request's context and continuation, and False: none is the result of greedy decoding.

        Scores of bi-encoders and cross-encoders are `EncoderScore`s, those of masked language models log-likelihoods.
        """
        pairs = [(encoder_context(request.args[0]), str(request.args[1])) for request in requests]
        if not pairs:
            return []
        results = [(score, False) for score in self._scores(pairs)]
        for request, result in zip(requests, results, strict=True):
            self.cache_hook.add_partial("loglikelihood", request.args, result)
        logger.info("Encoder: %s", self._loaded().cost.as_json())
        return results

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Encoders can't generate.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            f"sevenllm-encoder: an encoder writes no text, and {self._choice.label} was asked for {len(requests)} answers; run "
            "tasks that score given answers (sevenllm-en-answer-ranking, sevenllm-en-mcq-logprob …), or a generating model"
        )

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """Encoders give no log-likelihood of a text from left to right.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            f"sevenllm-encoder: an encoder such as {self._choice.label} gives no perplexity; run tasks that score given answers"
        )

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """The turns one after the other: encoders have no chat template."""
        return "\n\n".join(turn["content"] for turn in chat_history)

    def get_model_info(self) -> dict[str, Any]:
        """What lm-eval records of a model of the Hub, and what identifies the encoder's scores, with their cost."""
        if self._encoder is None:
            return {"model_revision": self._choice.revision or "main", "encoder": {"kind": self._kind}}
        described = self._encoder.describe()
        identity = str(described["identity"] or "")
        _, _, commit = identity.partition(f"{self._choice.name}@")
        is_local = identity.startswith("sha256:")
        name = Path(self._choice.name).name if is_local else self._choice.name  # no place on a disk
        return {
            "model_num_parameters": self._encoder.cost.parameters,
            "model_dtype": self._encoder.dtype,
            "model_revision": self._choice.revision or "main",
            "model_sha": commit,
            "encoder": {**described, "model": name, "cost": self._encoder.cost.as_json()},
        }

    def _scores(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        encoder = self._loaded()
        if isinstance(encoder, MaskedLanguageModel):
            return encoder.continuation_log_likelihoods(pairs)
        # lm-eval puts the space between both into the continuation, where it belongs to no text.
        apart = [(context, continuation.strip()) for context, continuation in pairs]
        found = encoder.pair_similarities(apart) if isinstance(encoder, BiEncoder) else encoder.scores(apart)
        return [EncoderScore(score) for score in found]

    def _loaded(self) -> Encoder:
        """The encoder, loaded when it is first needed."""
        if self._encoder is None:
            classes: dict[EncoderKind, Callable[[EncoderChoice], Encoder]]
            classes = {"bi-encoder": BiEncoder, "cross-encoder": PairScorer, "masked-lm": MaskedLanguageModel}
            self._encoder = classes[self._kind](self._choice)
        return self._encoder


def _batch_size(value: Any) -> int:
    if value is None or str(value).startswith("auto"):
        return _BATCH
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(f"sevenllm-encoder: batch_size={value} is no whole number") from None
