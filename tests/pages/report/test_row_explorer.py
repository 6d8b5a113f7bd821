"""The row explorer in a real browser: filters, order, runs, the open row, keys, addresses, a phone, print, hostile texts."""

import json
import shutil
from dataclasses import replace

import encoder_run_files
import pytest
from hostile_texts import MARKUP, TEXTS
from run_files import rows_of, write_run

from sevenllm_bench.pages.report.explorer import key_of
from sevenllm_bench.pages.report.report_pages import build_report
from sevenllm_bench.runs.reader import read_runs

CHOICE, EXTRACTION = "sevenllm_en_mcq", "sevenllm_en_malware_feature_extraction"
CODE, ENTITIES = "sevenllm-vulnerable-code", "sevenllm-en-entities"
IDS = [row.id for row in rows_of(CHOICE)]
#: Rows that "first" and "second" have right; "third" has all of them, and says nothing to row 5.
FIRST, SECOND = set(IDS[:8]), {*IDS[4:8], *IDS[10:12]}
KEYS = {name: key_of(name) for name in ("first", "second", "third")}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Three runs over 16 questions and 4 extractions."""
    folder = tmp_path_factory.mktemp("explorer")
    rows = rows_of(CHOICE, EXTRACTION)
    f1 = {row.id: place for place, row in enumerate(row for row in rows if row.leaf.name == EXTRACTION)}

    def value(right, of_f1):
        return lambda row, metric: float(row.id in right) if row.leaf.name == CHOICE else of_f1[f1[row.id]]

    write_run(folder, "first", rows, value(FIRST, [0.5, 0.55, 0.2, 1.0]))
    write_run(folder, "second", rows, value(SECOND, [0.5, 0.5, 0.3, 0.25]), lambda row: f"Needle{row.id} in a haystack")
    write_run(
        folder, "third", rows, value(set(IDS), [0.0, 0.375, 0.9, 0.0]), lambda row: "" if row.id == IDS[5] else row.reference_text
    )
    build_report(read_runs([folder / name for name in KEYS]), folder / "pages", resamples=100)
    return folder / "pages" / "tasks"


@pytest.fixture
def open_rows(pages, open_page):
    """Opens a task's page, and waits until its texts are there."""

    def open_(fragment="", task=CHOICE, **options):
        page = open_page(pages / f"{task}.html", fragment, **options)
        page.locator("#t-rows[data-ready]").wait_for()
        return page

    return open_


def test_a_run_that_is_compared_and_the_baseline_keeps_its_name_on_a_line(open_rows):
    """Its head has a badge, the name, the marks of the baseline and of sorting: side by side they left the name no width."""
    page = open_rows(width=1440, height=900)
    names = page.locator("#t-rows thead [data-run] .label")
    assert page.locator("#t-rows thead .tag.baseline").count() == 1
    assert max(name.bounding_box()["height"] for name in names.all()) < 25


def ids(page):
    return [int(text) for text in page.locator("#t-rows tbody th").all_inner_texts()]


def opened(page):
    return page.locator("#reader-title").inner_text() if page.locator("#reader").is_visible() else None


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.textContent")


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("a", FIRST - SECOND),
        ("b", SECOND - FIRST),
        ("both", FIRST & SECOND),
        ("none", set(IDS) - FIRST - SECOND),
    ],
)
def test_rows_that_one_run_has_right_and_another_wrong(open_rows, only, expected):
    page = open_rows()
    page.locator("select[name=only]").select_option(only)
    assert ids(page) == sorted(expected)
    assert page.locator("#row-count").inner_text() == f"{len(expected)} of 16 rows"


def test_any_two_runs_are_a_pair(open_rows):
    page = open_rows()
    page.locator("select[name=a]").select_option(KEYS["third"])
    page.locator("select[name=only]").select_option("a")
    assert ids(page) == sorted(set(IDS) - SECOND)
    assert "third" in page.locator("#t-rows thead th[data-side=A]").inner_text()
    assert set(page.locator("#t-rows tbody td:nth-child(3)").all_inner_texts()) == {"+1.00"}


def test_other_metrics_differ_from_a_tenth_on(open_rows):
    page = open_rows(task=EXTRACTION)
    rows = sorted(ids(page))
    for only, expected in (("a", [rows[3]]), ("b", [rows[2]]), ("same", rows[:2])):
        page.locator("select[name=only]").select_option(only)
        assert ids(page) == expected


def test_the_largest_differences_come_first(open_rows):
    page = open_rows(task=EXTRACTION)
    rows = sorted(ids(page))
    page.locator("select[name=order]").select_option("pair,down")
    assert ids(page) == [rows[3], rows[2], rows[1], rows[0]]  # 0.75, 0.1, 0.05, 0
    page.locator("select[name=order]").select_option("spread,down")
    assert ids(page) == [rows[3], rows[2], rows[0], rows[1]]  # 1, 0.7, 0.5, 0.175
    page.locator("select[name=order]").select_option("mean,up")
    assert ids(page) == [rows[0], rows[3], rows[2], rows[1]]  # 1.0, 1.25, 1.4, 1.425 of 3


def test_the_script_rounds_as_the_rest_of_the_report_does(open_rows):
    page = open_rows(f"#a={KEYS['third']}&b={KEYS['second']}", task=EXTRACTION)
    # -0.125 lies exactly between two hundredths and goes to the even one; -0.5, 0.6 and -0.25 need no rounding.
    assert page.locator("#t-rows tbody td:nth-child(3)").all_inner_texts() == ["-0.50", "-0.12", "+0.60", "-0.25"]


def test_a_header_sorts_and_says_so(open_rows):
    page = open_rows(task=EXTRACTION)
    rows = sorted(ids(page))
    head = page.locator("#t-rows thead th").last
    head.get_by_role("button").click()
    assert (head.get_attribute("aria-sort"), ids(page)[0]) == ("descending", rows[2])
    assert page.locator("select[name=order]").input_value() == "other"
    page.locator("#t-rows thead th").first.get_by_role("button").click()
    assert ids(page) == rows


def test_runs_that_are_not_shown_count_nowhere(open_rows):
    page = open_rows(task=EXTRACTION)
    page.locator(".choose-runs summary").click()
    page.locator(f".choose-runs input[value='{KEYS['third']}']").uncheck()
    assert page.locator("#runs-shown").inner_text() == "2 of 3"
    assert page.locator("#t-rows thead th:visible").count() == 6
    # Without "third", the spread is the difference of the other two.
    assert page.locator("#t-rows tbody td:nth-child(4)").all_inner_texts() == ["0.00", "0.05", "0.10", "0.75"]
    page.locator("#t-rows tbody a").first.click()
    assert page.locator(".answer h4").all_inner_texts() == ["A first", "B second"]


def test_search_looks_into_texts_and_nothing_else(open_rows):
    page = open_rows()
    search = page.locator("input[name=find]")
    search.fill(f"needle{IDS[3]}")  # an answer of "second"
    assert ids(page) == [IDS[3]]
    for word in ("answered", "unparsed", "third"):  # a metric, a reading, a run
        search.fill(word)
        assert ids(page) == []
    word = rows_of(CHOICE)[2].choices["D"].split()[-1]
    search.fill(word.upper())
    assert IDS[2] in ids(page)
    page.goto(page.url.partition("#")[0] + f"#find=needle&runs={KEYS['first']}")
    assert ids(page) == []


def test_answers_that_could_not_be_read(open_rows):
    page = open_rows()
    page.locator("select[name=reading]").select_option("unread")
    page.locator(".choose-runs summary").click()
    page.locator(f".choose-runs input[value='{KEYS['second']}']").uncheck()
    assert ids(page) == [IDS[5]]
    page.locator("#t-rows tbody a").click()
    assert "An empty answer." in page.locator(".answer").last.inner_text()


def test_a_row_opens_with_its_reference_and_answers_and_closes_again(open_rows):
    page = open_rows()
    page.locator("#t-rows tbody a").nth(2).click()
    row = rows_of(CHOICE)[2]
    assert (opened(page), focused(page)) == (f"Row {row.id}", "reader-title")
    assert page.locator(".pinned .text").inner_text() == f"{row.output}: {row.choices[row.output]}"
    assert page.locator(".options .right").inner_text().startswith(row.output)
    assert page.locator(".answer .text").all_inner_texts() == [row.output, f"Needle{row.id} in a haystack", row.output]
    assert page.locator("#reader-place").inner_text() == "3 of 16 rows"
    page.get_by_role("button", name="Close").click()
    assert (opened(page), focused(page)) == (None, str(row.id))


def test_keys_go_on_and_back_but_not_while_one_types(open_rows):
    page = open_rows()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert (opened(page), focused(page)) == (f"Row {IDS[1]}", "reader-title")
    page.keyboard.press("k")
    page.keyboard.press("k")
    assert opened(page) == f"Row {IDS[0]}"
    page.keyboard.press("Escape")
    assert opened(page) is None
    page.locator("input[name=find]").fill("")
    page.keyboard.press("j")
    assert opened(page) is None
    page.locator("input[name=find]").fill("")
    page.locator("#row-keys").uncheck()
    page.keyboard.press("j")
    assert opened(page) is None


def test_buttons_step_through_the_rows_that_are_found_and_keep_the_focus(open_rows):
    page = open_rows(f"#only=a&order={KEYS['first']},up")
    wanted = sorted(FIRST - SECOND)
    assert ids(page) == wanted
    page.locator("#t-rows tbody a").first.click()
    button = page.get_by_role("button", name="Next row")
    button.click()
    assert (opened(page), page.locator("#reader-place").inner_text()) == (f"Row {wanted[1]}", f"2 of {len(wanted)} rows")
    assert button.evaluate("(own) => own === document.activeElement")
    for _ in range(5):
        button.click()
    assert opened(page) == f"Row {wanted[-1]}"


def test_a_link_to_a_row_works(open_rows):
    page = open_rows(f"#row-{IDS[9]}")
    assert (opened(page), focused(page)) == (f"Row {IDS[9]}", "reader-title")
    assert page.locator("#reader-note").is_hidden()


def test_a_link_to_a_row_that_the_filters_leave_out_shows_it_nevertheless(open_rows):
    left_out = min(SECOND - FIRST)
    page = open_rows(f"#only=a&at=row-{left_out}")
    assert left_out not in ids(page)
    assert opened(page) == f"Row {left_out}"
    assert "leave this row out" in page.locator("#reader-note").inner_text()
    page.get_by_role("button", name="Previous row").click()
    assert opened(page) == f"Row {max(row for row in FIRST - SECOND if row < left_out)}"
    assert page.locator("#reader-note").is_hidden()


def test_all_of_it_is_in_the_address_and_back_works(open_rows):
    page = open_rows()
    page.locator("select[name=b]").select_option(KEYS["third"])
    page.locator("select[name=only]").select_option("b")
    page.locator("input[name=find]").fill("needle")
    page.locator("select[name=order]").select_option("mean,up")
    page.locator("#t-rows tbody a").first.click()
    address, shown, row = page.url, ids(page), opened(page)
    assert row is not None
    other = open_rows("#" + address.partition("#")[2])
    assert (ids(other), opened(other)) == (shown, row)
    assert other.locator("select[name=b]").input_value() == KEYS["third"]
    assert other.locator("input[name=find]").input_value() == "needle"
    page.go_back()
    assert (opened(page), ids(page)) == (None, shown)
    page.go_back()
    assert page.locator("select[name=order]").input_value() == ""


@pytest.mark.parametrize(
    "fragment",
    [
        "#row-99999",
        "#only=x&a=nobody&order=constructor,down&runs=...",
        "#%E0%A4%A",
        "#order=__proto__",
        "#order=valueOf",
        "#at=__proto__&reading=toString",
    ],
)
def test_an_address_that_names_nothing_does_no_harm(open_rows, fragment):
    page = open_rows(fragment)
    assert sorted(ids(page)) == sorted(IDS)
    assert opened(page) is None


def test_rows_can_be_downloaded(open_rows):
    page = open_rows("#only=b")
    with page.expect_download() as download:
        page.locator("#row-download").click()
    lines = [json.loads(line) for line in download.value.path().read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == sorted(SECOND - FIRST)
    assert [(answer["run"], answer["acc"]) for answer in lines[0]["answers"]] == [("first", 0), ("second", 1), ("third", 1)]
    assert lines[0]["answers"][1]["text"] == f"Needle{lines[0]['id']} in a haystack"


def test_values_are_told_apart(open_rows):
    page = open_rows(task=EXTRACTION)
    page.locator("#t-rows tbody a").first.click()
    values = page.locator(".answer").nth(1).locator(".values")
    assert values.locator("summary").inner_text().startswith("Values: 0 the same, 0 spelled otherwise, ")
    assert values.locator("summary").inner_text().endswith(" 1 added")
    assert "Needle" in values.locator(".added bdi").inner_text()
    assert "No JSON could be read (no JSON)" in values.inner_text()
    assert page.locator(".answer").first.locator(".missing, .added").count() == 0


def test_the_reference_stays_in_view(open_rows):
    for width in (1280, 360):
        page = open_rows(f"#row-{IDS[0]}", width=width, height=500)
        page.evaluate("document.querySelector('.answer:last-child').scrollIntoView({ block: 'end' })")
        box = page.locator(".pinned").bounding_box()
        assert 0 < box["y"] < 300
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_what_is_open_is_printed(open_rows):
    page = open_rows(f"#row-{IDS[0]}")
    page.emulate_media(media="print")
    assert page.locator(".answer").count() == 3
    assert all(page.locator(".answer").nth(place).is_visible() for place in range(3))
    assert page.locator(".steps button").first.is_hidden()
    assert page.locator(".hint").is_hidden()


def test_without_the_file_of_texts_the_index_works_and_says_so(pages, open_page, tmp_path):
    shutil.copytree(pages.parent, tmp_path / "pages")
    (tmp_path / f"pages/tasks/{CHOICE}.js").write_text('window.sevenllmRows="AAAA";')
    page = open_page(tmp_path / f"pages/tasks/{CHOICE}.html")
    page.locator("#t-rows[data-ready]").wait_for()
    assert page.locator("#no-texts").is_visible()
    page.locator("select[name=only]").select_option("a")
    assert ids(page) == sorted(FIRST - SECOND)
    assert page.locator("input[name=find]").is_hidden()


def test_many_rows_are_laid_out_in_parts(open_page, tmp_path):
    rows = [replace(row, id=5_000 + 16 * copy + place) for copy in range(20) for place, row in enumerate(rows_of(CHOICE))]
    for name in ("one", "two"):
        write_run(tmp_path, name, rows)
    build_report(read_runs([tmp_path / "one", tmp_path / "two"]), tmp_path / "pages", resamples=100)
    page = open_page(tmp_path / f"pages/tasks/{CHOICE}.html", f"#row-{rows[-1].id}")
    page.locator("#t-rows[data-ready]").wait_for()
    assert opened(page) == f"Row {rows[-1].id}"
    assert page.locator("#t-rows tbody tr").count() == 250
    assert page.locator("#row-count").inner_text() == "320 of 320 rows, the first 250 in the index"
    page.get_by_role("button", name="Show all").click()
    assert page.locator("#t-rows tbody tr").count() == 320


@pytest.fixture(scope="module")
def hostile_pages(tmp_path_factory):
    """Every hostile text as question, option, incident, reference and answer of a row, markup as names of runs."""
    folder = tmp_path_factory.mktemp("hostile-rows")
    texts = [text[:30_000] for text in (*MARKUP, *TEXTS[-4:])]  # as many as there are rows; the others are in answers
    choices = [
        replace(row, instruction={"question": text, "choice": dict.fromkeys("ABCD", text)}, input=text)
        for row, text in zip(rows_of(CHOICE), texts, strict=True)
    ]
    extraction = [
        replace(rows_of(EXTRACTION)[0], id=9_000 + place, instruction=f"{text} x", input=text, output={text: [text, "kept"]})
        for place, text in enumerate(texts)
    ]
    for place in range(2):
        write_run(
            folder,
            f"m{place}",
            [*choices, *extraction],
            response=lambda row: row.input if row.leaf.name == CHOICE else '{"a": ["kept", "new"]} ' + row.input,
            change=lambda results, own=MARKUP[place]: results.update(model_name=own, model_source=own),
        )
    build_report(read_runs([folder / "m0", folder / "m1"]), folder / "pages", resamples=100)
    return folder / "pages" / "tasks"


KNOWN = {  # elements of an open row
    "article",
    "b",
    "bdi",
    "button",
    "code",
    "details",
    "div",
    "h3",
    "h4",
    "li",
    "ol",
    "p",
    "section",
    "span",
    "summary",
    "ul",
}
#: Opens everything in the open row; names of elements and attributes, text, pixels beyond the window.
LOOK = """() => {
    const reader = document.getElementById("reader");
    for (const part of reader.querySelectorAll("details")) part.open = true;
    const all = [...reader.querySelectorAll("*")], once = (names) => [...new Set(names)];
    return [
        once(all.map((own) => own.localName)), once(all.flatMap((own) => own.getAttributeNames())), reader.textContent,
        document.documentElement.scrollWidth - innerWidth,
    ];
}"""


@pytest.mark.parametrize("task", [CHOICE, EXTRACTION])
def test_no_hostile_text_fires_in_any_row(hostile_pages, open_page, task):
    page = open_page(hostile_pages / f"{task}.html", width=360, height=740)
    page.locator("#t-rows[data-ready]").wait_for()
    rows = ids(page)
    assert len(rows) == 16
    page.keyboard.press("j")
    for row in rows:
        assert opened(page) == f"Row {row}"
        names, attributes, text, overflow = page.evaluate(LOOK)
        assert set(names) <= KNOWN
        assert not {name for name in attributes if name.startswith("on") or name in ("style", "href", "src")}
        assert not set(text) & set("\x00\x1b\u202e\u2066\u2028\ufeff\u200b")
        assert overflow <= 0
        page.keyboard.press("j")
    assert page.evaluate("window.tripped") is None
    page.locator("input[name=find]").fill("<script>")
    assert 0 < len(ids(page)) < 16


def test_what_cannot_be_seen_is_spelled_out_by_the_script_too(hostile_pages, open_page):
    page = open_page(hostile_pages / f"{EXTRACTION}.html", f"#row-{9_000 + 12}")
    page.locator("#reader .spelled").first.wait_for()
    spelled = page.locator(".ask .spelled").all_inner_texts()
    assert {"⟨U+202E⟩", "⟨U+0000⟩", "⟨U+001B⟩"} <= set(spelled)


@pytest.fixture(scope="module")
def item_pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("items")
    encoder_run_files.write(folder / "one", encoder_run_files.half_right, (CODE, ENTITIES), "an-org/one")
    encoder_run_files.write(folder / "two", encoder_run_files.right, (CODE,), MARKUP[1])
    build_report(read_runs([folder / "one", folder / "two"]), folder / "pages", resamples=100)
    return folder / "pages"


def test_a_task_of_encoders_has_a_page_with_its_items(item_pages, open_page):
    page = open_page(item_pages / "index.html")
    page.locator("#t-encoder-tasks").get_by_role("link", name="Vulnerable code").click()
    page.wait_for_url(f"**/tasks/{CODE}.html")
    page.locator("#t-rows[data-ready]").wait_for()
    assert page.locator("#t-rows tbody tr").count() == 100
    # "one" answers items with even ids only.
    one = key_of("an-org/one")
    options = page.locator("select[name=a] option").evaluate_all("own => own.map((option) => option.value)")
    page.locator("select[name=a]").select_option(next(key for key in options if key != one))
    page.locator("select[name=b]").select_option(one)
    page.locator("select[name=only]").select_option("a")
    assert all(item % 2 for item in ids(page))
    assert len(ids(page)) == 50
    page.locator("#t-rows tbody a").first.click()
    assert [title.inner_text() for title in page.locator(".ask h4").all()] == ["Function", "Expected"]
    assert "vulnerable with probability" in page.locator(".answer").first.inner_text()
    assert "No answer." in page.locator(".answer").nth(1).inner_text()


def test_entities_are_compared_span_by_span(item_pages, open_page):
    page = open_page(item_pages / f"tasks/{ENTITIES}.html")
    page.locator("#t-rows[data-ready]").wait_for()
    answered = next(item for item in ids(page) if item % 2 == 0)
    page.locator(f"#row-{answered} a").click()
    expected = page.locator(".pinned .text").inner_text().split("\n")
    answered = page.locator(".answer", has_text="span_f1")
    assert answered.locator(".diff li.same bdi").all_inner_texts() == expected
    assert answered.locator(".missing, .added").count() == 0
    assert page.locator(".answer", has_text="lacks the item").count() == 1
