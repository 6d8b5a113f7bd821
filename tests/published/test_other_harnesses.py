"""docs/other-harnesses.md: its tables are what the script prints, and the definition of sentences is that of inspect_evals.

The figures in `OF_THE_PACKAGE` are what inspect_evals' own scorer gives (0.26.0, whose definition is that of 0.28.0).
"""

import re
import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.published.published_runs import published_names
from sevenllm_bench.runs.predictions import read_predictions

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "tests" / "perf" / "other_harnesses.py"))
TABLES = ("Extraction", "Free answers")
OF_THE_PACKAGE = {
    ("zh_generation", "the reference"): 0.7899,
    ("en_understanding", "N/A"): 0.9294,
    ("zh_understanding", "N/A"): 0.9957,
}


def table(heading, columns=None):
    """The first table under a heading of the document: line by line, its cells."""
    text = (ROOT / "docs" / "other-harnesses.md").read_text(encoding="utf-8")
    part = text[text.index(f"\n## {heading}\n") :].split("\n|", 1)[1].split("\n\n", 1)[0]
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in f"|{part}".splitlines()]
    return lines[0], lines[2:]


def column(heading, title):
    """Model to figure and rank in a column of the document."""
    titles, lines = table(heading)
    place = titles.index(title)
    found = {}
    for line in lines:
        figure, rank = re.fullmatch(r"([\d.]+) \((\d+)\)", line[place]).groups()
        found[line[0]] = (float(figure), int(rank))
    return found


def english(output, **values):
    row = next(row for row in embedded_split("test") if row.section == "en_generation")
    return replace(row, output=output, **values)


def test_a_sentence_counts_from_a_fifth_on():
    """F of one word in common, of n and m distinct words, is 2 / (n + m)."""
    share = SCRIPT["sentence_share"]
    row = english("one two three four five six")  # in quotation marks: '"one' and 'six"' are other words
    assert share("three a b", row) == 1.0  # 2 / (6 + 3) = 0.22
    assert share("three a b c d", row) == 0.0  # 2 / (6 + 5) = 0.18
    assert share("one six", row) == 0.0
    assert share("", row) == 0.0


def test_a_share_is_over_the_references_sentences():
    share = SCRIPT["sentence_share"]
    row = english("Alpha beta gamma. Delta epsilon zeta! Eta theta iota.")
    assert share("Delta epsilon zeta! And more words here that match nothing.", row) == pytest.approx(1 / 3)
    assert share("...", row) is None  # `rouge` raises


def test_chinese_prose_loses_its_closing_quotation_mark():
    row = replace(english("甲方受到攻击。乙方没有。"), language="zh")
    assert SCRIPT["sentence_share"]("甲方受到攻击。乙方没有。", row) == pytest.approx(2 / 3)


def test_sentences_are_matched_as_by_the_package_rouge():
    """Every pair of sentences of embedded rows, against `rouge` 1.0.1: 0.2 or more, or not."""
    from rouge import Rouge

    package, seen = Rouge(metrics=["rouge-l"]), {True: 0, False: 0}
    for language in ("en", "zh"):
        rows = [row for row in embedded_split("test") if row.section == f"{language}_generation"][:6]
        pieces = [SCRIPT["sentences"](SCRIPT["reference_text"](row), language)[:3] for row in rows]
        for wanted in (piece for own in pieces for piece in own):
            for given in (piece for own in pieces for piece in own):
                expected = package.get_scores(wanted, given)[0]["rouge-l"]["f"] >= 0.2
                assert SCRIPT["_is_matched"](wanted, [given]) == expected, (wanted, given)
                seen[expected] += 1
    assert min(seen.values()) > 20


@pytest.mark.parametrize(("answer", "right"), [("ANSWER: B", 1.0), ("answer : b.", 1.0), ("B", 0.0), ("ANSWER: C", 0.0)])
def test_only_one_form_of_letter_is_read(answer, right):
    row = next(row for row in embedded_split("test") if row.kind == "mcq")
    assert SCRIPT["choice_is_right"](answer, replace(row, output="B")) == right


@pytest.mark.parametrize("heading", TABLES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_documents_figures_are_those_of_the_kept_scores(heading, language):
    """The columns of the package's own metrics, and all ranks."""
    metrics = ("value_f1", "value_f1_norm") if heading == "Extraction" else ("rouge_l_paper", "rouge_l")
    from sevenllm_bench.published.score_file import published_scores

    scored = {row.id for row in published_scores().rows if row.language == language}
    for metric in metrics:
        found = column(heading, f"{language}: {metric}")
        assert tuple(found) == published_names()
        for name, (figure, _) in found.items():
            values = [value for number, value in SCRIPT["kept"](name, metric).items() if number in scored]
            assert len(values) == 300
            assert figure == pytest.approx(sum(values) / 300, abs=5.1e-5), (name, metric)
    for metric in (*metrics, "sentences"):
        found = column(heading, f"{language}: {metric}")
        for name, (figure, rank) in found.items():
            better = sum(other > figure for other, _ in found.values())
            as_good = sum(other == figure for other, _ in found.values())
            assert better < rank <= better + as_good, (name, metric)  # four decimals may hide which of two is better


def test_the_documents_taus_are_those_of_its_figures():
    stats = pytest.importorskip("scipy.stats")
    lines = {line[0]: line for line in table("Is the order the same?")[1]}
    for heading, kind in (("Extraction", "understanding"), ("Free answers", "generation")):
        for language in ("en", "zh"):
            titles = [title for title in table(heading)[0] if title.startswith(f"{language}: ")]
            ranks = [[rank for _, rank in column(heading, title).values()] for title in titles]
            for place in (1, 2):
                tau = stats.kendalltau([-rank for rank in ranks[0]], [-rank for rank in ranks[place]]).statistic
                moved = max(abs(a - b) for a, b in zip(ranks[0], ranks[place], strict=True))
                assert lines[f"{language} {kind}"][place + 1] == f"{tau:.2f} ({moved})"


@pytest.mark.predictions
def test_sentences_of_a_model(data_dir, predictions_dir):
    """One model of the twelve; inspect_evals has 0.723 and 0.848 over its 600 questions of each language."""
    rows = [row for row in load_benchmark(data_dir=data_dir).rows if row.kind != "mcq"]
    values, failed = SCRIPT["shares"](read_predictions([predictions_dir / "qwen1_5-7b.jsonl"]).answers, rows)
    assert failed == []
    for language, whole in (("en", 0.723), ("zh", 0.848)):
        own = [row for row in rows if row.language == language]
        assert SCRIPT["mean"](values, own) == pytest.approx(whole, abs=5.1e-4)
        for heading, kind in (("Extraction", "understanding"), ("Free answers", "generation")):
            figure, _ = column(heading, f"{language}: sentences")["qwen1_5-7b"]
            assert SCRIPT["mean"](values, [row for row in own if row.kind == kind]) == pytest.approx(figure, abs=5.1e-5)


@pytest.mark.data
@pytest.mark.parametrize(("section", "what"), OF_THE_PACKAGE)
def test_answers_of_known_worth_have_the_packages_figures(section, what, official_rows):
    import json

    own = [row for row in official_rows if row.section == section]
    made = {
        "the reference": lambda row: row.reference_text,
        "N/A": lambda row: json.dumps(SCRIPT["changed"](row.output), ensure_ascii=False),
    }
    values, _ = SCRIPT["shares"]({row.id: made[what](row) for row in own}, own)
    assert SCRIPT["mean"](values, own) == pytest.approx(OF_THE_PACKAGE[section, what], abs=5.1e-5)
    assert f"{OF_THE_PACKAGE[section, what]:.4f}" in {cell for line in table("Why")[1] for cell in line}
