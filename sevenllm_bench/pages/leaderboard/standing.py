"""Why a submission has no rank: where it contradicts itself, the benchmark, or the calendar.

Each rule reads what a bundle's manifest claims (or what a run's own files say, in the same words) and gives its reasons. What a
reader should know of a submission that is believed (answers like another's, a replay) is in `marks`, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from sevenllm_bench.pages.leaderboard import beside_rules, figure_rules, record_rules, section_rules
from sevenllm_bench.pages.leaderboard.claim import Claim

_MOST_REASONS = 8
_Rule = Callable[[Claim, datetime], Iterator[str]]
#: What holds for every submission, also for one without a rank.
_ALWAYS: tuple[_Rule, ...] = (
    record_rules.known_format,
    record_rules.times,
    figure_rules.possible,
    figure_rules.never_above,
    beside_rules.possible_letters,
    beside_rules.probe_of_model,
)
#: What holds for a submission with a rank.
_FOR_A_RANK: tuple[_Rule, ...] = (
    record_rules.visible_names,
    record_rules.files_of_run,
    record_rules.no_limit,
    record_rules.official_tasks,
    figure_rules.complete,
    figure_rules.headline_of_sections,
    section_rules.sections_of_tasks,
    figure_rules.means_of_rows,
    beside_rules.whole_tasks_beside,
)


def why_refused(claim: Claim, now: datetime) -> tuple[str, ...]:
    """Why a submission is refused a rank; empty where it isn't, and for a partial run that claims none.

    Args:
        claim: What it says.
        now: The time.
    """
    rules = _ALWAYS + (_FOR_A_RANK if claim.wants_a_rank else ())
    reasons = [reason for rule in rules for reason in rule(claim, now)]
    more = f"and {len(reasons) - _MOST_REASONS} more"
    return tuple(reasons[:_MOST_REASONS] + ([more] if len(reasons) > _MOST_REASONS else []))
