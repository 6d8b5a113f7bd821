"""What lm-eval's models for servers raise, in words: its own errors are those of a dictionary or a list."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType

from sevenllm_bench.errors import ConfigError

#: lm-eval's modules of models that ask a server (0.4.13).
_MODELS = ("lm_eval.models.api_models", "lm_eval.models.openai_completions")
_LOG_LIKELIHOODS = (
    "Log-likelihoods need a server that returns those of the prompt (completions with echo and logprobs, as vLLM's) and "
    "--model local-completions with tokenizer=ORG/NAME, or --model hf; any server can answer the same questions in words: "
    "--tasks sevenllm_en_mcq,sevenllm_zh_mcq"
)

_TOKENIZER = "the model's tokenizer can't be loaded: add tokenizer=ORG/NAME, or tokenizer_backend=None, to --model_args"


def explain(error: BaseException) -> ConfigError | None:
    """What the user can do about an error of one of lm-eval's models for servers; None for any other error."""
    frames = list(_frames(error))
    models = [frame for frame in frames if frame.f_globals.get("__name__") in _MODELS]
    if not models:
        return None
    asked = next((frame.f_locals.get("reqtype") for frame in frames if "reqtype" in frame.f_locals), "")
    tokenizer = any(frame.f_globals.get("__name__") == "transformers.models.auto.tokenization_auto" for frame in frames)
    advice = _TOKENIZER if tokenizer else _advice(error, str(asked))
    reason = " ".join(str(error).split())[:300]
    return ConfigError(f"{advice} ({type(error).__name__}: {reason})") if advice else None


def _frames(error: BaseException) -> Iterator[FrameType]:
    place = error.__traceback__
    while place:
        yield place.tb_frame
        place = place.tb_next


def _advice(error: BaseException, asked: str) -> str:
    message = str(error)
    if isinstance(error, ModuleNotFoundError) and "API model" in message:
        return 'models behind a server need further packages: pip install "sevenllm-bench[api]"'
    if "--apply_chat_template" in message:
        return "local-chat-completions sends messages: add --apply_chat_template"
    if "Invalid URL" in message:
        return "no server named: add base_url=http://HOST:PORT/v1/completions (or …/v1/chat/completions) to --model_args"
    if type(error).__name__ in ("ConnectionError", "ConnectTimeout", "ClientConnectorError", "ServerDisconnectedError"):
        return "the model's server can't be reached; check base_url and whether it runs"
    return _LOG_LIKELIHOODS if asked.startswith("loglikelihood") else ""
