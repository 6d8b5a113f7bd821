"""A finished checkpoint for the Hub: what would be sent, what keeps it from being sent, and sending it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.output.run_folder import CARD
from sevenllm_bench.io.files import user_path
from sevenllm_bench.io.hub_access import check_repository, refusals_in_words, require_token
from sevenllm_bench.io.secrets import without_secrets

#: What a checkpoint consists of. Anything else is not sent: logs of trackers hold the machine's name.
_SENT = (".json", ".jsonl", ".safetensors", ".md", ".jinja", ".model", ".txt", ".py")
#: Files whose text people read, and in which a path of this machine can be.
_READ = (CARD, "config.json", "adapter_config.json", "evaluation.json", "generation_config.json", "training_data.json")
_PATH = re.compile(r"""(?:^|(?<=[\s"'`=(:,]))(?:/(?:[\w.@+-]+/)+[\w.@+-]+|[A-Za-z]:\\+[\w.@+-]+)""")
_ADAPTERS = "adapter_config.json"


@dataclass(frozen=True, slots=True)
class Upload:
    """All that is sent.

    Attributes:
        repository: ORG/NAME.
        files: The files, by name in the repository.
        left_out: Names of what lies in the folder and is not sent.
        remarks: What the card lacks, though it can be sent so.
    """

    repository: str
    files: dict[str, Path]
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def title(self) -> str:
        """Title of the commit or pull request."""
        return f"Add {'adapters' if _ADAPTERS in self.files else 'a checkpoint'} tuned with sevenllm-bench"

    def lines(self) -> Iterator[str]:
        """What is sent and where, for people to read first."""
        from huggingface_hub import constants

        yield f"to {constants.ENDPOINT}/{self.repository}: a pull request, or a new private repository if there is none"
        yield f"title: {self.title}"
        yield from (f"file {name} ({path.stat().st_size:,} bytes)" for name, path in self.files.items())
        yield from (f"not sent: {name}" for name in self.left_out)
        yield from (f"note: {remark}" for remark in self.remarks)


def upload_of(folder: str | Path, repository: str) -> Upload:
    """What of a finished checkpoint is sent to a repository.

    Args:
        folder: The checkpoint or adapters, as `finetune` or `merge` wrote them.
        repository: ORG/NAME on the Hub.

    Raises:
        ConfigError: The folder is no finished checkpoint, the repository's name is none, or something in the files keeps
            them from being published; all such problems are listed.
    """
    check_repository("the repository", repository)
    path = user_path(folder, ConfigError)
    if not path.is_dir():
        raise ConfigError(f"{path}: no folder; name the one that finetune or merge wrote")
    entries = sorted(path.iterdir())
    sent = {entry.name: entry for entry in entries if _is_sent(entry)}
    problems = [*_incomplete(path, sent), *_not_to_be_read(sent), *_card_problems(sent)]
    if problems:
        raise ConfigError(f"{path} can't be published:" + "".join(f"\n  - {problem}" for problem in problems))
    left_out = tuple(entry.name for entry in entries if entry.name not in sent)
    return Upload(repository, sent, left_out, tuple(_remarks(sent)))


def _is_sent(entry: Path) -> bool:
    return entry.is_file() and not entry.is_symlink() and entry.suffix in _SENT and not entry.name.startswith(".")


def _incomplete(folder: Path, sent: dict[str, Path]) -> Iterator[str]:
    """What a loader would miss."""
    if (folder / "training").is_dir():
        yield "there is an unfinished run in it (training/)"
    if not {"config.json", _ADAPTERS} & set(sent):
        yield "no config.json or adapter_config.json: not a checkpoint"
    weights = [name for name in sent if name.endswith(".safetensors")]
    if not weights:
        yield "no weights (*.safetensors)"
    for name in weights:
        if not _is_whole(sent[name]):
            yield f"{name}: not a whole safetensors file"
    for name in sorted(_indexed(sent) - set(sent)):
        yield f"{name} is missing, which model.safetensors.index.json names"
    if "tokenizer_config.json" not in sent:
        yield "no tokenizer (tokenizer_config.json)"
    if CARD not in sent:
        yield f"no model card ({CARD})"


def _is_whole(path: Path) -> bool:
    """Whether a file has as many bytes as its header says."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            return True
    except (SafetensorError, OSError):
        return False


def _indexed(sent: dict[str, Path]) -> set[str]:
    content = _json(sent.get("model.safetensors.index.json"))
    found = content.get("weight_map")
    return {str(name) for name in found.values()} if isinstance(found, dict) else set()


def _json(path: Path | None) -> dict[str, Any]:
    """A JSON object; an empty one where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _not_to_be_read(sent: dict[str, Path]) -> Iterator[str]:
    """Keys and tokens, and paths of this machine, in the files that people read."""
    for name in (name for name in _READ if name in sent):
        text = sent[name].read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if without_secrets(line) != line:
                yield f"{name}, line {number}: looks like a key or a token"
            if name != "training_data.json" and (found := _PATH.search(line)):
                yield f"{name}, line {number}: a path of this machine ({found[0][:100]})"
    base = _json(sent.get(_ADAPTERS)).get("base_model_name_or_path")
    if isinstance(base, str) and user_path(base, ConfigError).is_dir():
        yield f"{_ADAPTERS}: the base is a folder of this machine ({base}); merge the adapters, or tune from the Hub's own name"


def _card_problems(sent: dict[str, Path]) -> Iterator[str]:
    if CARD not in sent:
        return
    metadata = _metadata(sent[CARD])
    if metadata is None:
        yield f"{CARD}: its metadata can't be read (YAML between two lines of ---)"
    elif metadata.get("library_name") not in ("transformers", "peft"):
        yield f"{CARD}: library_name must be transformers or peft"


def _metadata(card: Path) -> dict[str, Any] | None:
    """The metadata of a card as the Hub reads it; None where it can't be read."""
    from huggingface_hub import ModelCard

    try:
        data: Any = ModelCard(card.read_text(encoding="utf-8")).data
        return dict(data.to_dict())
    except Exception:  # whatever a YAML parser and the checks of metadata raise
        return None


def _remarks(sent: dict[str, Path]) -> Iterator[str]:
    metadata = _metadata(sent[CARD]) or {}
    if not metadata.get("license"):
        yield f"{CARD} names no licence: add the base's, as `license: …` in the metadata"
    if not metadata.get("base_model"):
        yield f"{CARD} names no base model: add its name on the Hub, as `base_model: ORG/NAME` in the metadata"
    if any(name.endswith(".py") for name in sent):
        yield "there is code among the files, which runs where users load it with trust_remote_code"


def send(upload: Upload, token: str) -> str:
    """Open a pull request with the checkpoint, or make a new private repository where there is none.

    Returns:
        Address of the pull request or the repository.

    Raises:
        ConfigError: There is no token, or the Hub can't be reached or refuses; the token is in no message.
    """
    require_token(token)
    from huggingface_hub import CommitOperationAdd, HfApi, ModelCard

    api = HfApi(token=token)
    with refusals_in_words(f"the checkpoint for {upload.repository}", token):
        exists = api.repo_exists(upload.repository)
        ModelCard.load(upload.files[CARD]).validate()  # before a repository is made for it
        if not exists:
            api.create_repo(upload.repository, private=True)
        commit = api.create_commit(
            upload.repository,
            operations=[CommitOperationAdd(name, str(path)) for name, path in upload.files.items()],
            commit_message=upload.title,
            create_pr=exists,
        )
    return str(commit.pr_url) if exists else f"{api.endpoint}/{upload.repository}"
