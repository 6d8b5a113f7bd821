import pytest

from sevenllm_bench.answers.final_text import with_thought_marked
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.data.rows import OPENINGS, parse_row
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.prompts import STYLES, entity_prompt, render, render_entities, style_by_name, target

MCQ = {
    "id": 5,
    "category": "Threat Analysis",
    "instruction": {
        "question": "Which? Choose the correct answer from A, B, C, D.",
        "choice": dict(zip("ABCD", "wxyz", strict=True)),
    },
    "input": "A {text} with {instruction} in braces.",
    "thought": "It says so.",
    "output": "C",
}


def test_the_default_is_the_alpaca_wire_template(embedded_record):
    assert render(parse_row(embedded_record, "x"), style_by_name("alpaca")) == (
        "Below is an instruction that describes a task, paired with an input that provides further context. "
        "Write a response that appropriately completes the request.\n\n"
        f"### Instruction:\n{embedded_record['instruction']}\n\n### Input:\nIt happened on 3 May 2024.\n\n### Response:"
    )


def test_mcq_has_lettered_options_or_as_in_the_paper_a_python_dict():
    row = parse_row(MCQ, "x")
    alpaca, paper = (render(row, style_by_name(name)) for name in ("alpaca", "paper"))
    assert "from A, B, C, D.\nA. w\nB. x\nC. y\nD. z\n\n### Input:\nA {text} with {instruction} in braces." in alpaca
    assert "### Instruction:\n{'question': 'Which? Choose" in paper
    assert "'choice': {'A': 'w', 'B': 'x', 'C': 'y', 'D': 'z'}}\n\n### Input:" in paper


def test_cot_asks_for_the_thought_first(embedded_record):
    row, style = parse_row(embedded_record, "x"), style_by_name("cot")
    assert render(row, style).endswith("### Input:\nIt happened on 3 May 2024.\n\n### Thought:")
    assert target(row, style) == 'One date.\n\n### Response:\n{"day": "3 May 2024"}'


@pytest.mark.parametrize("style", STYLES.values(), ids=str)
def test_the_target_of_every_embedded_row_scores_one(style):
    """What is shown as the right answer is read back as the right answer, in every prompt style."""
    from sevenllm_bench.scoring import score_rows

    rows = embedded_split("test")
    answers = [with_thought_marked(render(row, style), target(row, style)) for row in rows]
    for score in score_rows(rows, answers):
        # The other two look at the incident text, not at the reference.
        agreement = [value for name, value in score.metrics.items() if name not in ("grounded", "invented_indicators")]
        assert min(agreement) == pytest.approx(1.0, abs=1e-8), score
        assert not score.reading.cut


def test_an_unknown_style_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'paper'"):
        style_by_name("papper")


def test_styles_have_different_hashes():
    assert len({style.sha256 for style in STYLES.values()}) == len(STYLES)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_prompt_for_entities_asks_as_extraction_rows_ask(language):
    text = "A {text} with {instruction} in braces."
    opening = next(words for words, ask in OPENINGS.items() if ask == (language, "understanding"))
    for style in STYLES.values():
        prompt = render_entities(text, language, style)
        assert f"### Instruction:\n{opening}" in prompt
        assert f"### Input:\n{text}\n" in prompt
        assert all(f'"{kind}"' in prompt for kind in ("Indicator", "Malware", "Organization", "System", "Vulnerability"))
    hashes = {entity_prompt(name, style)["sha256"] for name in ("en", "zh") for style in STYLES.values()}
    assert len(hashes) == 2 * len(STYLES)
    assert entity_prompt(language, STYLES["alpaca"])["name"] == "alpaca entities"
