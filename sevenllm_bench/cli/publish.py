"""`sevenllm-bench publish`: a finished checkpoint or adapters to the Hub, shown first and sent with --push."""

from __future__ import annotations

import argparse

from sevenllm_bench.io.hub_access import require_token, token_from_environment
from sevenllm_bench.preflight import require_extra
from sevenllm_bench.text.display import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Checks a checkpoint and its model card, and shows what --push sends: a pull request, or a new private repository."
    )
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="the folder that finetune or merge wrote")
    parser.add_argument("repository", metavar="ORG/NAME", help="the repository on the Hub")
    parser.add_argument("--push", action="store_true", help="send it (token: HF_TOKEN); without it, only show it")


def run(arguments: argparse.Namespace) -> int:
    """Show what would be sent, and send it where that is asked for."""
    require_extra("peft", "train")
    from sevenllm_bench.finetune.output.upload import send, upload_of

    token = token_from_environment()
    if arguments.push:
        require_token(token)
    upload = upload_of(arguments.checkpoint, arguments.repository)
    for line in upload.lines():
        print(printable(line, 1000))
    print(f"sent: {send(upload, token)}" if arguments.push else "nothing was sent; --push sends it")
    return 0
