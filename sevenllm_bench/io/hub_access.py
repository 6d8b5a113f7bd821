"""Writing to the Hub: the access token, the names of repositories, and refusals in words without the token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sevenllm_bench.errors import ConfigError, DataError
from sevenllm_bench.io.secrets import quieten, short_message

TOKEN_VARIABLE = "HF_TOKEN"  # noqa: S105  (the variable's name)


def token_from_environment() -> str:
    """The access token, or an empty text."""
    return os.environ.get(TOKEN_VARIABLE, "").strip()


def require_token(token: str) -> None:
    """That there is a token.

    Raises:
        ConfigError: There is none.
    """
    if not token:
        raise ConfigError(f"--push needs an access token with write permission in the environment variable {TOKEN_VARIABLE}")


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


@contextmanager
def refusals_in_words(what: str, token: str) -> Iterator[None]:
    """Turn the Hub's errors within it into one message.

    Args:
        what: What the Hub was to take, e.g. "the pull request to ORG/NAME".
        token: The access token, which is in no message.

    Raises:
        ConfigError: The Hub can't be reached, or refuses.
    """
    from huggingface_hub.errors import HfHubHTTPError

    quieten()
    unreachable: Any = HfHubHTTPError.__mro__[1]  # the base of requests, httpx or httpx2, by huggingface_hub's version
    try:
        yield
    except (KeyError, TypeError, AttributeError, AssertionError, IndexError) as error:  # of the client, at an answer it can't use
        raise ConfigError(
            f"the Hub didn't take {what}: it gave no answer as the Hub gives them ({type(error).__name__}: "
            f"{short_message(str(error), token)}); see what is at HF_ENDPOINT"
        ) from None
    except (HfHubHTTPError, unreachable, OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"the Hub didn't take {what}: {short_message(_reason(error), token)}") from None


def _reason(error: BaseException) -> str:
    """The error, with the one that it hides: the upload of a large file fails with a sentence that gives no reason."""
    return f"{error} ({error.__cause__})" if isinstance(error, RuntimeError) and error.__cause__ else str(error)


def dataset_commit(repository: str, revision: str | None, what: str) -> str:
    """The commit of a data set on the Hub.

    Args:
        repository: Its id.
        revision: Branch, tag or commit; None for the newest commit. A whole commit is taken without asking the Hub.
        what: What errors call it.

    Raises:
        DataError: There is no such data set or revision, or the Hub can't be reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    if revision and len(revision) == 40 and all(digit in "0123456789abcdef" for digit in revision):
        return revision
    try:
        return str(HfApi().dataset_info(repository, revision=revision).sha)
    except RepositoryNotFoundError:
        raise DataError(f"{what} is not on the Hub (or is private: log in with `hf auth login`)") from None
    except RevisionNotFoundError:
        raise DataError(f"{what}: no such revision") from None
    except Exception as problem:  # the HTTP library's own errors
        raise DataError(
            f"{what}: the Hub can't be reached ({reason_of(problem)}); with a commit as revision, a data set in the local cache "
            "is read without it"
        ) from None


def reason_of(problem: Exception) -> str:
    """The first line of what a library says of a failure."""
    return (str(problem).strip().split("\n")[0] or type(problem).__name__)[:300]
