"""Sentences of the section "Can it be trusted?" that report and leaderboard share."""

from __future__ import annotations

from sevenllm_bench.data.audit_records import load_audit

#: About multiple choice beside programs that know nothing, which are the first lines of the table.
KNOWLEDGE_SENTENCES = (
    "The first lines are programs that read neither text nor question, over the same questions: they always give the letter that "
    "is right most often, choose the longest option, or guess.",
    "A model near them shows no knowledge. docs/robustness.md has the tasks with the options in every order.",
)

#: Metrics of grounding to the heads of their columns, and to what they mean.
GROUNDING_HEADS = {"grounded": "Values in the text", "invented_indicators": "Invented indicators"}
GROUNDING_SENTENCES = {
    "grounded": (
        "“Values in the text” is the share of the extracted values that the incident text has, in the same words, numbers or "
        "dates (grounded). References paraphrase too, so hold a model against them and not against 1: one that is clearly below "
        "them writes more that the text doesn't have; to be above them is no merit by itself."
    ),
    "invented_indicators": (
        "“Invented indicators” is the share of the addresses, domains, hashes, files and numbers of vulnerabilities or "
        "techniques in the analyses that neither text nor question has (invented_indicators). Lower is better; an empty answer "
        "counts 1."
    ),
}
#: The title of the part.
GROUNDING_TITLE = "Are the answers in the text?"


def audit_sentences() -> tuple[str, ...]:
    """About figures on audited rows."""
    audit = load_audit()
    return (
        f"The audit (version {audit.version}) read the {len(audit.records):,} official rows and found {len(audit.sound):,} of "
        "them sound: a careful expert comes to the reference from the text and the question.",
        "These figures are beside the official ones and are no result of the benchmark; docs/audit.md says how they came about.",
    )
