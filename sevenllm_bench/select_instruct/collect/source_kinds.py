"""What kind a source is, where the user leaves that open."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import user_path
from sevenllm_bench.select_instruct.collect.media_types import is_url_list, list_kind
from sevenllm_bench.select_instruct.collect.web_address import is_remote
from sevenllm_bench.select_instruct.settings.build_config import CorpusSource

#: Kinds that lead to pages on the web.
REMOTE = ("page", "urls", "sitemap", "feed", "auto")
_START = 1 << 16


def kind_of(source: CorpusSource) -> str:
    """The kind of a source: "auto" only for URLs, whose content shows it; for paths "folder", "file", or a list.

    Raises:
        ConfigError: There is nothing there, or the kind doesn't fit.
    """
    if is_remote(source.location):
        return _remote(source)
    path = user_path(source.location, ConfigError)
    if not path.exists():
        raise ConfigError(f"source {source.location}: there is no such file or folder; a URL begins with https://")
    if source.kind == "page":
        raise ConfigError(f'source {source.location}: kind "page" is for URLs; leave the kind out for a file')
    if path.is_dir():
        if source.kind not in ("auto", "folder"):
            raise ConfigError(f'source {source.location}: it is a folder, and its kind "{source.kind}" is for a file')
        return "folder"
    if source.kind == "folder":
        raise ConfigError(f"source {source.location}: it is no folder; leave the kind out")
    return _auto(path) if source.kind == "auto" else source.kind


def _remote(source: CorpusSource) -> str:
    if source.kind in ("file", "folder", "warc"):
        raise ConfigError(f'source {source.location}: kind "{source.kind}" is for files on this machine; download it first')
    if urlsplit(source.location).scheme.lower() not in ("http", "https"):
        raise ConfigError(f"source {source.location}: only http and https are fetched; give the path of a local file as it is")
    return "page" if source.kind == "jsonl" else source.kind


def _auto(path: Path) -> str:
    """A file, or a list of pages: told by its content."""
    if not path.is_file():
        return "file"
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except OSError:
        return "file"
    whole = start if len(start) < _START else start[: start.rfind(b"\n") + 1]
    if is_url_list(whole):
        return "urls"
    return list_kind(start[:4096]) or "file"
