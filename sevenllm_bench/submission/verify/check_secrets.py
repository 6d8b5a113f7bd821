"""Keys, tokens and passwords that a bundle must not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sevenllm_bench.io.secrets import secrets_in
from sevenllm_bench.runs.records import Sample
from sevenllm_bench.submission.keys import rows_with_keys
from sevenllm_bench.submission.verify.findings import Finding, some


def check_secrets(files: Mapping[str, Any], samples: Sequence[Sample]) -> Iterator[Finding]:
    """What looks like a key in the results file, the manifest and prompts; in answers it is named. No value is shown.

    Args:
        files: The results file and the manifest, as JSON values by name.
        samples: The samples, about the benchmark's own rows.
    """
    for name, content in files.items():
        places = list(secrets_in(content))
        if places:
            yield Finding("secrets", name, "differs", f"what looks like a key or a password stands at {some(places)}")
    prompts, answers = rows_with_keys(samples)
    if prompts:
        yield Finding("secrets", "prompts", "differs", f"what looks like a key is in the prompts of rows {some(prompts)}")
    if answers:
        why = f"what looks like a key, and is not in the incident, is in the answers to rows {some(answers)}"
        yield Finding("secrets", "answers", "note", why)
