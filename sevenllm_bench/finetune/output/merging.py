"""LoRA adapters and their base, merged into one checkpoint."""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.base.adapters import join
from sevenllm_bench.finetune.base.model import LOADING, is_adapter, require_all_weights, unpacked, without_loading_report
from sevenllm_bench.finetune.base.weight_identity import are_same_weights, weights_identity
from sevenllm_bench.finetune.output.checkpoint import write_model
from sevenllm_bench.finetune.output.evaluation import Evaluation, read_evaluation
from sevenllm_bench.finetune.output.run_folder import CARD
from sevenllm_bench.io.files import user_path

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class BaseChoice:
    """Where the base of adapters is, and what of it is allowed.

    Attributes:
        name: Folder or Hub id; None for where the adapters say.
        revision: Branch, tag or commit on the Hub; None for the one that the adapters name.
        trust_remote_code: Whether code in its repository may run. What the adapters' files say of it doesn't count.
        allow_other_weights: Whether it may have other weights than the adapters were trained on.
    """

    name: str | None = None
    revision: str | None = None
    trust_remote_code: bool = False
    allow_other_weights: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged model.

    Attributes:
        folder: Where it is.
        is_checked: Whether its base is known to have the weights that the adapters were trained on.
    """

    folder: Path
    is_checked: bool


def merge(adapter: str | Path, output: str | Path, base: BaseChoice | None = None) -> Merged:
    """Add LoRA adapters to their base model's weights and write the whole model, in the base's type.

    Args:
        adapter: Folder of the adapters, as `finetune` writes it, or another that peft wrote.
        output: Folder for the merged model, new or empty.
        base: The base model.

    Raises:
        ConfigError: A folder is not what it should be, the base can't be loaded, or it has other weights than the adapters
            were trained on.
    """
    source, target = user_path(adapter, ConfigError), user_path(output, ConfigError)
    choice = base or BaseChoice()
    if not (source / "adapter_config.json").is_file():
        raise ConfigError(f"{source}: no adapters there (no adapter_config.json); name the folder that `finetune` wrote")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(f"{target}: not an empty folder; name another one")
    model, tokenizer, is_checked = _load_adapters(source, choice)
    missing = [folder for folder in (target, *target.absolute().parents) if not folder.exists()]
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=target) as folder:
            half = Path(folder)
            write_model(_merged(source, model), tokenizer, half)
            _copy_card(source, half, choice.trust_remote_code)
            _move_into(half, target)
    except OSError as error:
        _remove_empty(missing)
        raise ConfigError(f"{target}: can't be written ({error.strerror or error})") from None
    except UnicodeEncodeError:
        _remove_empty(missing)
        raise ConfigError(f"{str(target)!a}: a path that is no UTF-8, which the libraries can't write to; name another") from None
    except BaseException:
        _remove_empty(missing)
        raise
    return Merged(target, is_checked)


def _merged(source: Path, model: Any) -> Any:
    """The base with the adapters added: each layer in fp32, rounded to the base's type once."""
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A(lready following adapters were|ll adapters are already) merged")
        try:
            for layer in [module for module in model.modules() if isinstance(module, BaseTunerLayer)]:
                base = layer.get_base_layer()
                kinds = {parameter.dtype for parameter in base.parameters()} & {torch.bfloat16, torch.float16}
                if kinds:
                    base.float()
                layer.merge(safe_merge=True)
                if kinds:
                    base.to(kinds.pop())
            return model.merge_and_unload()
        except (ValueError, RuntimeError, NotImplementedError) as error:
            raise ConfigError(f"{source}: the adapters can't be merged ({str(error).strip().split(chr(10))[0]})") from None


def _move_into(half: Path, target: Path) -> None:
    """Move finished files to their place, the configuration last: without it, it is no model.

    Raises:
        ConfigError: Somebody else has written there meanwhile.
    """
    if [path for path in target.iterdir() if path != half]:
        raise ConfigError(f"{target}: another program wrote there at the same time; name another folder")
    for path in sorted(half.iterdir(), key=lambda path: (path.name == "config.json", path.name)):
        path.replace(target / path.name)


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove empty folders, the innermost first."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _load_adapters(source: Path, choice: BaseChoice) -> tuple[Any, PreTrainedTokenizerBase, bool]:
    """The base with its adapters, the tokenizer, and whether the base's weights are known to be the right ones."""
    from peft import PeftConfig
    from transformers import AutoTokenizer

    evaluation = read_evaluation(source)
    trusted = {"trust_remote_code": choice.trust_remote_code}
    try:
        adapters = PeftConfig.from_pretrained(str(source))
        tokenizer = AutoTokenizer.from_pretrained(source, **trusted)
        name, model, info = _load_base(adapters, evaluation, choice)
    except Exception as error:  # the libraries raise whatever their parts raise
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ConfigError(
            f"{source}: the adapters can't be joined with their base ({reason}){_hint(evaluation, choice)}"
        ) from None
    if not choice.allow_other_weights:
        require_all_weights(name, info, "--allow-other-weights")
    is_same = are_same_weights(evaluation.base_weights if evaluation else None, weights_identity(model))
    if is_same is False and not choice.allow_other_weights:
        raise ConfigError(
            f"{source}: the adapters were trained on other weights than those of {name}; name their base with --base and "
            "--revision, or merge all the same with --allow-other-weights"
        )
    _resize(source, model)
    return join(str(source), model, source), tokenizer, is_same is True


def _load_base(adapters: Any, evaluation: Evaluation | None, choice: BaseChoice) -> tuple[str, Any, Any]:
    """Name, model, and what transformers says of loading it."""
    from transformers import AutoModelForCausalLM

    recorded = adapters.base_model_name_or_path
    name = choice.name or recorded
    if not name:
        raise ValueError("they don't say what their base is")
    has_moved = choice.name not in (None, recorded)
    revision = choice.revision or (None if has_moved else adapters.revision)
    if is_adapter(name, revision):
        raise ValueError(f"{name} holds adapters itself; merge those first")
    arguments: dict[str, Any] = {"revision": revision or "main", "trust_remote_code": choice.trust_remote_code}
    if evaluation and evaluation.gguf_file:
        arguments |= {"gguf_file": evaluation.gguf_file, **unpacked()}
    with without_loading_report():
        model, info = AutoModelForCausalLM.from_pretrained(name, dtype="auto", **LOADING, **arguments)
    return name, model, info


def _hint(evaluation: Evaluation | None, choice: BaseChoice) -> str:
    if evaluation and evaluation.trust_remote_code and not choice.trust_remote_code:
        return "; they were trained with code of the base's repository, which --trust-remote-code allows to run"
    return "; name the base with --base"


def _resize(source: Path, model: Any) -> None:
    """Give the base as many embeddings as the adapters hold: tokens were added for them.

    Their tokenizer doesn't decide: some have tokens beyond the embeddings from the beginning (Gemma 3).
    """
    wanted = _held_embeddings(source, model)
    if wanted not in (None, model.get_input_embeddings().weight.shape[0]):
        model.resize_token_embeddings(wanted, mean_resizing=False)


def _held_embeddings(source: Path, model: Any) -> int | None:
    """Rows of the whole embeddings or LM head that adapters hold; None where they hold none."""
    from safetensors import SafetensorError, safe_open

    ends = {id(model.get_input_embeddings()), id(model.get_output_embeddings())}
    names = [name for name, module in model.named_modules() if id(module) in ends]
    keys = {f"base_model.model.{name}.{part}weight" for name in names for part in ("", "base_layer.")}
    try:
        with safe_open(source / "adapter_model.safetensors", framework="pt") as file:
            rows = [file.get_slice(key).get_shape()[0] for key in file.keys() if key in keys]  # noqa: SIM118
    except (OSError, SafetensorError):  # an older format, or damaged: joining says it
        return None
    return max(rows, default=None)


def _copy_card(source: Path, target: Path, trust_remote_code: bool) -> None:
    from sevenllm_bench.finetune.output.card import merged_card

    evaluation = read_evaluation(source)
    if (source / CARD).is_file():
        card = (source / CARD).read_text(encoding="utf-8", errors="replace")
        (target / CARD).write_text(merged_card(card, evaluation or Evaluation(), trust_remote_code), encoding="utf-8")
    if evaluation:
        evaluation.merged(trust_remote_code).write(target)
    for name in ("training_data.json", "training_log.jsonl"):
        if (source / name).is_file():
            (target / name).write_bytes((source / name).read_bytes())
