"""A model of lm-eval as the tests of memorisation ask it: Min-K%++, log-likelihoods, completions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError, unknown_name
from sevenllm_bench.harness.model_errors import explain
from sevenllm_bench.io.progress import tracked
from sevenllm_bench.memorisation.min_k import min_k_plus_plus
from sevenllm_bench.runs.model_name import identity_of

if TYPE_CHECKING:
    from lm_eval.api.model import LM

#: Longest text that a server is sent or that a tokenizer reads, in characters.
_LONGEST = 40_000
#: What lm-eval's command line asks for where nothing is said: the first GPU; its models take the CPU where there is none.
_DEVICE = "cuda:0"
#: What models raise where their arguments don't fit, or name nothing that can be loaded.
_OF_ARGUMENTS = (OSError, ValueError, TypeError, KeyError, ImportError, AssertionError, RuntimeError)


def open_model(
    name: str, arguments: str, batch_size: str | int | None = None, device: str | None = None, chat: bool = False
) -> LmForProbe:
    """Load a model as `lm_eval --model NAME --model_args ARGUMENTS` does.

    Args:
        name: lm-eval's type of model, e.g. "hf" or "local-completions".
        arguments: Its arguments, e.g. "pretrained=ORG/NAME".
        batch_size: Batch size of log-likelihoods and completions; None for the model's default.
        device: Device, for models that run here; None for lm-eval's choice, the first GPU or else the CPU.
        chat: Whether completions are asked for through the model's chat template.

    Raises:
        ConfigError: There is no such type of model, or it can't be loaded with these arguments.
    """
    import lm_eval.models  # noqa: F401  (registers the models)
    from lm_eval.api.registry import get_model, model_registry

    try:
        kind = get_model(name)
    except (KeyError, ValueError):
        raise ConfigError(unknown_name("type of model (--model)", name, sorted(model_registry.keys()))) from None
    if device is None and not re.search(r"(?:^|,)\s*device\s*=", arguments):
        device = _DEVICE
    more = {key: value for key, value in (("batch_size", batch_size), ("device", device)) if value is not None}
    try:
        model = kind.create_from_arg_string(arguments, more)
    except Exception as error:
        raise _not_loaded(name, arguments, error) from None
    return LmForProbe(model, name, arguments, chat)


def _not_loaded(name: str, arguments: str, error: Exception) -> Exception:
    explained = explain(error)
    if explained or not isinstance(error, _OF_ARGUMENTS):
        return explained or error
    reason = " ".join(str(error).split())[:300]
    shown = identity_of(name, {"model_args": arguments}).loaded or "no pretrained= or model= in --model_args"
    return ConfigError(f"--model {name}: {shown} can't be loaded ({type(error).__name__}: {reason})")


class LmForProbe:
    """A loaded model of lm-eval; see `ProbedModel` for its attributes."""

    def __init__(self, model: LM, name: str = "hf", arguments: str = "", chat: bool = False) -> None:
        """Wrap a model.

        Args:
            model: The model.
            name: lm-eval's type of model.
            arguments: The arguments that it was made with.
            chat: Whether completions are asked for through the model's chat template.
        """
        self._model: Any = model
        self._chat = chat
        self.truncated = 0
        length = getattr(model, "max_length", None)
        self.window: int | None = length if isinstance(length, int) and length > 0 else None
        self.has_logits = hasattr(model, "_model_call") and hasattr(model, "_encode_pair") and self._is_causal_here()
        self.has_log_likelihoods = self._answers_with_log_likelihoods()
        self.identity = self._identified(name, arguments)

    def _is_causal_here(self) -> bool:
        """Whether the weights are in this process, in a causal model of transformers."""
        import torch

        weights = getattr(self._model, "model", None)
        return getattr(self._model, "backend", "") == "causal" and isinstance(weights, torch.nn.Module)

    def _answers_with_log_likelihoods(self) -> bool:
        try:
            return len(self._log_likelihoods([("a", " b")])) == 1
        except NotImplementedError:
            return False
        except Exception as error:
            explained = explain(error)
            if explained is None:
                raise
            if "og-likelihoods" in str(explained):
                return False
            raise explained from None

    def _identified(self, name: str, arguments: str) -> dict[str, Any]:
        given = {"model_args": arguments}
        found = identity_of(identity_of(name, given).loaded or name, given)
        config = getattr(getattr(self._model, "model", None), "config", None)
        commit = getattr(config, "_commit_hash", None)
        return {
            "type": name,
            "name": found.name,
            "base": found.base,
            "arguments": dict(found.notes),
            "commit": commit if isinstance(commit, str) else None,
            "chat_template": self._chat,
        }

    def token_scores(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """See `ProbedModel.token_scores`; one text at a time, so that the logits of no more than one are in memory."""
        return [self._token_score(context, text) for context, text in tracked(pairs, "texts", len(pairs))]

    def _token_score(self, context: str, text: str) -> float:
        import torch

        before, tokens = self._encoded(context, text)
        window = self.window or len(before) + len(tokens)
        if len(before) + len(tokens) > window:
            self.truncated += 1
            tokens = tokens[: max(1, window - min(len(before), window // 2))]
            before = before[max(0, len(before) + len(tokens) - window) :]
        scored = tokens if before else tokens[1:]  # without a token before it, the first can't be predicted
        if not scored:
            return math.nan
        ids = torch.tensor([[*before, *tokens]], device=self._model.device)
        with torch.no_grad():
            logits = self._model._model_call(ids)[0, -len(scored) - 1 : -1]
        return min_k_plus_plus(logits, torch.tensor(scored, device=logits.device))

    def _encoded(self, context: str, text: str) -> tuple[list[int], list[int]]:
        """Tokens before the text (of the context, else the beginning-of-text token where the model has one) and its own."""
        text = text[:_LONGEST]
        if context:
            before, tokens = self._model._encode_pair(context[-_LONGEST:], text)
            return list(before), list(tokens)
        prefix = self._model.prefix_token_id
        tokens = list(self._model.tok_encode(text, add_special_tokens=False))
        return ([] if prefix is None else [prefix]), tokens

    def log_likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """See `ProbedModel.log_likelihoods`."""
        fitting = [place for place, (_, text) in enumerate(pairs) if self._fits(text)]
        self.truncated += len(pairs) - len(fitting)
        values = [math.nan] * len(pairs)
        answers = self._asked(self._log_likelihoods, [pairs[place] for place in fitting])
        for place, value in zip(fitting, answers, strict=True):
            values[place] = value
        return values

    def _fits(self, text: str) -> bool:
        if self.window is None or not hasattr(self._model, "tok_encode") or len(text.encode()) < self.window:
            return True
        return len(self._model.tok_encode(text)) < self.window

    def _log_likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        from lm_eval.api.instance import Instance

        requests = [Instance("loglikelihood", {}, pair, place) for place, pair in enumerate(pairs)]
        return [_number(answer) for answer in self._model.loglikelihood(requests)] if requests else []

    def completions(self, prompts: Sequence[tuple[str, str]], max_tokens: int) -> list[str]:
        """See `ProbedModel.completions`; greedy. Without a chat template the instruction is left out."""
        from lm_eval.api.instance import Instance

        most = min(max_tokens, self.window // 2) if self.window else max_tokens
        settings = {"until": [], "max_gen_toks": most, "do_sample": False, "temperature": 0.0}
        requests = [
            Instance("generate_until", {}, (self._prompt(*prompt), dict(settings)), place) for place, prompt in enumerate(prompts)
        ]
        answers = self._asked(self._model.generate_until, requests) if requests else []
        return [answer if isinstance(answer, str) else "" for answer in answers]

    def _prompt(self, instruction: str, text: str) -> Any:
        if not self._chat:
            return text[-_LONGEST:]
        return self._model.apply_chat_template([{"role": "user", "content": f"{instruction}\n\n{text[-_LONGEST:]}"}])

    def _asked(self, ask: Callable[[Any], list[Any]], requests: Any) -> list[Any]:
        try:
            return list(ask(requests))
        except Exception as error:
            explained = explain(error)
            raise (explained or error) from None


def _number(answer: Any) -> float:
    """The log-likelihood of an answer of lm-eval's `loglikelihood`; NaN for anything else."""
    try:
        return float(answer[0])
    except (TypeError, ValueError, IndexError, KeyError):
        return math.nan
