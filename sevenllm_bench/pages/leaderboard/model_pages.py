"""A page for each submission: what it is, how it was made, every figure, and its history; and its script for comparisons."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from markupsafe import Markup, escape

from sevenllm_bench.figures.cells import HEADLINE_NAME
from sevenllm_bench.figures.rounding import shown
from sevenllm_bench.figures.vocabulary import SCORE
from sevenllm_bench.metrics.registry import bounds
from sevenllm_bench.pages.interval_bar import bar_text
from sevenllm_bench.pages.leaderboard.board_csv import board_csv
from sevenllm_bench.pages.leaderboard.entry import Entry
from sevenllm_bench.pages.leaderboard.model_figures import ModelFigure, by_level, model_figures
from sevenllm_bench.pages.leaderboard.model_trust import model_trust_parts
from sevenllm_bench.pages.leaderboard.pair_data import board_script, pair_script, pair_scripts
from sevenllm_bench.pages.leaderboard.standings import ranked_of, standings
from sevenllm_bench.pages.leaderboard.trust_export import trust_lines
from sevenllm_bench.pages.site import Site
from sevenllm_bench.text.display import plain

#: A repository on the Hub, as far as a link to it may be made from a text that anybody may have written.
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)

#: An address that a submitter may have written, as far as it may be linked.
_WEB = re.compile(r"https://[a-z0-9.-]{1,100}(/[\w./~%@:+-]{0,300})?", re.ASCII)


def write_model_pages(site: Site, entries: Sequence[Entry], current: Sequence[Entry], ids: Mapping[int, str]) -> None:
    """Write the page of every submission, the scripts of their figures, and all of these as CSV.

    Args:
        site: Where to write.
        entries: All submissions.
        current: The newest of each model and protocol.
        ids: `id` of an entry to its id in addresses, in the order of the entries.
    """
    site.write_bytes("assets/entries.js", board_script(ids.values()))
    ranks, newest = standings(ranked_of(current)), {id(entry) for entry in current}
    family: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        family[entry.seen_name].append(entry)
    figures = {ids[id(entry)]: model_figures(entry) for entry in entries}
    lines = {ids[id(entry)]: [*figures[ids[id(entry)]], *trust_lines(entry)] for entry in entries}
    site.write_bytes("figures.csv", board_csv({ids[id(entry)]: entry.name for entry in entries}, lines))
    files = pair_scripts([pair_script(entry, own_id, figures[own_id]) for entry in entries for own_id in [ids[id(entry)]]])
    site.expect([*files, *(f"submissions/{own_id}.html" for own_id in ids.values())])
    for name, content in files.items():
        site.write_bytes(name, content)
    for entry in entries:
        own_id = ids[id(entry)]
        site.page(
            f"submissions/{own_id}.html",
            "model.html",
            title=f"{plain(entry.name, 80)}: SEvenLLM leaderboard",
            description=_description(entry),
            entry=entry,
            own_id=own_id,
            standing=ranks.get(id(entry)),
            ranked=len(ranks),
            newest=id(entry) in newest,
            headline=next((figure for figure in figures[own_id] if figure.name == HEADLINE_NAME), None),
            facts=list(_facts(entry)),
            link=hub_link(entry.repository),
            source=entry.source_url if _WEB.fullmatch(entry.source_url) else "",
            trust=model_trust_parts(entry),
            levels=[(title, _rows(found)) for title, found in by_level(figures[own_id])],
            others=sorted(family[entry.seen_name], key=lambda other: (other.date, other.moment), reverse=True),
            address=lambda other: ids[id(other)],
        )


def _rows(figures: Sequence[ModelFigure]) -> Markup:
    """The rows of a table of figures; made here, since a template takes several times as long for thousands of them."""
    return Markup("".join(map(_row, figures)))  # noqa: S704  (escaped texts and numbers)


def _row(of: ModelFigure) -> str:
    why = f" <small>{escape(plain(of.partial, 120))}</small>" if of.partial else ""
    head, end, limits = _fixed_cells(of.title, of.metric, of.rows)
    return (
        f'<tr><th scope="row">{head}{why}</th>'
        f'<td class="num" data-v="{of.mean}">{of.shown}<small>{of.interval or "no interval"}</small></td>'
        f"<td>{bar_text(of.mean, of.low, of.high, limits)}</td>{end}"
    )


@lru_cache(1_024)
def _fixed_cells(title: str, metric: str, rows: int | None) -> tuple[str, str, tuple[float, float]]:
    """The title, the cells behind the bar, and the bar's ends: the same for most submissions."""
    value, words = ("", "–") if rows is None else (rows, f"{rows:,}")
    end = f'<td class="extra"><code>{escape(metric or "mean")}</code></td><td class="num" data-v="{value}">{words}</td></tr>\n'
    return str(escape(title)), end, bounds(metric)


def hub_link(repository: str) -> str:
    """The address of a repository on the Hub; empty where the text isn't the name of one."""
    return f"https://huggingface.co/{repository}" if _REPOSITORY.fullmatch(repository) else ""


def _check(entry: Entry) -> str:
    if entry.check is None:
        return "not verified for this page"
    why = f": {'; '.join(entry.check.why)}" if entry.check.why else ""
    return f"{entry.check.result}, checked {entry.check.date} with sevenllm-bench {entry.check.version}{why}"


def _description(entry: Entry) -> str:
    """What is shown of a link to the page."""
    ranked = entry.headline is not None and not entry.refused
    score = f"{SCORE} {shown(entry.headline)}" if ranked else "a submission without a rank"
    return f"{plain(entry.name, 80)}: {score}, on 28 cyber threat intelligence tasks in English and Chinese."


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """What is known of a submission, in words."""
    facts = entry.facts
    size = "" if facts.parameters is None else f"{facts.parameters:g} billion parameters"
    known = (
        ("Revision", entry.revision),
        ("Submitted by", entry.by),
        ("Date", entry.date),
        ("Protocol", entry.protocol),
        ("Model type in lm-eval", entry.source),
        ("Size", f"{size}, as its name says" if size and facts.from_name else size),
        ("Licence", facts.licence),
        ("Languages", ", ".join(facts.languages)),
        ("Base or tuned", facts.tuning),
        ("Verification", _check(entry)),
        ("Marks", "; ".join(entry.marks)),
        ("Notes of the submitter", entry.notes),
    )
    yield from ((name, text) for name, text in known if text)
