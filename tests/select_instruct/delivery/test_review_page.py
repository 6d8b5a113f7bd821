"""The review page in a real browser, from disk: keys, filters, edits, saving, loading, hostile texts, ten thousand rows."""

import json

import pytest
from corpus_samples import TEXTS, corpus, draft, origin, rejected
from hostile_texts import MARKUP
from hostile_texts import TEXTS as HOSTILE

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.delivery.review.decisions import apply_decisions, read_decisions
from sevenllm_bench.select_instruct.delivery.review.review_page import write_review

REJECTED = [(row, f"{row.findings[0].check}: {row.findings[0].reason}") for row in rejected()]


@pytest.fixture
def review(tmp_path):
    return write_review(tmp_path / "review", corpus(), REJECTED)


def heading(page):
    return page.locator("#h-row").inner_text()


def shown(page):
    return page.locator("#rows li").count()


def state(page):
    return page.locator("#row .state").inner_text()


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def saved_file(page, folder):
    with page.expect_download() as waiting:
        page.locator("#save").click()
    assert waiting.value.suggested_filename == "decisions.json"
    waiting.value.save_as(folder / "decisions.json")
    return folder / "decisions.json"


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_rows_are_shown_with_their_source_and_values_marked(review, open_page):
    page = open_page(review)
    assert shown(page) == 8
    assert heading(page).startswith("Time Element Acquisition")
    assert page.locator("#row mark").all_inner_texts() == ["3 March 2031", "14:20 UTC"]
    press(page, "j")
    assert page.locator("#row .span").inner_text() == corpus()[1].input
    assert page.locator("#row .text").nth(1).text_content() == TEXTS[0].text
    press(page, "j")
    assert page.locator("#row .options .right").inner_text() == "B. 203.0.113.7 ✓"
    assert page.locator("#row mark").all_inner_texts() == ["203.0.113.7"]


def test_an_input_far_below_the_start_of_its_text_is_shown_at_once(open_page, tmp_path):
    text = TEXTS[0].model_copy(update={"text": "A line of the report.\n\n" * 200 + TEXTS[0].text})
    row = draft(text, excerpt=text.text, input=TEXTS[0].text.split("\n\n")[0])
    page = open_page(write_review(tmp_path / "review", [row], []))
    begin, top, bottom = page.evaluate(
        """() => { const box = document.querySelector("#row .text:has(> .span)").getBoundingClientRect();
        return [document.querySelector("#row .span").getBoundingClientRect().top, box.top, box.bottom] }"""
    )
    assert top <= begin < bottom


def test_a_rejected_row_says_why_and_which_value_is_missing(review, open_page):
    page = open_page(review)
    page.locator("#rows button").nth(6).click()
    assert 'grounding: the value "4 March 2031" does not occur in the input' in page.locator("#row .warning").inner_text()
    assert page.locator("#row .bad").inner_text() == "Not in the input: 4 March 2031"


def test_keys_decide_and_move(review, open_page, tmp_path):
    page = open_page(review)
    press(page, "a", "r", "j", "k", "k", "k")
    assert state(page).endswith("accepted")
    assert page.locator("#progress").inner_text().startswith("2 of 8 decided")
    press(page, "n", "r", "ArrowRight", "ArrowLeft", "ArrowLeft", "u")
    decided = json.loads(saved_file(page, tmp_path).read_text(encoding="utf-8"))["decisions"]
    ids = [row.id for row in corpus()]
    assert [(one["id"], one["action"]) for one in decided] == [(ids[0], "accept"), (ids[1], "reject")]


def test_decisions_survive_a_reload(review, open_page):
    page = open_page(review)
    press(page, "a", "r")
    page.reload()
    assert page.locator("#progress").inner_text().startswith("2 of 8 decided")
    assert state(page).endswith("accepted")


def test_saved_decisions_are_read_and_applied(review, open_page, tmp_path):
    page = open_page(review)
    press(page, "r")
    page.locator("#rows button").nth(6).click()
    press(page, "e")
    page.locator("textarea[name=output]").fill('{"found": "3 March 2031", "where": "Port Elm"}')
    page.locator("textarea[name=instruction]").fill("Find the day and the place.")
    press(page, "Control+Enter")
    assert state(page).endswith("edited")
    assert page.locator("#row mark").all_inner_texts() == ["3 March 2031", "Port Elm"]
    decisions = read_decisions(saved_file(page, tmp_path))
    accepted, refused = apply_decisions(corpus(), REJECTED, decisions)
    assert [reason for _, reason in refused] == ["review: rejected by a person", REJECTED[1][1]]
    assert (accepted[-1].instruction, accepted[-1].review) == ("Find the day and the place.", "edited")
    assert accepted[-1].output == {"found": "3 March 2031", "where": "Port Elm"}
    assert accepted[-1].input == REJECTED[0][0].input


def test_the_page_of_a_build_with_decisions_goes_on_with_them(review, open_page, tmp_path):
    """A row that a check rejected and a person took back is in the corpus and among the rejections; it is shown once."""
    page = open_page(review)
    press(page, "r", "a", "e")
    page.locator("textarea[name=thought]").fill("Another thought.")
    press(page, "Control+Enter")
    page.locator("#rows button").nth(7).click()
    press(page, "a")
    first = saved_file(page, tmp_path)
    accepted, refused = apply_decisions(corpus(), REJECTED, read_decisions(first))
    again = open_page(write_review(tmp_path / "again", accepted, [*REJECTED, *refused[:1]]))
    assert shown(again) == 8
    assert again.locator("#progress").inner_text() == "4 of 8 decided"
    assert again.locator("#rows .decision").all_inner_texts().count("rejected") == 1
    (tmp_path / "second").mkdir()
    second = saved_file(again, tmp_path / "second")
    assert read_decisions(second) == read_decisions(first)
    assert apply_decisions(corpus(), REJECTED, read_decisions(second)) == (accepted, refused)


def test_an_edit_can_be_dropped_and_a_wrong_one_is_refused(review, open_page):
    page = open_page(review)
    press(page, "e")
    page.locator("textarea[name=output]").fill("no JSON")
    page.get_by_role("button", name="Keep the edit").click()
    assert page.locator("#refused").inner_text() == "The answer is no JSON object."
    press(page, "Escape")
    assert page.locator("#edit").count() == 0
    assert page.locator("#progress").inner_text().startswith("0 of 8")
    press(page, "j", "j", "e")
    page.locator("textarea[name=output]").fill("E")
    press(page, "Control+Enter")
    assert page.locator("#refused").inner_text() == "The answer is none of the letters."
    page.locator("textarea[name=output]").fill("C")
    page.locator("textarea[name='choice A']").fill("203.0.113.7")
    press(page, "Control+Enter")
    assert page.locator("#refused").inner_text() == "Two options are the same."


def test_letters_in_a_field_are_no_commands(review, open_page):
    page = open_page(review)
    press(page, "e")
    page.locator("textarea[name=thought]").fill("")
    page.locator("textarea[name=thought]").type("arejkus")
    page.locator("#search").click()
    page.locator("#search").type("are")
    assert page.locator("#progress").inner_text().startswith("0 of 8 decided")


def test_filters_narrow_the_rows(review, open_page):
    page = open_page(review)
    choose = {"state": "rejected", "language": "zh", "kind": "mcq", "task": "Security Alert Generation", "check": "meta talk"}
    counts = {}
    for name, value in choose.items():
        page.locator(f"[data-filter={name}]").select_option(value)
        counts[name] = shown(page)
        page.locator(f"[data-filter={name}]").select_option("")
    assert counts == {"state": 2, "language": 3, "kind": 2, "task": 2, "check": 1}
    page.locator("#search").fill("水务单位 cve-2031-10021")
    assert shown(page) == 1
    page.locator("#search").fill("nothing of this kind")
    assert (shown(page), heading(page)) == (0, "No row")
    press(page, "Tab")
    page.locator("#h-row").click()
    press(page, "a", "j", "e", "u", "n")
    page.locator("#search").fill("")
    assert shown(page) == 8
    page.locator("#row").click()
    press(page, "a")
    page.locator("[data-filter=decision]").select_option("accept")
    assert shown(page) == 1


def test_a_saved_file_is_loaded_again_and_another_builds_refused(review, open_page, tmp_path):
    page = open_page(review)
    press(page, "a", "r")
    path = saved_file(page, tmp_path)
    other = open_page(write_review(tmp_path / "again", corpus(), REJECTED))
    other.evaluate("localStorage.clear()")
    other.reload()
    assert other.locator("#progress").inner_text().startswith("0 of 8")
    other.locator("#load").set_input_files(path)
    other.locator("#progress", has_text="2 of 8 decided").wait_for()
    third = open_page(write_review(tmp_path / "third", corpus()[:3], REJECTED))
    third.locator("#load").set_input_files(path)
    third.locator("#warning", has_text="the decisions of another build").wait_for()
    assert third.locator("#progress").inner_text().startswith("0 of 5")
    (tmp_path / "broken.json").write_text("{")
    third.locator("#load").set_input_files(tmp_path / "broken.json")
    third.locator("#warning", has_text="broken.json: no JSON").wait_for()


def test_a_browser_that_keeps_nothing_is_said(review, open_page):
    page = open_page(review)
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('not allowed'); } });")
    page.reload()
    assert "This browser keeps nothing" in page.locator("#warning").inner_text()
    press(page, "a")
    assert page.locator("#progress").inner_text().startswith("1 of 8 decided")


def test_hostile_texts_stay_texts(open_page, tmp_path):
    texts = [*HOSTILE, *MARKUP, "</script><script>alert(1)</script>", "a\u2028b\u2029c", "<!--<script>", "]]>"]
    rows = [
        draft(
            id=f"{number}{text}",
            origin=origin(text, licence=text),
            excerpt=f"{text} and {text}",
            input=text,
            instruction=text,
            thought=text,
            output={text: [text]},
            scores={text: 0.5},
        )
        for number, text in enumerate(text.encode("utf-8", "replace").decode() for text in texts)
    ]
    rows += [
        row.model_copy(update={"id": f"{row.id} mcq", "kind": "mcq", "choices": {"A": row.input}, "output": "A"}) for row in rows
    ]
    page = open_page(write_review(tmp_path / "review", rows[:10], [(row, f"{row.input}: {row.input}") for row in rows[10:]]))
    for _ in rows:
        press(page, "j")
        assert page.locator("#row script, #row img, #row iframe, #row a").count() == 0
    press(page, "e", "Escape", "a")
    assert page.locator("#progress").inner_text().startswith(f"1 of {len(rows)} decided")
    assert overflow(page) <= 0


def test_invisible_characters_are_spelled_out(open_page, tmp_path):
    row = draft(instruction="Open \u202egnp.exe\u200b now")
    page = open_page(write_review(tmp_path / "review", [row], []))
    assert page.locator("#row .text .spelled").all_inner_texts() == ["⟨U+202E⟩", "⟨U+200B⟩"]


def test_ten_thousand_rows_are_usable(open_page, tmp_path):
    rows = [
        draft(id=f"{number:05}", excerpt=f"{TEXTS[0].text} {number // 10}", thought=f"Thought {number}. " * 20)
        for number in range(10_000)
    ]
    page = open_page(write_review(tmp_path / "review", rows, []))
    assert (tmp_path / "review" / "assets" / "rows.js").stat().st_size < 15_000_000
    assert shown(page) == 50
    assert page.locator("#count").inner_text() == "10000 of 10000 rows"
    page.locator("#later").click()
    assert page.locator("#place").inner_text() == "51–100 of 10000"
    page.locator("#search").fill("9999")
    page.locator("#count", has_text="1 of 10000").wait_for()
    page.locator("#row").click()
    press(page, "a")
    assert page.locator("#progress").inner_text().startswith("1 of 10000 decided")


@pytest.mark.parametrize("width", [1440, 768, 360])
def test_nothing_is_wider_than_the_window(review, open_page, width):
    page = open_page(review, width=width)
    press(page, "j", "j")
    assert overflow(page) <= 0
    press(page, "e")
    assert overflow(page) <= 0


def test_every_control_has_a_name(review, open_page):
    page = open_page(review)
    press(page, "e")
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input, select, textarea')]"
        ".filter((e) => !e.textContent.trim() && !e.labels?.length && !e.getAttribute('aria-label')).length"
    )
    assert unnamed == 0
    assert page.locator("h1").count() == 1


def test_a_review_is_written_over_an_earlier_one_and_over_nothing_else(tmp_path):
    write_review(tmp_path / "review", corpus(), REJECTED)
    (tmp_path / "review" / "decisions.json").write_text("{}")
    write_review(tmp_path / "review", corpus()[:2], [])
    assert (tmp_path / "review" / "decisions.json").read_text() == "{}"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty, and not a review of this command"):
        write_review(tmp_path / "other", corpus(), [])
