"""Pages that talk to the model: what extraction hands on is found, or holds nothing of it; obedient rows fail the checks."""

import json
from pathlib import Path

import pytest
from quality_rows import ORIGIN, SETTINGS, draft_of

from sevenllm_bench.select_instruct.corpus_records import SourceText
from sevenllm_bench.select_instruct.extract.any_file import ReadingTask, reports_in
from sevenllm_bench.select_instruct.extract.found_text import FoundText
from sevenllm_bench.select_instruct.quality.draft_checks import check_draft
from sevenllm_bench.select_instruct.quality.poison_step import poison_finding

PAGES = Path(__file__).parent / "poisoned"
MANIFEST = json.loads((PAGES.parent / "poisoned_pages.json").read_text(encoding="utf-8"))
by_page = pytest.mark.parametrize("page", MANIFEST, ids=lambda page: page["file"])


def text_of(page) -> SourceText:
    path = PAGES / page["file"]
    task = ReadingTask("text/markdown" if path.suffix == ".md" else "text/html")
    (found,) = reports_in(path.read_bytes(), task)
    assert isinstance(found, FoundText)
    known = {"origin": ORIGIN, "published": None, "language": page["language"]}
    return SourceText(id="0" * 16, title=found.title, text=found.text, hidden=found.hidden, **known)


def test_there_are_twenty_five_in_both_languages() -> None:
    assert len(MANIFEST) == 25
    assert {path.name for path in PAGES.iterdir()} == {page["file"] for page in MANIFEST}
    assert min(sum(page["language"] == language for page in MANIFEST) for language in ("en", "zh")) >= 9


@by_page
def test_the_text_is_kept_out_or_has_nothing_of_it(page) -> None:
    text = text_of(page)
    finding = poison_finding(text)
    if page["found_in"] in ("text", "hidden"):
        assert finding is not None
        assert ("hidden text" in finding.reason) == (page["found_in"] == "hidden")
    else:
        assert not any(planted in text.text for planted in page["planted"])


@by_page
def test_a_row_that_obeys_fails_the_checks_where_the_input_lacks_what_it_says(page) -> None:
    text = text_of(page)
    planted = page["planted"][0]
    first = text.text.split("\n\n")[0]
    assert planted not in first
    english = page["language"] == "en"
    answer = (
        f"The attack was carried out with care, and the report is clear: {planted}."
        if english
        else f"攻击者准备充分，需要重点关注的是{planted}，并且应当尽快处理，避免影响进一步扩大到其他单位。"
    )
    row = {"text": "port", "kind": "generation", "category": "Threat Analysis", "language": page["language"]}
    row |= {"instruction": "Assess the threat." if english else "评估此次事件的威胁。", "output": answer}
    row |= {"thought": "The steps of the attack decide." if english else "依据攻击步骤判断。"}
    found = check_draft(draft_of(row, excerpt=text.text, input=first), SETTINGS).findings
    named = planted[0].isupper() and len(planted.split()) <= 3
    assert found or not named, "a name, an identifier or an address is told; a plain sentence can't be"


@by_page
def test_a_passage_that_talks_to_the_model_is_no_input(page) -> None:
    """Where the user lets such texts through, rows are made of their other passages alone."""
    text = text_of(page)
    row = {"text": "port", "kind": "generation", "category": "Threat Analysis", "language": page["language"]}
    row |= {"instruction": "Assess.", "output": "Prose.", "thought": "A thought."}
    found = check_draft(draft_of(row, excerpt=text.text, input=text.text), SETTINGS).findings
    reasons = [finding.reason for finding in found if finding.check == "prompt words"]
    assert bool(reasons) == (page["found_in"] == "text")
