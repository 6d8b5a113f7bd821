"""The leaderboard as JSON: what the page shows, and every figure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sevenllm_bench import __version__
from sevenllm_bench.figures.vocabulary import TRUST_WORDS
from sevenllm_bench.metrics.registry import HEADLINE
from sevenllm_bench.pages.leaderboard.entry import Entry, Value
from sevenllm_bench.pages.leaderboard.published_models import PublishedBoard
from sevenllm_bench.pages.leaderboard.submissions import UnusableSubmission
from sevenllm_bench.pages.leaderboard.trust_export import trust_json
from sevenllm_bench.text.display import plain

#: Letters of a text at most, and of a command.
_MOST, _MOST_OF_A_COMMAND = 500, 2_000


def board_json(
    entries: Sequence[Entry], current: Sequence[Entry], left_out: Sequence[UnusableSubmission], beside: PublishedBoard
) -> bytes:
    """The leaderboard as JSON, one entry a line: those with a rank by rank, then partial runs, then those refused.

    The object has the keys `sevenllm_bench` (version of the package), `headline` (what it is), `trust` (what an entry's parts
    under that name are), `published` (the published models, see `PublishedBoard.as_json`), `entries`, and `left_out` (`path`
    and `why` of what can't be shown). An entry has:

    - `id`: a name that stays the same in every build, from the content of the submission.
    - `rank`: its place among the newest submissions with a headline, ties sharing one; null without a rank.
    - `band`: `best` and `worst` rank that it may have, and whether they are `paired` tests' over rows; null without a rank.
    - `name`, `repository`, `revision`, `date`, `moment`, `organization`, `protocol`, `command`, `notes`: as on the page; what
      isn't known is empty.
    - `source`: model type in lm-eval. `source_url`: where the run can be seen.
    - `path`: where the submission lies, from what was given to the command.
    - `figures`: name to `mean`, `error` (standard error), `rows`, and `partial` where it is none of the whole benchmark.
      The headline is the mean of its six parts; what there are samples of is the mean over their rows.
    - `facts`: `parameters` (billions), `from_name`, `licence`, `languages`, `tuning`, `encoder`, as the keeper's file says.
    - `marks`: what a reader must know of its answers. `like_references`: kind to share of answers like the references.
    - `cost`: of encoder tasks. `encoder`: whether it belongs to the encoders.
    - `newest`: whether no newer submission of the same model and protocol replaces it; false for those refused.
    - `refused`: why it has no rank though it claims one. `why_unranked`: the same, or why it is partial,
      or, on a board that was verified, why it could not be.
    - `trust`: what is shown beside the score, see `trust_json`. No rank goes by it.
    - `check`: `result` ("verified", "as submitted", "refused"), `date`, `version`, `why`; null where nothing was verified.

    Args:
        entries: All of them, in order.
        current: The newest of each model and protocol.
        left_out: What can't be shown.
        beside: The published models.
    """
    shown = {id(entry) for entry in current}
    ranks = ranks_of([entry for entry in current if not entry.is_encoder])
    lines = [json.dumps(_entry(e, ranks.get(id(e)), id(e) in shown), ensure_ascii=False, allow_nan=False) for e in entries]
    head = {
        "sevenllm_bench": __version__,
        "headline": "unweighted mean over language x (" + ", ".join(HEADLINE.values()) + ")",
        "trust": TRUST_WORDS,
        "published": beside.as_json(),
        "left_out": [asdict(item) for item in left_out],
    }
    start = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    return (start + ',\n "entries": [\n' + ",\n".join(lines) + "\n ]\n}\n").encode("utf-8", "replace")


def ranks_of(entries: Sequence[Entry]) -> dict[int, int]:
    """`id` of an entry to its rank: one more than there are better headlines, so that equal ones share it."""
    headlines = sorted((entry.headline for entry in entries if entry.headline is not None), reverse=True)
    first = {headline: place for place, headline in reversed(list(enumerate(headlines, 1)))}
    return {id(entry): first[entry.headline] for entry in entries if entry.headline is not None}


def _entry(entry: Entry, rank: int | None, newest: bool) -> dict[str, Any]:
    facts, band, check = entry.facts, entry.band, entry.check
    return {
        "id": entry.id,
        "rank": rank,
        "band": {"best": band.best, "worst": band.worst, "paired": band.paired} if band else None,
        **{name: plain(text, _MOST) for name, text in _texts(entry).items()},
        "command": plain(entry.command, _MOST_OF_A_COMMAND),
        "figures": {name: _plain(value) for name, value in entry.figures.items()},
        "facts": {
            "parameters": facts.parameters,
            "from_name": facts.from_name,
            "licence": plain(facts.licence, _MOST),
            "languages": [plain(language, _MOST) for language in facts.languages],
            "tuning": facts.tuning,
            "encoder": facts.encoder,
        },
        "marks": [plain(mark, _MOST) for mark in entry.marks],
        "like_references": dict(entry.like_references),
        "cost": dict(entry.cost),
        "encoder": entry.is_encoder,
        "newest": newest,
        "refused": [plain(why, _MOST) for why in entry.refused],
        "why_unranked": plain(entry.why_unranked, _MOST),
        "trust": trust_json(entry),
        "check": {**asdict(check), "why": [plain(why, _MOST) for why in check.why]} if check else None,
    }


def _texts(entry: Entry) -> Mapping[str, str]:
    return {
        "name": entry.name,
        "repository": entry.repository,
        "revision": entry.revision,
        "date": entry.date,
        "moment": entry.moment,
        "organization": entry.by,
        "protocol": entry.protocol,
        "notes": entry.notes,
        "source": entry.source,
        "source_url": entry.source_url,
        "path": entry.path,
    }


def _plain(value: Value) -> dict[str, Any]:
    fields = {"mean": value.mean, "error": value.error, "rows": value.rows}
    return {**fields, "partial": plain(value.partial, _MOST)} if value.partial else fields
