"""How a checkpoint is to be evaluated: as it was trained. Kept in `evaluation.json` beside it, for people and programs."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sevenllm_bench.finetune.config import FinetuneConfig

FILENAME = "evaluation.json"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the command that evaluates a checkpoint says besides the checkpoint's folder.

    Attributes:
        prompt: Name of the prompt that it was trained on.
        chat: Whether it was trained in its chat format.
        model_arguments: Arguments of that format, e.g. {"enable_thinking": False}.
        base: For adapters: the base model.
    """

    prompt: str = "alpaca"
    chat: bool = False
    model_arguments: Mapping[str, Any] = field(default_factory=dict)
    base: str | None = None

    @classmethod
    def of(cls, config: FinetuneConfig) -> Evaluation:
        """That of a run's checkpoint or adapters."""
        base = None if config.training.method == "full" else config.model.base
        return cls(config.data.style.name, config.data.chat, config.data.chat_template_arguments, base)

    def command(self, folder: str | Path) -> str:
        """The command for a shell.

        Args:
            folder: The checkpoint or the adapters.
        """
        model = f"pretrained={folder}" if self.base is None else f"pretrained={self.base},peft={folder}"
        model += "".join(f",{name}={value}" for name, value in self.model_arguments.items())
        words = ["lm_eval", "--model", "hf", "--model_args", model, "--tasks", "sevenllm"]
        words += ["--apply_chat_template"] if self.chat else []
        words += ["--metadata", f"prompt={self.prompt}"] if self.prompt != "alpaca" else []
        return shlex.join([*words, "--output_path", "results", "--log_samples"])

    def write(self, folder: Path) -> None:
        """Write the file into a checkpoint's folder."""
        content = {**asdict(self), "command": self.command("FOLDER")}
        (folder / FILENAME).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_evaluation(folder: Path) -> Evaluation | None:
    """The file in a checkpoint's folder; None where there is none (earlier versions wrote none), or it is no such file."""
    try:
        content = json.loads((folder / FILENAME).read_text(encoding="utf-8"))
        found = Evaluation(**{name: content[name] for name in ("prompt", "chat", "model_arguments", "base")})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    types = (found.prompt, str), (found.chat, bool), (found.model_arguments, dict), (found.base, str | None)
    if not all(isinstance(value, kind) for value, kind in types):
        return None
    words = [found.prompt, found.base or "", *found.model_arguments.values()]
    return found if all(map(_is_plain, words)) and all(name.isidentifier() for name in found.model_arguments) else None


def _is_plain(value: Any) -> bool:
    """Whether a value is one argument in `--model_args`: a file from elsewhere must not add others."""
    if isinstance(value, str):
        return value.isprintable() and "," not in value
    return isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))
