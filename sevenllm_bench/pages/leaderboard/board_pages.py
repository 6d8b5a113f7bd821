"""Submissions to a page and its JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.catalog import KINDS, LANGUAGES, LEAVES
from sevenllm_bench.encoder_tasks.encoder_task import encoder_task_by_name
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.metrics.registry import HEADLINE, METRICS
from sevenllm_bench.pages.leaderboard.entry import ENCODER_FIGURES, PARTS, Entry, Facts, Value
from sevenllm_bench.pages.leaderboard.marks import with_marks
from sevenllm_bench.pages.leaderboard.model_metadata import unused_facts, with_facts
from sevenllm_bench.pages.leaderboard.submissions import UnusableSubmission, read_submissions
from sevenllm_bench.pages.report.score_views import KIND_NAMES, LANGUAGE_NAMES, section_name, task_title
from sevenllm_bench.pages.site import Site, options, script_json
from sevenllm_bench.text.display import plain

#: Rows of a table shown at once; more on request, so that a thousand submissions stay fluid on a phone.
PAGE = 100
#: Columns beside the headline: part of its name in `Entry.group`, title, metric.
_GROUPS = (
    *((language, LANGUAGE_NAMES[language], "") for language in LANGUAGES),
    *((kind, KIND_NAMES[kind].capitalize(), HEADLINE[kind]) for kind in KINDS),
)
_LOGPROB = tuple(f"sevenllm-{language}-mcq-logprob.acc" for language in LANGUAGES)


@dataclass(frozen=True, slots=True)
class WrittenBoard:
    """What was written.

    Attributes:
        index: The page to open.
        entries: Number of submissions on it.
        left_out: Submissions that couldn't be read.
        unused: Names in the file of facts that no submission has.
    """

    index: Path
    entries: int
    left_out: tuple[UnusableSubmission, ...]
    unused: tuple[str, ...] = ()


def build_leaderboard(paths: Sequence[str | Path], folder: str | Path, known: Mapping[str, Facts] | None = None) -> WrittenBoard:
    """Write the leaderboard of submissions.

    Args:
        paths: See `read_submissions`.
        folder: Where to write, see `Site`.
        known: What no run says of models, see `read_facts`.

    Raises:
        ResultsError: There is no usable submission.
        ConfigError: The folder can't be written, or a library for pages is missing.
    """
    read, left_out = read_submissions(paths)
    entries = _ranked(with_marks([with_facts(entry, known or {}) for entry in read]))
    site = Site(folder, "leaderboard")
    current, older = _newest(entries)
    numbers = {id(entry): place for place, entry in enumerate(entries)}
    site.write_bytes("leaderboard.json", _json(entries, current, left_out))
    site.write_bytes("assets/entries.js", b"window.sevenllmEntries=" + script_json(_compact(entries)).encode() + b";\n")
    site.page("index.html", "leaderboard.html", True, **_values(entries, current, older, numbers, left_out))
    unused = unused_facts(known or {}, (entry.name for entry in entries))
    return WrittenBoard(site.index, len(entries), tuple(left_out), tuple(unused))


def _ranked(entries: Sequence[Entry]) -> list[Entry]:
    """Best headline first; those without one last, by name."""
    return sorted(entries, key=lambda e: (e.headline is None, -(e.headline or 0.0), e.name.casefold(), e.date, e.path))


def _newest(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """The newest submission of each model and protocol, and the older ones; both in the order given."""
    newest: dict[tuple[Any, ...], Entry] = {}
    for entry in entries:
        key = (*entry.key, entry.headline is None)  # a partial run replaces no whole one
        rival = newest.get(key)
        if rival is None or (entry.date, entry.moment) > (rival.date, rival.moment):
            newest[key] = entry
    chosen = {id(entry) for entry in newest.values()}
    return [e for e in entries if id(e) in chosen], [e for e in entries if id(e) not in chosen]


def _values(
    entries: Sequence[Entry],
    current: Sequence[Entry],
    older: Sequence[Entry],
    numbers: Mapping[int, int],
    left_out: Sequence[UnusableSubmission],
) -> dict[str, Any]:
    models = [entry for entry in current if not entry.is_encoder]
    main = [entry for entry in models if entry.headline is not None]
    return {
        "title": "SEvenLLM leaderboard",
        "now": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "main": main,
        "ranks": {id(entry): place for place, entry in enumerate(main, 1)},
        "unranked": [entry for entry in models if entry.headline is None],
        "encoders": [entry for entry in current if entry.is_encoder and entry.figures.keys() & {*_LOGPROB, *PARTS}],
        "older": older,
        "number": lambda entry: numbers[id(entry)],
        "key": id,
        "page": PAGE,
        "groups": _GROUPS,
        "headline_id": HEADLINE_NAME,
        "encoder_columns": [
            *((name, f"MCQ {lang}, log-likelihood") for name, lang in zip(_LOGPROB, LANGUAGES, strict=True)),
            *_encoder_parts(current),
        ],
        "shared": [entry for entry in current if entry.whole_encoder_figures],
        "shared_partial": [entry for entry in current if entry.has_encoder_tasks and not entry.whole_encoder_figures],
        "shared_columns": [
            (name, *_title(name)[1:]) for name in ENCODER_FIGURES if any(name in entry.figures for entry in current)
        ],
        "filters": _filters(main),
        "left_out": left_out,
        "charts": _charts(entries),
        "count": len(entries),
    }


def _encoder_parts(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Columns for the headline's parts that any encoder has."""
    has = {name for entry in entries if entry.is_encoder for name in entry.figures}
    return [(name, section_name(name.partition(".")[0])) for name in PARTS if name in has]


def _filters(entries: Sequence[Entry]) -> list[tuple[str, str, list[str]]]:
    """Key, title and values of every filter."""
    facts = [entry.facts for entry in entries]
    sizes = list(dict.fromkeys(f.size_group for f in sorted(facts, key=lambda f: (f.parameters is None, f.parameters or 0))))
    return [
        ("size", "Size", sizes),
        ("licence", "Licence", options(f.licence or "unknown" for f in facts)),
        ("languages", "Language", options(language for f in facts for language in f.languages or ("unknown",))),
        ("tuning", "Base or tuned", options(f.tuning or "unknown" for f in facts)),
        ("protocol", "Protocol", options(entry.protocol for entry in entries)),
    ]


def _charts(entries: Sequence[Entry]) -> dict[str, Any]:
    """The history, where there are two dates at least."""
    dates = {entry.date for entry in entries if entry.date and entry.headline is not None}
    return {"history": _history(entries)} if len(dates) > 1 else {}


def _history(entries: Sequence[Entry]) -> dict[str, Any]:
    """Every headline by date, and the best so far."""
    dated = sorted((e.date, e.headline, e.name) for e in entries if e.date and e.headline is not None)
    best: list[tuple[str, float]] = []
    for date, headline, _ in dated:
        if not best or headline > best[-1][1]:
            best.append((date, round(headline, 4)))
    if best:
        best.append((dated[-1][0], best[-1][1]))
    return {"type": "steps", "all": [[date, round(value, 4), plain(name, 40)] for date, value, name in dated], "best": best}


def _compact(entries: Sequence[Entry]) -> dict[str, Any]:
    """What comparing two entries in the page needs: figures in the order of `ids`, as integers of ten-thousandths."""
    ids = [
        HEADLINE_NAME,
        *(f"{language}_{kind}.{metric}" for kind in KINDS for language in LANGUAGES for metric in METRICS[kind]),
    ]
    ids += [f"{leaf.name}.{HEADLINE[leaf.kind]}" for leaf in LEAVES] + list(_LOGPROB) + list(ENCODER_FIGURES)
    present = [name for name in ids if any(name in entry.figures for entry in entries)]
    return {
        "ids": present,
        "titles": [_title(name) for name in present],
        "entries": [_compact_entry(entry, present) for entry in entries],
    }


def _compact_entry(entry: Entry, ids: Sequence[str]) -> dict[str, Any]:
    values = [entry.figures.get(name) for name in ids]
    return {
        "name": plain(entry.name, 80),
        "about": plain(
            ", ".join(
                part
                for part in (
                    _size(entry.facts),
                    entry.facts.licence,
                    entry.protocol,
                    entry.date,
                    entry.revision[:12],
                    *entry.marks,
                )
                if part
            ),
            200,
        ),
        "command": plain(entry.command, 1_000),
        "mean": [None if v is None else round(v.mean * 1e4) for v in values],
        "error": [None if v is None or not v.has_interval else round((v.error or 0.0) * 1e4) for v in values],
        "rows": [None if v is None else v.rows for v in values],
    }


def _size(facts: Facts) -> str:
    return "" if facts.parameters is None else f"{facts.parameters:g} B"


def _title(name: str) -> list[str]:
    """Level, title and metric of a figure."""
    scope, _, metric = name.partition(".")
    if name == HEADLINE_NAME:
        return ["overall", "Headline", ""]
    if task := encoder_task_by_name(scope):
        return ["encoder task", task_title(task), metric]
    leaf = next((leaf for leaf in LEAVES if leaf.name == scope), None)
    if leaf is None:
        return ["section", section_name(scope) if scope.startswith(LANGUAGES) else scope, metric]
    return ["task", f"{leaf.task.name if leaf.task else 'Multiple choice'}, {leaf.language}", metric]


def _json(entries: Sequence[Entry], current: Sequence[Entry], left_out: Sequence[UnusableSubmission]) -> bytes:
    """The leaderboard as JSON: every entry with every figure."""
    shown = {id(entry) for entry in current}
    content = {
        "sevenllm_bench": __version__,
        "headline": "unweighted mean over language x (" + ", ".join(HEADLINE.values()) + ")",
        "entries": [
            {
                **{key: value for key, value in asdict(replace(entry, sketches={})).items() if key != "sketches"},
                "figures": {name: _plain(value) for name, value in entry.figures.items()},
                "encoder": entry.is_encoder,
                "newest": id(entry) in shown,
            }
            for entry in entries
        ],
        "left_out": [asdict(item) for item in left_out],
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode("utf-8", "replace")


def _plain(value: Value) -> dict[str, Any]:
    fields = {"mean": value.mean, "error": value.error, "rows": value.rows}
    return {**fields, "partial": value.partial} if value.partial else fields
