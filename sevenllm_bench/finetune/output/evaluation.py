"""How a checkpoint is to be evaluated: as it was trained. Kept in `evaluation.json` beside it, for people and programs."""

from __future__ import annotations

import ast
import contextlib
import json
import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.settings.config import FinetuneConfig
from sevenllm_bench.io.files import read_bytes

FILENAME = "evaluation.json"

#: Fields that earlier versions did not write.
_LATER = ("revision", "trust_remote_code", "gguf_file", "base_weights", "merge_first")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the command that evaluates a checkpoint says besides the checkpoint's folder.

    Attributes:
        prompt: Name of the prompt that it was trained on.
        chat: Whether it was trained in its chat format.
        model_arguments: Arguments of that format, e.g. {"enable_thinking": False}.
        base: For adapters: the base model.
        revision: For adapters: the base's commit on the Hub.
        trust_remote_code: Whether code of the base's repository, or of the checkpoint, runs when it is loaded.
        gguf_file: For adapters: the base's GGUF file.
        base_weights: For adapters: what tells the base's weights from others (`weight_identity`).
        merge_first: For adapters: whether lm-eval can't load them beside their base: they hold whole embeddings, and it cuts
            the base's to the size of the tokenizer; or the base is a GGUF file, which it doesn't unpack.
    """

    prompt: str = "alpaca"
    chat: bool = False
    model_arguments: Mapping[str, Any] = field(default_factory=dict)
    base: str | None = None
    revision: str | None = None
    trust_remote_code: bool = False
    gguf_file: str | None = None
    base_weights: Mapping[str, str] | None = None
    merge_first: bool = False

    @classmethod
    def of(cls, config: FinetuneConfig, base_weights: Mapping[str, str] | None = None) -> Evaluation:
        """That of a run's checkpoint or adapters.

        Args:
            config: The run, its base pinned to a commit.
            base_weights: What tells the base's weights from others.
        """
        model, data = config.model, config.data
        whole = cls(data.style.name, data.chat, data.chat_template_arguments, trust_remote_code=model.trust_remote_code)
        if config.training.method == "full":
            return whole
        return replace(
            whole,
            base=model.base,
            revision=model.revision,
            gguf_file=model.gguf_file,
            base_weights=base_weights,
            merge_first=bool(config.lora.modules_to_save or model.gguf_file),
        )

    def merged(self, trust_remote_code: bool) -> Evaluation:
        """That of the model that adapters were merged into.

        Args:
            trust_remote_code: Whether the one who merged them allowed code of the base's repository.
        """
        return Evaluation(self.prompt, self.chat, self.model_arguments, trust_remote_code=trust_remote_code)

    def command(self, folder: str | Path) -> str:
        """The command for a shell.

        Args:
            folder: The checkpoint or the adapters.
        """
        if self.merge_first:
            merged = self.merged(self.trust_remote_code).command("MERGED")
            return f"{self.merge_command(folder, 'MERGED')} && {merged}"
        words = ["lm_eval", "--model", "hf", "--model_args", self._model(str(folder)), "--tasks", "sevenllm"]
        words += ["--apply_chat_template"] if self.chat else []
        words += ["--metadata", f"prompt={self.prompt}"] if self.prompt != "alpaca" else []
        return shlex.join([*words, "--output_path", "results", "--log_samples"])

    def merge_command(self, folder: str | Path, output: str) -> str:
        """The command that merges adapters.

        Args:
            folder: The adapters.
            output: Folder for the merged model.
        """
        trusted = ["--trust-remote-code"] if self.trust_remote_code else []
        return shlex.join(["sevenllm-bench", "merge", str(folder), "-o", output, *trusted])

    def _model(self, folder: str) -> str:
        """The value of `--model_args`. Adapters bring their tokenizer: its chat template is the one that they were trained on."""
        place: dict[str, str | None] = {"pretrained": folder}
        if self.base is not None:
            place = {"pretrained": self.base, "revision": self.revision, "gguf_file": self.gguf_file}
            place |= {"peft": folder, "tokenizer": folder}
        arguments: dict[str, Any] = {name: value for name, value in place.items() if value is not None}
        arguments |= {"trust_remote_code": True} if self.trust_remote_code else {}
        chat = dict(self.model_arguments)
        if chat.get("enable_thinking") is False:  # True has lm-eval ask for the token that ends a thought
            arguments["enable_thinking"] = chat.pop("enable_thinking")
        if chat:
            arguments["chat_template_args"] = chat
        if chat or not all(_is_itself(value) for value in arguments.values()):
            return json.dumps(arguments, ensure_ascii=False)
        return ",".join(f"{name}={value}" for name, value in arguments.items())

    def write(self, folder: Path) -> None:
        """Write the file into a checkpoint's folder."""
        content = {**asdict(self), "command": self.command("FOLDER")}
        (folder / FILENAME).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_evaluation(folder: Path) -> Evaluation | None:
    """The file in a checkpoint's folder; None where there is none (earlier versions wrote none), or it is no such file."""
    try:
        content = json.loads(read_bytes(folder / FILENAME, ConfigError))
        found = Evaluation(
            **{name: content[name] for name in ("prompt", "chat", "model_arguments", "base")},
            **{name: content[name] for name in _LATER if name in content},
        )
        return found if _is_sound(found) else None
    except (ConfigError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _is_sound(found: Evaluation) -> bool:
    """Whether a file from elsewhere holds what it should and nothing that would change the command."""
    texts = (found.base, found.revision, found.gguf_file)
    flags = (found.chat, found.trust_remote_code, found.merge_first)
    types = (found.prompt, str), (found.model_arguments, dict), (found.base_weights, dict | None)
    if not all(isinstance(value, kind) for value, kind in types) or not all(isinstance(flag, bool) for flag in flags):
        return False
    if not all(isinstance(text, str | None) for text in texts):
        return False
    words = [found.prompt, *(text or "" for text in texts), *found.model_arguments, *found.model_arguments.values()]
    return "," not in found.prompt and all(map(_is_shown, words)) and all(name.isidentifier() for name in found.model_arguments)


def _is_shown(value: Any) -> bool:
    """Whether a JSON value holds nothing that a terminal would hide or act on."""
    if isinstance(value, dict):
        return all(map(_is_shown, (*value, *value.values())))
    if isinstance(value, list):
        return all(map(_is_shown, value))
    if isinstance(value, str):
        return value.isprintable()
    return not isinstance(value, float) or math.isfinite(value)


def _is_itself(value: Any) -> bool:
    """Whether lm-eval reads a value behind a `=` as what it is: "2024", "none" and "a,b" it takes for something else."""
    if isinstance(value, bool):
        return True
    if value != value.strip() or re.search(r"""[,{}()\[\]'"]""", value) or value.lower() in ("true", "false", "none"):
        return False
    with contextlib.suppress(ValueError):
        float(value)
        return False
    with contextlib.suppress(ValueError, SyntaxError):
        ast.literal_eval(value)
        return False
    return True
