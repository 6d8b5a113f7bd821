"""The leaderboard's table "Can it be trusted?": a line for each submission with a rank, in the order of the ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.data.audit_records import load_audit
from sevenllm_bench.figures.anchors import BEST_WITHOUT_KNOWLEDGE, REFERENCE_GROUNDED
from sevenllm_bench.figures.rounding import NO_FIGURE, shown
from sevenllm_bench.figures.vocabulary import LANGUAGE_NAMES
from sevenllm_bench.pages.leaderboard.entry import Entry
from sevenllm_bench.pages.leaderboard.trust_cells import (
    CellOf,
    TrustCell,
    audited_cell,
    beside_cell,
    circular_cell,
    drop_cell,
    probe_cell,
)
from sevenllm_bench.pages.trust.trust_words import GROUNDING_HEADS


@dataclass(frozen=True, slots=True)
class TrustColumn:
    """A column.

    Attributes:
        group: What it belongs to, a key of `vocabulary.TRUST_WORDS`.
        key: Its name in addresses.
        heading: Its heading.
        small: What stands below the heading.
        cell: The cell of a submission; None where it has none.
        extra: The class of a column that phones leave out, " extra"; empty for others.
        is_number: Whether its cells are numbers.
    """

    group: str
    key: str
    heading: str
    small: str
    cell: CellOf
    extra: str = ""
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class TrustTable:
    """The table.

    Attributes:
        columns: Its columns, without those that no submission has a cell in.
        lines: For each submission it and its cells.
        words: For each group of columns its name and what it means.
    """

    columns: tuple[TrustColumn, ...]
    lines: tuple[tuple[Entry, Markup], ...]
    words: tuple[tuple[str, str], ...]


def trust_table(ranked: Sequence[Entry]) -> TrustTable:
    """The table of submissions.

    Args:
        ranked: Those with a rank, the best first.
    """
    cells = {column.key: [column.cell(entry) for entry in ranked] for column in _COLUMNS}
    columns = tuple(column for column in _COLUMNS if any(cells[column.key]))
    lines = tuple(
        (entry, Markup("".join([_markup(cells[column.key][place], column) for column in columns])))  # noqa: S704  (escaped texts)
        for place, entry in enumerate(ranked)
    )
    return TrustTable(columns, lines, tuple(map(_meaning, dict.fromkeys(column.group for column in columns))))


def _markup(cell: TrustCell | None, column: TrustColumn) -> str:
    """A cell's HTML; made here, since a template takes several times as long for thousands of them."""
    kind = f"{'num' if column.is_number else 'wrap'}{column.extra}"
    if cell is None:
        return f'<td class="{kind}" data-v="">{NO_FIGURE}</td>'
    small = f"<small>{escape(cell.small)}</small>" if cell.small else ""
    return f'<td class="{kind}" data-v="{escape(cell.key)}">{escape(cell.text)}{small}</td>'


#: Every column, in order; on phones the first of each group is shown.
_COLUMNS = (
    *(
        TrustColumn(
            "knowledge",
            f"knowledge-{language}",
            f"Multiple choice, {LANGUAGE_NAMES[language]}",
            f"{program}: {shown(share)}",
            beside_cell(f"{language}_mcq.acc", share),
            "" if language == LANGUAGES[0] else " extra",
        )
        for language, (program, share) in BEST_WITHOUT_KNOWLEDGE.items()
    ),
    *(
        TrustColumn(
            "grounded",
            f"grounded-{language}",
            f"{GROUNDING_HEADS['grounded']}, {LANGUAGE_NAMES[language]}",
            f"references: {shown(share)}",
            beside_cell(f"{language}_understanding.grounded", share),
            " extra",
        )
        for language, share in REFERENCE_GROUNDED.items()
    ),
    *(
        TrustColumn(
            "circular",
            f"every-order-{language}",
            f"Every order, {LANGUAGE_NAMES[language]}",
            "",
            circular_cell(language),
            " extra",
        )
        for language in LANGUAGES
    ),
    TrustColumn("noise_drop", "drop", "Drop under noise", "", drop_cell),
    TrustColumn("probe", "probe", "Seen the rows?", "", probe_cell, " extra", is_number=False),
    TrustColumn("audited", "audited", "Audited rows", "", audited_cell, " extra"),
)


def _meaning(group: str) -> tuple[str, str]:
    """The name of a group of columns, and what it means."""
    name, words = _WORDS[group]
    if group != "audited":
        return name, words
    audit = load_audit()
    return name, words.format(sound=len(audit.sound), version=audit.version)


#: Group of columns to its name and what it means.
_WORDS = {
    "knowledge": (
        "Multiple choice",
        "The accuracy, and how much it is above the better of two programs that read neither text nor question: one always gives "
        "the letter that is right most often, the other chooses the longest option. Near 0, a model shows no knowledge "
        "(docs/robustness.md).",
    ),
    "grounded": (
        GROUNDING_HEADS["grounded"],
        "The share of extracted values that the incident text supports (grounded). References paraphrase too, and don't reach 1, "
        "so each figure has its difference from theirs below it (docs/grounding.md).",
    ),
    "circular": (
        "Every order",
        "The share of questions that are answered rightly with the options in all four orders, and the letters that the model "
        "prefers whatever they stand for. Where this is far below the accuracy of multiple choice, right letters were partly "
        "luck (docs/robustness.md).",
    ),
    "noise_drop": (
        "Drop under noise",
        "The score without noise less the score on the same rows with the noise of real reports in their texts. "
        "Near 0, noise costs the model little, or it doesn't read the text (docs/robustness.md).",
    ),
    "probe": (
        "Seen the rows?",
        "Whether tests of the model found evidence that it has seen the rows, as the submitter says: only the model can give "
        "these figures again. No test shows that a model hasn't seen them (docs/memorisation.md).",
    ),
    "audited": (
        "Audited rows",
        "The score on the {sound} rows that a reader found sound (audit version {version}); beside the official score, and no "
        "result of the benchmark (docs/audit.md).",
    ),
}
