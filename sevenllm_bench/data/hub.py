"""The files of the SEvenLLM dataset on the Hub, at the pinned revision."""

from __future__ import annotations

from pathlib import Path

from sevenllm_bench.errors import DataError

REPO_ID = "Multilingual-Multimodal-NLP/SEVENLLM-Dataset"
REVISION = "1de23ce55cadc984d3f3a7b52c4035a68c6cd5b0"


def download(filename: str, name: str, ways_to_get_it: str) -> Path:
    """A file of the dataset, from the Hub or its local cache.

    Args:
        filename: Its name in the repository.
        name: What it is, for errors.
        ways_to_get_it: What the user can do, for errors.

    Raises:
        DataError: It is not available.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(REPO_ID, filename, repo_type="dataset", revision=REVISION))
    except LocalEntryNotFoundError:
        raise DataError(f"{name} is not in the local cache and the Hub can't be reached.\n{ways_to_get_it}") from None
    except Exception as error:  # the Hub's client lets those of its HTTP library through, which has changed
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise DataError(f"downloading {name} failed ({reason}).\n{ways_to_get_it}") from None
