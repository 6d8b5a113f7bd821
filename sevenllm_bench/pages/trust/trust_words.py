"""Sentences of the section "Can it be trusted?" that report and leaderboard share."""

from __future__ import annotations

from sevenllm_bench.data.audit_records import load_audit

#: About multiple choice beside programs that know nothing, which are the first lines of the table.
KNOWLEDGE_SENTENCES = (
    "The first lines are programs that read neither text nor question, over the same questions: they always give the letter that "
    "is right most often, choose the longest option, or guess.",
    "A model near them shows no knowledge. docs/robustness.md has the tasks with the options in every order.",
)


def audit_sentences() -> tuple[str, ...]:
    """About figures on audited rows."""
    audit = load_audit()
    read = sum(record.read for record in audit.records)
    return (
        f"The audit (version {audit.version}) read {read:,} of the 1,300 official rows and "
        f"found {len(audit.sound):,} of them sound: a careful expert comes to the reference from the text and the question.",
        "These figures are beside the official ones and are no result of the benchmark; docs/audit.md says how they came about.",
    )
