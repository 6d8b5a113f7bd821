"""The picture and the words of links: a PNG file that another program reads, with the best run first."""

import io

import pytest
from hostile_texts import TEXTS

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.pages.charts.picture import Picture, words_width
from sevenllm_bench.pages.charts.preview import Preview, PreviewLine
from sevenllm_bench.pages.site import Site

image_library = pytest.importorskip("PIL.Image")
image_operations = pytest.importorskip("PIL.ImageOps")


def opened(content):
    return image_library.open(io.BytesIO(content)).convert("RGB")


def test_bars_and_dots_are_where_they_were_put():
    picture = Picture(40, 20)
    picture.bar(10, 5, 30, 8, (1, 2, 3))
    picture.dot(20, 14, 3, (200, 0, 0))
    image = opened(picture.png())
    assert image.size == (40, 20)
    assert [image.getpixel(place) for place in ((10, 5), (29, 7), (30, 7), (10, 8))] == [(1, 2, 3)] * 2 + [(255, 255, 255)] * 2
    assert image.getpixel((20, 14)) == (200, 0, 0)
    assert image.getpixel((20, 18)) == (255, 255, 255)


def test_words_take_their_width_and_are_cut():
    wide = words_width("wide")
    picture = Picture(400, 40)
    picture.words(10, 2, "wide" * 50, (0, 0, 0), most=100)
    left, _, right, _ = image_operations.invert(opened(picture.png())).getbbox()  # of what isn't white
    assert left >= 10
    assert right <= 110
    assert words_width("widewide") == 2 * wide
    assert words_width("wide", "bold") > wide
    assert words_width("威") == words_width("胁") == words_width("□")  # no letters for Chinese: boxes


@pytest.mark.parametrize("count", [0, 1, 3, 50])
def test_the_picture_has_the_size_that_previews_need(count):
    lines = tuple(PreviewLine(TEXTS[place % len(TEXTS)], place / 50, 0.0, 1.0, marked=not place) for place in range(count))
    content = Preview("SEvenLLM report", "Runs", lines).picture()
    assert opened(content).size == (1200, 630)
    assert len(content) < 100_000


def test_the_description_names_the_highest_with_its_interval():
    lines = (PreviewLine("org/a", 0.5472, 0.5311, 0.5628), PreviewLine("org/b", 0.5))
    shown = Preview("SEvenLLM report", "2 runs on 28 tasks", lines)
    assert shown.description == "2 runs on 28 tasks. The highest score is that of org/a: 0.547 (95 % interval 0.531 to 0.563)."
    assert shown.words == "SEvenLLM report: score of each, with 95 % intervals: org/a 0.547; org/b 0.500"
    assert Preview("x", "1 run", lines[1:]).description == "1 run. org/b has the score 0.500."
    assert Preview("x", "No run").description == "No run."


def head(tmp_path, url=""):
    site = Site(tmp_path / "pages", "review", url)
    site.preview(Preview("SEvenLLM report", "2 runs", (PreviewLine('<a> "b"', 0.5),)))
    site.page("tasks/x.html", "link_preview.html", title="A task")
    return (tmp_path / "pages" / "tasks" / "x.html").read_text(encoding="utf-8")


def test_a_page_says_what_its_preview_is(tmp_path):
    page = head(tmp_path)
    assert '<meta name="description" content="2 runs. &lt;a&gt; &#34;b&#34; has the score 0.500.">' in page
    assert '<meta property="og:title" content="A task">' in page
    assert '<meta property="og:image" content="../preview.png">' in page
    assert opened((tmp_path / "pages" / "preview.png").read_bytes()).size == (1200, 630)


def test_with_an_address_the_picture_has_a_whole_one(tmp_path):
    for url in ("https://example.org/x", "https://example.org/x/"):
        page = head(tmp_path, url)
        assert '<meta property="og:image" content="https://example.org/x/preview.png">' in page
        assert '<meta property="og:url" content="https://example.org/x/tasks/x.html">' in page


@pytest.mark.parametrize(
    "url", ["example.org", "javascript:alert(1)", 'https://example.org/"><script>', "https://a b/", "https:///?x"]
)
def test_what_is_no_address_is_refused(tmp_path, url):
    with pytest.raises(ConfigError, match="--site-url"):
        Site(tmp_path / "pages", "report", url)


def test_charts_and_pictures_go_with_the_pages_of_an_earlier_build(tmp_path):
    head(tmp_path)
    (tmp_path / "pages" / "charts").mkdir()
    own = tmp_path / "pages" / "charts" / "mine.svg"
    own.write_text("not from a build")
    Site(tmp_path / "pages", "review")
    assert not (tmp_path / "pages" / "preview.png").exists()
    assert own.exists()
