"""What a corpus holds, counted: by task, by language and kind, and by where its texts come from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sevenllm_bench.catalog import LANGUAGES, TASKS, Kind
from sevenllm_bench.select_instruct.corpus_records import Draft, Origin

LOCAL_FILES = "local files"


@dataclass(slots=True)
class RowCounts:
    """Counts over the rows of a corpus.

    Attributes:
        by_task: Rows by task and language; those of MCQ not in it.
        by_kind: Rows by kind and language.
        rows_of: Rows by host (or "local files"), licence note and robots decision.
        texts_of: Ids of the texts, by the same.
        prompts: Calls by step, prompt and sha256 of the prompt's wording.
        repaired: Rows that were written again after a finding.
        reviewed: Rows by what a person did with them, "" among it.
    """

    by_task: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_kind: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    rows_of: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    texts_of: defaultdict[tuple[str, str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    prompts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    repaired: int = 0
    reviewed: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.by_kind.values())

    @property
    def texts(self) -> int:
        """All texts that rows were written from."""
        return len(set().union(*self.texts_of.values()))

    @property
    def languages(self) -> list[str]:
        """Languages that have rows, in the catalogue's order."""
        return [language for language in LANGUAGES if any(count and of == language for (_, of), count in self.by_kind.items())]

    @property
    def licences(self) -> set[str]:
        """Licence notes of the sources, "" among them where a source has none."""
        return {licence for _, licence, _ in self.rows_of}

    def of_tasks(self) -> list[tuple[str, tuple[int, ...]]]:
        """Tasks that have rows, in the catalogue's order, each with its rows by language."""
        counted = [(task.name, tuple(self.by_task[task.name, language] for language in LANGUAGES)) for task in TASKS]
        return [(name, counts) for name, counts in counted if any(counts)]


def count_rows(drafts: Iterable[Draft]) -> RowCounts:
    """Count the rows of a corpus."""
    counts = RowCounts()
    for draft in drafts:
        counts.by_kind[draft.kind, draft.language] += 1
        if draft.kind != "mcq":
            counts.by_task[draft.category, draft.language] += 1
        place = (host_of(draft.origin), draft.origin.licence, draft.origin.robots)
        counts.rows_of[place] += 1
        counts.texts_of[place].add(draft.text_id)
        counts.prompts.update((call.step, call.prompt, call.prompt_sha256) for call in draft.calls)
        counts.repaired += draft.repaired
        counts.reviewed[draft.review] += 1
    return counts


def host_of(origin: Origin) -> str:
    """The host that a text was fetched from, or "local files"."""
    try:
        address = urlsplit(origin.location)
    except ValueError:
        return LOCAL_FILES
    return address.hostname or LOCAL_FILES if address.scheme in ("http", "https") and origin.fetched else LOCAL_FILES
