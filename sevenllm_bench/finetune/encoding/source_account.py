"""The sources of a run: read, named, and an account of what happens to the examples of each."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Any

from sevenllm_bench.corpus.conversation import Conversation
from sevenllm_bench.corpus.source.sources import default_name, load_source, with_distinct_ids
from sevenllm_bench.corpus.source.training_source import Corpus
from sevenllm_bench.data.rows import Row
from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.output.shown_paths import without_folders
from sevenllm_bench.finetune.settings.data_section import RowSection, SourceSection

Record = Row | Conversation

#: Lines left out that are listed one by one; all are counted.
_LISTED = 10_000
#: What is counted of each source on the way.
_COUNTED = ("leaks removed", "duplicates removed", "held out", "chosen")


class SourceAccount:
    """The sources of a run, read; what happens to the examples of each is noted.

    Attributes:
        corpora: What was read, with ids that are unique over all.
        records: The examples of all, in order.
        name_of: Name of the source of each example, by id.
        held_out_only: Ids of the examples that are not trained on.
        weights: Weight of each source that is trained on; empty where each is taken once.
        reports: What a model card says of each source.
    """

    def __init__(self, data: RowSection, say: Callable[[str], None]) -> None:
        """Read the sources of a configuration."""
        names = _names(data.entries)
        several = len(names) > 1
        loaded = []
        for entry, name in zip(data.entries, names, strict=True):
            say(f"reading {entry.source}" if several else f"reading the corpus ({entry.source})")
            loaded.append(load_source(replace(entry.choice, name=name)))
        self.corpora = with_distinct_ids(loaded)
        _refuse_twice(data.entries, self.corpora)
        self.records: list[Record] = [record for corpus in self.corpora for record in corpus.rows]
        self.name_of = {row.id: name for corpus, name in zip(self.corpora, names, strict=True) for row in corpus.rows}
        trained = {name: entry for entry, name in zip(data.entries, names, strict=True) if entry.is_trained_on}
        self.held_out_only = {row_id for row_id, name in self.name_of.items() if name not in trained}
        self.weights = {name: entry.weight for name, entry in trained.items() if entry.weight}
        self.reports = [
            {
                "name": name,
                "source": without_folders(entry.source),
                "role": "train" if name in trained else "held_out_only",
                **_described(corpus),
                "read": len(corpus.rows),
                "left out": len(corpus.dropped),
                **dict.fromkeys(_COUNTED, 0),
            }
            for name, entry, corpus in zip(names, data.entries, self.corpora, strict=True)
        ]

    def note(self, what: str, records: Iterable[Record]) -> None:
        """Count the examples that are left of each source."""
        self.note_gone(what, (record.id for record in records))

    def note_gone(self, what: str, ids: Iterable[int]) -> None:
        """Count the examples of each source that are gone, by id."""
        counts = Counter(self.name_of[row_id] for row_id in ids)
        for report in self.reports:
            report[what] = counts[report["name"]]

    def described(self) -> dict[str, Any]:
        """What is read, as one: of several sources their names, the hash of their hashes, and sums."""
        if len(self.corpora) == 1:
            return {"corpus": self.corpora[0].name, **_described(self.corpora[0])}
        hashes = "\n".join(corpus.sha256 for corpus in self.corpora)
        changes = sum((Counter(corpus.counts) for corpus in self.corpora), Counter())
        return {
            "corpus": ", ".join(report["name"] for report in self.reports),
            "origin": f"{len(self.corpora)} sources",
            "sha256": hashlib.sha256(hashes.encode()).hexdigest(),
            "lines": sum(corpus.lines for corpus in self.corpora),
            "changes": dict(changes),
        }


#: Of `source_table`: what happened to the rows of each source, and its share of the training tokens.
SOURCE_COLUMNS = [
    "source",
    "read",
    "left out",
    "leaks",
    "duplicates",
    "held out",
    "trained on",
    "passes",
    "tokens",
    "share",
    "asked for",
]


def source_table(reports: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """A line per source, as texts under `SOURCE_COLUMNS`; of `Prepared.report["sources"]`."""
    return [
        [
            report["name"] + (" (held out only)" if report["role"] == "held_out_only" else ""),
            *(f"{report[name]:,}" for name in ("read", "left out", "leaks removed", "duplicates removed", "held out", "chosen")),
            f"{report['passes']:.2f}",
            f"{report['tokens as trained']:,}",
            f"{report['share of the tokens']:.1%}",
            "-" if report["share asked for"] is None else f"{report['share asked for']:.1%}",
        ]
        for report in reports
    ]


def _names(entries: Sequence[SourceSection]) -> list[str]:
    """A name for each source; one that comes again gets a number."""
    names: list[str] = []
    for entry in entries:
        name = entry.name or re.sub(r"[^\w.-]+", "-", default_name(entry.source)).strip("-") or "source"
        following = (f"{name}-{number}" for number in count(2))
        names.append(next(one for one in chain([name], following) if one not in names))
    return names


def _refuse_twice(entries: Sequence[SourceSection], corpora: Sequence[Corpus]) -> None:
    """Refuse two sources of the same content, however they are written."""
    seen: dict[str, SourceSection] = {}
    for entry, corpus in zip(entries, corpora, strict=True):
        if corpus.sha256 in seen:
            raise DataError(f"data.sources: {entry.source} and {seen[corpus.sha256].source} hold the same; name one of them")
        seen[corpus.sha256] = entry


def _described(corpus: Corpus) -> dict[str, Any]:
    return {
        "origin": corpus.origin,
        "format": corpus.form,
        "sha256": corpus.sha256,
        **({"revision": corpus.revision} if corpus.revision else {}),
        "lines": corpus.lines,
        "changes": corpus.counts,
        "labels": corpus.labels,
        "lines left out": [list(entry) for entry in corpus.dropped[:_LISTED]],
    }
