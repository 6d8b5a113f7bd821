"""Examples of every command and action, as their `--help` shows them (those of `eval`: harness/launch.py). Each one parses."""

from __future__ import annotations

import textwrap

PROGRAM = "sevenllm-bench"

#: Command, or command and action, to what follows the program's name.
_EXAMPLES = {
    "tasks": (
        "tasks list",
        "tasks show sevenllm_zh_threat_analysis",
    ),
    "tasks path": ("tasks path",),
    "tasks list": ("tasks list",),
    "tasks show": (
        "tasks show sevenllm_zh_threat_analysis",
        "tasks show 'Threat Analysis' --prompt paper",
    ),
    "tasks check": ("tasks check",),
    "tasks generate": ("tasks generate task_yamls",),
    "score": (
        "score llama2-7b.jsonl",
        "score results/A --json scores.json",
        "score answers.jsonl --dataset embedded --partial",
    ),
    "compare": (
        "compare results/A results/B",
        "compare results/A results/B --by task --csv findings.csv",
        "compare results/A --published",
        "compare base.jsonl tuned.jsonl --label base.jsonl=before --baseline tuned",
    ),
    "stress": (
        "stress results/clean results/noisy",
        "stress results/both --json drop.json",
    ),
    "report": (
        "report results/A -o report",
        "report results/A results/B answers.jsonl -o report",
        "report results/A --probe probe.json -o report",
    ),
    "leaderboard": ("leaderboard build submissions -o board",),
    "leaderboard build": (
        "leaderboard build submissions -o board",
        "leaderboard build A.zip B.zip results/C -o board --models models.yaml",
    ),
    "judge": (
        "judge results/A --model Qwen3-32B --estimate",
        "judge results/A --model Qwen3-32B --json judged.json",
        "judge results/A --model Qwen3-32B --against results/B",
    ),
    "corpus": (
        "corpus build build.yaml --dry-run",
        "corpus check corpus/train.jsonl",
    ),
    "corpus build": (
        "corpus build build.yaml --dry-run",
        "corpus build build.yaml model.budget_usd=5",
    ),
    "corpus collect": (
        "corpus collect reports -o texts",
        "corpus collect https://example.org/feed.xml -o texts --contact me@example.org",
    ),
    "corpus check": (
        "corpus check train.jsonl",
        "corpus check train.jsonl -o clean.jsonl --json overlaps.json",
    ),
    "corpus restore": ("corpus restore rows-without-texts.jsonl --texts texts/texts.jsonl -o train.jsonl",),
    "probe": (
        "probe --model hf --model_args pretrained=ORG/NAME -o probe.json",
        "probe --model local-chat-completions --model_args model=NAME,base_url=URL --apply_chat_template --completions-only",
    ),
    "encoders": (
        "encoders run cisco-ai/SecureBERT2.0-biencoder --language en -o results/bi",
        "encoders pipeline --bi-encoder cisco-ai/SecureBERT2.0-biencoder -o results/two",
    ),
    "encoders run": (
        "encoders run cisco-ai/SecureBERT2.0-biencoder --language en -o results/bi",
        "encoders run checkpoints/ner --labels labels.yaml -o results/ner",
    ),
    "encoders pipeline": (
        "encoders pipeline -o results/bm25",
        "encoders pipeline --bi-encoder cisco-ai/SecureBERT2.0-biencoder -o results/two",
    ),
    "encoders probe": ("encoders probe cisco-ai/SecureBERT2.0-biencoder --json probes.json",),
    "encoders transfer": ("encoders transfer test.conll --model checkpoints/ner --labels labels.yaml",),
    "encoders agree": ("encoders agree results/A --models default BAAI/bge-m3",),
    "encoders import-mteb": (
        "encoders import-mteb M/R/TASK.json --predictions TASK_predictions.json -o results/M",
    ),
    "finetune": (
        "finetune lora-8b output=runs/lora --dry-run --gpu h100",
        "finetune lora-8b output=runs/lora training.epochs=1",
        "finetune my-run.yaml resume=auto",
    ),
    "merge": ("merge runs/lora -o runs/merged",),
    "publish": (
        "publish runs/merged ORG/NAME",
        "publish runs/merged ORG/NAME --push",
    ),
    "doctor": (
        "doctor",
        "doctor --dataset embedded --judge Qwen3-32B",
    ),
    "submit": (
        "submit results/A -o A.zip",
        "submit results/A -o A.zip --model ORG/NAME --organization 'My lab'",
    ),
    "verify": (
        "verify A.zip",
        "verify A.zip --all --allow-unconfirmed model,replay",
    ),
    "completion": (
        "completion bash > ~/.local/share/bash-completion/completions/sevenllm-bench",
        "completion zsh > ~/.zfunc/_sevenllm-bench",
    ),
}  # fmt: skip


def examples_of(program: str) -> tuple[str, ...]:
    """The examples of a command ("sevenllm-bench score") or an action ("sevenllm-bench tasks show"); often none."""
    return tuple(_folded(f"{PROGRAM} {words}") for words in _EXAMPLES.get(program.removeprefix(PROGRAM).strip(), ()))


def _folded(line: str) -> str:
    """A command in lines that a terminal of 80 columns shows, and that a shell takes."""
    return " \\\n".join(textwrap.wrap(line, 76, subsequent_indent="      ", break_long_words=False, break_on_hyphens=False))
