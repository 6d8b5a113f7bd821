"""The libraries that building a corpus needs, checked before anything is done."""

from __future__ import annotations

from importlib.util import find_spec

from sevenllm_bench.errors import ConfigError

_NEEDED = (
    "datatrove",
    "feedparser",
    "httpx",
    "lingua",
    "lxml",
    "lxml_html_clean",
    "openai",
    "protego",
    "pydantic",
    "pypdfium2",
    "regex",
    "trafilatura",
    "warcio",
)


def require_corpus_libraries() -> None:
    """Refuse to begin without them.

    Raises:
        ConfigError: Some are not installed; the message has the line that installs them.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigError(f'building a corpus needs {", ".join(missing)}: pip install "sevenllm-bench[corpus]"')
