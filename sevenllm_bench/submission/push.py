"""A pull request on the Hub with a model's results: what it would hold, and sending it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sevenllm_bench.io.hub_access import check_repository, refusals_in_words, require_token


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


def send(request: PullRequest, token: str) -> str:
    """Open the pull request; returns its address.

    Raises:
        ConfigError: There is no token, or the Hub can't be reached or refuses; the token is in no message.
    """
    require_token(token)
    from huggingface_hub import CommitOperationAdd, HfApi

    with refusals_in_words(f"the pull request to {request.repository}", token):
        commit = HfApi(token=token).create_commit(
            request.repository,
            operations=[CommitOperationAdd(request.path, request.content)],
            commit_message=request.title,
            commit_description=request.description,
            create_pr=True,
        )
    return str(commit.pr_url)
