"""A run cut down to the audited rows: figures beside the official ones, from the same answers."""

from __future__ import annotations

from dataclasses import replace

from sevenllm_bench.data.audit_records import load_audit
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.runs.records import Run
from sevenllm_bench.runs.untrusted import dig


def audited_run(run: Run) -> Run:
    """The run with its samples of the rows that the audit found sound, and of no encoder task.

    Its figures are partial everywhere ("53 of 300 rows missing"), so that none of them passes for an official one.

    Raises:
        ResultsError: It has no audited row, or ran on other rows than those that were audited.
    """
    audit = load_audit()
    for task, leaf in run.leaves.items():
        sha = dig(leaf.signature, "data", "sha256")
        if leaf.leaf.is_official and run.source == "official" and isinstance(sha, str) and not audit.is_of(sha):
            raise ResultsError(f"{run.label}, {task}: its rows (sha256 {sha[:16]}) are not those that were audited")
    samples = tuple(sample for sample in run.samples if sample.row.source == "official" and sample.id in audit.sound)
    if not samples:
        raise ResultsError(f"{run.label}: no row in it is among the {len(audit.sound)} audited ones; leave out --rows audited")
    return replace(run, samples=samples, encoder_tasks={}, item_samples=())
