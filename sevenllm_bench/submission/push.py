"""A pull request on the Hub with a model's results: what it would hold, and sending it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.secrets import quieten, short_message

TOKEN_VARIABLE = "HF_TOKEN"  # noqa: S105  (the variable's name)


@dataclass(frozen=True, slots=True)
class PullRequest:
    """All that is sent.

    Attributes:
        repository: The model's repository.
        path: File in the repository.
        content: Its content.
        title: Title of the pull request, and of its commit.
        description: Its text.
    """

    repository: str
    path: str
    content: bytes
    title: str
    description: str

    def lines(self) -> Iterable[str]:
        """Exactly what is sent, for people to read first."""
        from huggingface_hub import constants

        yield f"pull request to {constants.ENDPOINT}/{self.repository}"
        yield f"title: {self.title}"
        yield f"description: {self.description}"
        yield f"file {self.path} ({len(self.content):,} bytes):"
        yield from (f"  {line}" for line in self.content.decode("utf-8").splitlines())


def pull_request(repository: str, hub_file: tuple[str, bytes], model: str) -> PullRequest:
    """The pull request for a bundle's results.

    Raises:
        ConfigError: The repository's name is not one of the Hub.
    """
    check_repository("--model", repository)
    return PullRequest(
        repository,
        *hub_file,
        title="Add SEvenLLM-Bench results",
        description=f"Results of {model} on SEvenLLM-Bench (arXiv 2405.03446), run with sevenllm-bench in lm-evaluation-harness.",
    )


def check_repository(option: str, name: str) -> None:
    """Accept `ORG/NAME` alone.

    Raises:
        ConfigError: It is something else; the option is named.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(name)
        fits = name.count("/") == 1
    except HFValidationError:
        fits = False
    if not fits:
        raise ConfigError(f"{option} {name}: not the name of a repository on the Hub (ORG/NAME)")


def token_from_environment() -> str:
    """The access token, or an empty text."""
    return os.environ.get(TOKEN_VARIABLE, "").strip()


def send(request: PullRequest, token: str) -> str:
    """Open the pull request; returns its address.

    Raises:
        ConfigError: There is no token, or the Hub can't be reached or refuses; the token is in no message.
    """
    if not token:
        raise ConfigError(f"--push needs an access token with write permission in the environment variable {TOKEN_VARIABLE}")
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError

    quieten()
    unreachable: Any = HfHubHTTPError.__mro__[1]  # the base of requests, httpx or httpx2, by huggingface_hub's version
    try:
        commit = HfApi(token=token).create_commit(
            request.repository,
            operations=[CommitOperationAdd(request.path, request.content)],
            commit_message=request.title,
            commit_description=request.description,
            create_pr=True,
        )
    except (HfHubHTTPError, unreachable, OSError, ValueError) as error:
        reason = short_message(str(error), token)
        raise ConfigError(f"the Hub didn't take the pull request to {request.repository}: {reason}") from None
    return str(commit.pr_url)
