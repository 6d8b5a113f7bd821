"""Keys, tokens and passwords that a bundle must not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sevenllm_bench.io.secrets import secrets_in
from sevenllm_bench.runs.untrusted import read_json
from sevenllm_bench.submission.layout import MANIFEST
from sevenllm_bench.submission.verify.findings import Finding, some


def check_secrets(results: Path, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """What looks like a key in the results file and the manifest; the value is never shown.

    Args:
        results: The results file.
        manifest: The manifest.
    """
    for name, content in ((results.name, read_json(results)), (MANIFEST, manifest)):
        places = list(secrets_in(content))
        if places:
            yield Finding("secrets", name, "differs", f"what looks like a key or a password stands at {some(places)}")
