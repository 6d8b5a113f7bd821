"""The data card of a corpus: README.md as the Hub shows it, with figures, and plots as SVG files beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from sevenllm_bench.catalog import KINDS, LANGUAGES
from sevenllm_bench.corpus.leaks import NOT_FOUND
from sevenllm_bench.select_instruct.corpus_records import Draft
from sevenllm_bench.select_instruct.delivery.bar_chart import Bar, bar_chart
from sevenllm_bench.select_instruct.delivery.build_account import BuildAccount, ModelAccount
from sevenllm_bench.select_instruct.delivery.row_counts import RowCounts, count_rows
from sevenllm_bench.text.markdown import code, table

CARD, PLOTS = "README.md", "plots"
_LANGUAGE_NAMES = {"en": "English", "zh": "Chinese"}
#: Licences that the Hub knows by these names and that such texts are commonly under.
_HUB_LICENCES = frozenset(
    f"cc-by{kind}-{version}" for kind in ("", "-sa", "-nc", "-nd", "-nc-sa", "-nc-nd") for version in ("2.0", "3.0", "4.0")
) | {"cc0-1.0", "apache-2.0", "mit", "pddl", "odc-by", "unlicense", "etalab-2.0"}
#: Sizes of data sets by the Hub's names, each for fewer rows than its number.
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
#: Names of the check that compares rows with the benchmark.
_OF_THE_GUARD = ("benchmark", "leak", "leak guard")
#: Lines of the table of hosts.
_MOST_HOSTS = 100


def write_data_card(folder: str | Path, account: BuildAccount, drafts: Iterable[Draft], texts: bool = True) -> None:
    """Write README.md and the plots.

    Args:
        folder: Where to write.
        account: What the build did.
        drafts: The rows of the corpus.
        texts: Whether the texts are passed on with the rows, as train.jsonl; else `rows-without-texts.jsonl` is what there is.
    """
    folder, counts = Path(folder), count_rows(drafts)
    (folder / PLOTS).mkdir(parents=True, exist_ok=True)
    for name, content in _plots(account, counts).items():
        (folder / PLOTS / name).write_text(content, encoding="utf-8")
    card = "\n\n".join(_card(account, counts, texts)) + "\n"
    (folder / CARD).write_text(card, encoding="utf-8", errors="replace")


def _card(account: BuildAccount, counts: RowCounts, texts: bool) -> Iterator[str]:
    yield _front_matter(counts, texts)
    yield "# Instruction corpus for cyber threat intelligence"
    yield _summary(account, counts, texts)
    yield "## Rows"
    yield _kinds(counts)
    yield _tasks(counts)
    yield f"![Rows by task]({PLOTS}/tasks.svg)"
    yield "## From texts to rows"
    yield from _funnel(account, counts)
    yield "## Models and cost"
    yield from _models(account, counts)
    yield "## Where the texts come from"
    yield from _provenance(counts)
    yield "## Kept apart from the benchmark"
    yield from _leaks(account)
    yield "## Limits"
    yield _LIMITS
    yield "## Build it again"
    yield from _rebuild(account, texts)


def _front_matter(counts: RowCounts, texts: bool) -> str:
    """The Hub's metadata."""
    licence = next(iter(counts.licences)).lower() if len(counts.licences) == 1 else ""
    known = licence in _HUB_LICENCES
    content: dict[str, Any] = {
        "license": licence if known else "other",
        **({} if known else {"license_name": "see-where-the-texts-come-from"}),
        "language": counts.languages,
        "task_categories": ["text-generation"],
        "tags": ["cybersecurity", "cyber-threat-intelligence", "instruction-tuning", "synthetic", "sevenllm-bench"],
        "size_categories": [next((name for limit, name in _SIZES if counts.rows < limit), "n>1M")],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "train.jsonl"}]}] if texts else [],
    }
    content = {key: value for key, value in content.items() if value}
    return f"---\n{yaml.safe_dump(content, allow_unicode=True, sort_keys=False)}---"


def _summary(account: BuildAccount, counts: RowCounts, texts: bool) -> str:
    languages = " and ".join(_LANGUAGE_NAMES[language] for language in counts.languages) or "no language"
    what = "`train.jsonl`" if texts else "`rows-without-texts.jsonl`, without the texts: `corpus restore` puts them back"
    return (
        f"{counts.rows:,} rows in {languages}, written by a model from {counts.texts:,} texts and checked by programs; in the "
        f"format of SEvenLLM-Instruct ({what}). Made with sevenllm-bench {account.version}. `bill.jsonl` says of each row where "
        "it comes from, which prompts and which model wrote it, and what the checks say."
    )


def _kinds(counts: RowCounts) -> str:
    rows = [
        [kind, *(f"{counts.by_kind[kind, language]:,}" for language in LANGUAGES), f"{_of_kind(counts, kind):,}"]
        for kind in KINDS
    ]
    return table(["kind", *_LANGUAGE_NAMES.values(), "rows"], rows)


def _of_kind(counts: RowCounts, kind: Any) -> int:
    return sum(counts.by_kind[kind, language] for language in LANGUAGES)


def _tasks(counts: RowCounts) -> str:
    rows = [[name, *(f"{count:,}" for count in of_language)] for name, of_language in counts.of_tasks()]
    return table(["task", *_LANGUAGE_NAMES.values()], rows)


def _funnel(account: BuildAccount, counts: RowCounts) -> Iterator[str]:
    yield f"![Records that each stage passed on]({PLOTS}/funnel.svg)"
    yield table(
        ["stage", "in", "out", "rejected"],
        ([code(s.name), f"{s.records_in:,}", f"{s.records_out:,}", f"{sum(s.rejected.values()):,}"] for s in account.stages),
    )
    yield (
        f"{_share(account.acceptance_rate)} of the {account.drafts:,} rows that the model was asked for were accepted; "
        f"{counts.repaired:,} of the accepted ones were written a second time, with the reason. "
        f"Looked at by a person: {counts.reviewed['accepted']:,} accepted, {counts.reviewed['edited']:,} edited."
    )
    reasons = _reasons(account)
    if reasons:
        yield f"![Rejections by check]({PLOTS}/rejections.svg)"
        yield table(["stage", "check", "rejected"], ([code(s), code(c), f"{n:,}"] for s, c, n in reasons), texts=2)


def _reasons(account: BuildAccount) -> list[tuple[str, str, int]]:
    """Stage, check, rejections; most first."""
    found = [(stage.name, check, count) for stage in account.stages for check, count in stage.rejected.items() if count]
    return sorted(found, key=lambda one: (-one[2], one[:2]))


def _models(account: BuildAccount, counts: RowCounts) -> Iterator[str]:
    yield table(["model", "calls", "tokens in", "tokens out", "US dollars"], map(_model, account.models))
    priced = [model.usd for model in account.models if model.usd is not None]
    cost = f"{sum(priced):,.2f} US dollars" if priced else "not known (no price given)"
    per_row = "-" if account.tokens_per_row is None else f"{account.tokens_per_row:,.0f}"
    yield f"Tokens per accepted row: {per_row}. Cost in all: {cost}."
    yield "Prompts behind the accepted rows, by the sha256 of their wording:"
    yield table(["step", "prompt", "sha256"], (list(map(code, prompt)) for prompt in sorted(counts.prompts)), texts=3)


def _model(model: ModelAccount) -> list[str]:
    usd = "-" if model.usd is None else f"{model.usd:,.4f}"
    return [code(model.name), f"{model.calls:,}", f"{model.tokens_in:,}", f"{model.tokens_out:,}", usd]


def _provenance(counts: RowCounts) -> Iterator[str]:
    most = sorted(counts.rows_of, key=lambda place: (-counts.rows_of[place], place))
    yield table(
        ["host", "licence", "robots.txt", "texts", "rows"],
        ([*map(code, place), f"{len(counts.texts_of[place]):,}", f"{counts.rows_of[place]:,}"] for place in most[:_MOST_HOSTS]),
        texts=3,
    )
    if left := most[_MOST_HOSTS:]:
        yield f"{len(left):,} more, with {sum(counts.rows_of[place] for place in left):,} rows, are in `bill.jsonl`."
    yield "Licences are the notes that the builder of the corpus gave for the sources; nobody else has checked them."


def _leaks(account: BuildAccount) -> Iterator[str]:
    guard = _section(account, "quality").get("leak_guard", "official")
    if guard == "off":
        yield "**The rows were not compared with the benchmark.** Compare them before training: `sevenllm-bench corpus check`."
        return
    what = "SEvenLLM-Bench and the embedded test rows" if guard == "official" else "the embedded test rows, not SEvenLLM-Bench"
    found = sum(count for _, check, count in _reasons(account) if check.casefold() in _OF_THE_GUARD)
    yield f"Every row was compared with {what}: {found:,} rows resembled it and were left out. {NOT_FOUND}"


_LIMITS = (
    "A model wrote questions, thoughts and answers. Programs checked that values are in the text, that the language is "
    "right, and the form; they don't check that an answer is complete, or that a summary is right. The texts may "
    "be wrong themselves. Indicators in them may be harmful: don't open them."
)


def _rebuild(account: BuildAccount, texts: bool) -> Iterator[str]:
    if not texts:
        yield "Collect the texts again from their sources (`bill.jsonl` names them), then put them into the rows:"
        yield (
            "```\nsevenllm-bench corpus collect SOURCES -o collected\n"
            "sevenllm-bench corpus restore rows-without-texts.jsonl --texts collected/texts.jsonl -o train.jsonl\n```"
        )
        yield "Each input is compared with its sha256, and the whole file with the sha256 in the first line of the rows."
    yield "The corpus was built by `sevenllm-bench corpus build` with these settings:"
    settings = {key: _section(account, key) for key in ("select", "quality")}
    settings["quality"] = {key: value for key, value in settings["quality"].items() if key != "data_dir"}
    shown = {"seed": account.config.get("seed", 0), "model": _sampling(account), **settings}
    yield f"````json\n{json.dumps(shown, indent=1, default=str)}\n````"


def _sampling(account: BuildAccount) -> dict[str, object]:
    model = _section(account, "model")
    return {key: model.get(key) for key in ("name", "temperature", "max_tokens", "structured")}


def _section(account: BuildAccount, name: str) -> dict[str, Any]:
    value = account.config.get(name)
    return value if isinstance(value, dict) else {}


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _plots(account: BuildAccount, counts: RowCounts) -> dict[str, str]:
    tasks = [Bar(name, of_language) for name, of_language in counts.of_tasks()]
    mcq = tuple(counts.by_kind["mcq", language] for language in LANGUAGES)
    funnel = [Bar(stage.name, (stage.records_out,)) for stage in account.stages]
    rejections = [Bar(f"{check} ({stage})", (count,)) for stage, check, count in _reasons(account)[:30]]
    bars = [*tasks, Bar("Multiple choice", mcq)] if any(mcq) else tasks
    return {
        "tasks.svg": bar_chart("Rows by task", _said(bars), bars, tuple(_LANGUAGE_NAMES.values())),
        "funnel.svg": bar_chart("Records that each stage passed on", _said(funnel), funnel),
        "rejections.svg": bar_chart("Rejections by check", _said(rejections), rejections),
    }


def _said(bars: Iterable[Bar]) -> str:
    return "; ".join(f"{bar.label}: {sum(bar.parts):,}" for bar in bars) or "nothing"
