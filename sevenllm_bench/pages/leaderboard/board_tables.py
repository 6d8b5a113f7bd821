"""What the tables of the leaderboard show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sevenllm_bench.catalog import KINDS, LANGUAGES
from sevenllm_bench.figures.anchors import LONGEST_OPTION, PUBLISHED_MODELS, WITHOUT_A_MODEL
from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.rounding import p_value
from sevenllm_bench.figures.vocabulary import KIND_NAMES, LANGUAGE_NAMES, VERDICT_NAMES, section_name
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.leaderboard.board_charts import board_charts
from sevenllm_bench.pages.leaderboard.entry import ENCODER_FIGURES, PARTS, Entry
from sevenllm_bench.pages.leaderboard.model_figures import LOGPROB, figure_title, interval_of
from sevenllm_bench.pages.leaderboard.published_models import PublishedBoard
from sevenllm_bench.pages.leaderboard.standings import headline_bars, headline_limits, leader, ranked_of, standings
from sevenllm_bench.pages.leaderboard.submissions import UnusableSubmission
from sevenllm_bench.pages.leaderboard.trust_table import trust_table
from sevenllm_bench.pages.site import options

#: Rows of a table shown at once; more on request, so that a thousand submissions stay fluid on a phone.
PAGE = 100
#: Columns beside the headline: part of its name in `Entry.group`, title, metric.
_GROUPS = (
    *((language, LANGUAGE_NAMES[language], "") for language in LANGUAGES),
    *((kind, KIND_NAMES[kind].capitalize(), HEADLINE[kind]) for kind in KINDS),
)


def table_values(
    entries: Sequence[Entry],
    current: Sequence[Entry],
    older: Sequence[Entry],
    ids: Mapping[int, str],
    left_out: Sequence[UnusableSubmission],
    beside: PublishedBoard,
) -> dict[str, Any]:
    """What the page's template shows.

    Args:
        entries: All submissions, in order.
        current: The newest of each model and protocol.
        older: The others.
        ids: `id` of an entry to its id in addresses.
        left_out: What couldn't be read.
        beside: The published models.
    """
    models = [entry for entry in current if not entry.is_encoder]
    main = ranked_of(current)
    return {
        "title": "SEvenLLM leaderboard",
        "now": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "main": main,
        "standings": standings(main),
        "leader": leader(main),
        "bar": headline_bars(main),
        "limits": headline_limits(main),
        "unranked": [entry for entry in models if entry.headline is None],
        "encoders": [entry for entry in current if entry.is_encoder and entry.figures.keys() & {*LOGPROB, *PARTS}],
        "older": older,
        "address": lambda entry: ids[id(entry)],
        "key": id,
        "interval_of": interval_of,
        "page": PAGE,
        "groups": _GROUPS,
        "headline_id": HEADLINE_NAME,
        "without_a_model": WITHOUT_A_MODEL,
        "longest_option": sum(LONGEST_OPTION.values()) / len(LONGEST_OPTION),
        "published": PUBLISHED_MODELS,
        "beside": beside,
        "verdict_names": VERDICT_NAMES,
        "p_value": p_value,
        "trust": trust_table(main),
        "encoder_columns": [
            *((name, f"MCQ {lang}, log-likelihood") for name, lang in zip(LOGPROB, LANGUAGES, strict=True)),
            *_encoder_parts(current),
        ],
        "shared": [entry for entry in current if entry.whole_encoder_figures],
        "shared_partial": [entry for entry in current if entry.has_encoder_tasks and not entry.whole_encoder_figures],
        "shared_columns": [
            (name, *figure_title(name)[1:]) for name in ENCODER_FIGURES if any(name in entry.figures for entry in current)
        ],
        "filters": _filters(main),
        "known": _known_facts(main),
        "left_out": left_out,
        "charts": board_charts(entries, current),
        "count": len(entries),
    }


def _encoder_parts(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Columns for the headline's parts that any encoder has."""
    has = {name for entry in entries if entry.is_encoder for name in entry.figures}
    return [(name, section_name(name.partition(".")[0])) for name in PARTS if name in has]


def _known_facts(entries: Sequence[Entry]) -> set[str]:
    """The facts that any entry has: columns for the others would be empty."""
    names = ("parameters", "licence", "languages", "tuning")
    return {name for name in names if any(getattr(entry.facts, name) not in (None, "", ()) for entry in entries)}


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
