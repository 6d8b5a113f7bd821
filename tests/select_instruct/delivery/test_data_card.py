import json
import re
from xml.etree import ElementTree

import pytest
import yaml
from corpus_samples import MARKET, TEXTS, account, call, corpus, draft, origin
from huggingface_hub import DatasetCard
from markdown_it import MarkdownIt

from sevenllm_bench.corpus.leaks import NOT_FOUND
from sevenllm_bench.select_instruct.delivery.bar_chart import Bar, bar_chart
from sevenllm_bench.select_instruct.delivery.bill import write_bill
from sevenllm_bench.select_instruct.delivery.build_account import ModelAccount, StageAccount
from sevenllm_bench.select_instruct.delivery.data_card import write_data_card
from sevenllm_bench.select_instruct.delivery.training_file import write_training_file

SVG = "{http://www.w3.org/2000/svg}"
#: Names and notes that would break Markdown, HTML, YAML or SVG if they were written as they are.
HOSTILE = [
    "</details><script>alert(1)</script>",
    "a | b | c",
    "`code` ``` ~~~",
    "---\nlicense: mit\n---",
    "[x](javascript:alert(1)) ![y](http://evil.example/z.png)",
    "# heading\n\n- list\n\n| a |\n|---|\n",
    "]]> <!-- --> &amp; &#x3c;",
    "\u202egnp.exe\u2028next\x00",
    "www.evil.example http://evil.example mail@evil.example",
    "back\\slash\\| and \\` end\\",
]


def _card(folder, rows=None, **fields):
    write_data_card(folder, account(**fields), corpus() if rows is None else rows)
    return (folder / "README.md").read_text(encoding="utf-8")


def _front_matter(card):
    return yaml.safe_load(card.split("---\n")[1])


def test_front_matter_is_that_of_a_data_set_of_the_hub(tmp_path):
    card = DatasetCard(_card(tmp_path))
    assert card.data.language == ["en", "zh"]
    assert card.data.license == "other"
    assert card.data.size_categories == ["n<1K"]
    assert card.data.configs == [{"config_name": "default", "data_files": [{"split": "train", "path": "train.jsonl"}]}]


def test_one_licence_that_the_hub_knows_is_named(tmp_path):
    assert _front_matter(_card(tmp_path, corpus()[:3]))["license"] == "cc-by-4.0"
    assert _front_matter(_card(tmp_path, [draft(origin=origin(licence="ask us"))]))["license"] == "other"


def test_figures_are_those_of_the_build(tmp_path):
    """6 of 9 rows are 66.7 %; 9,000 and 3,000 tokens over 6 rows are 2,000 each."""
    card = _card(tmp_path)
    assert "6 rows in English and Chinese, written by a model from 2 texts" in card
    assert "| understanding | 1 | 1 | 2 |" in card
    assert "| Vulnerability Information Extraction | 0 | 1 |" in card
    assert "| `check` | 9 | 6 | 3 |" in card
    assert "| `check` | `grounding` | 2 |" in card
    assert "66.7% of the 9 rows that the model was asked for were accepted; 1 of the accepted ones were written a second" in card
    assert "Tokens per accepted row: 2,000. Cost in all: 0.50 US dollars." in card
    assert "| `scripted-1` | 11 | 9,000 | 3,000 | 0.5000 |" in card
    assert "| `news.example` | `CC-BY-4.0` | `allowed` | 1 | 3 |" in card
    assert "| `local files` | - | `local file` | 1 | 3 |" in card
    assert f"| `instruct` | `instruct-en 1` | `{'c' * 64}` |" in card
    assert "SEvenLLM-Bench and the embedded test rows: 1 rows resembled it" in card
    assert NOT_FOUND in card


def test_paths_and_addresses_of_the_builder_are_not_in_it(tmp_path):
    card = _card(tmp_path)
    assert "somebody" not in card
    assert "10.0.0.1" not in card


@pytest.mark.parametrize(
    ("guard", "words"),
    [("off", "**The rows were not compared with the benchmark.**"), ("embedded", "the embedded test rows, not SEvenLLM-Bench:")],
)
def test_a_weaker_guard_is_said(tmp_path, guard, words):
    assert words in _card(tmp_path, config={"quality": {"leak_guard": guard}})


def test_an_empty_corpus_has_a_card(tmp_path):
    card = _card(tmp_path, [], stages=(), models=(), drafts=0, accepted=0, config={})
    assert "0 rows in no language" in card
    assert "Tokens per accepted row: -. Cost in all: not known" in card
    assert "language" not in _front_matter(card)


def test_without_texts_the_way_to_restore_them_is_told(tmp_path):
    write_data_card(tmp_path, account(), corpus(), texts=False)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "corpus restore rows-without-texts.jsonl --texts" in card
    assert "configs" not in _front_matter(card)


def _tokens(card):
    body = card.split("---\n", 2)[2]
    parsed = MarkdownIt("gfm-like", {"linkify": False}).parse(body)
    return [token for block in parsed for token in (block, *(block.children or ()))]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_stay_text(tmp_path, hostile):
    rows = [
        draft(origin=origin(f"https://{hostile}/", licence=hostile, robots=hostile, source=hostile), calls=(call(hostile),)),
        draft(origin=origin("https://[bad", licence=hostile)),
    ]
    fields = {
        "stages": (StageAccount(name=hostile, records_in=3, records_out=2, rejected={hostile: 1}),),
        "models": (ModelAccount(name=hostile, calls=1, tokens_in=1, tokens_out=1, usd=None),),
        "config": {"seed": hostile, "model": {"name": hostile}, "select": {hostile: hostile}},
    }
    plain_tokens = _tokens(_card(tmp_path / "plain", [draft(), draft(origin=origin("https://other.example/"))]))
    card = _card(tmp_path / "hostile", rows, **fields)
    kinds = {token.type for token in _tokens(card)}
    assert kinds <= {token.type for token in plain_tokens}
    assert not kinds & {"html_block", "html_inline", "link_open"}
    assert [token.attrs["src"] for token in _tokens(card) if token.type == "image"] == [
        "plots/tasks.svg",
        "plots/funnel.svg",
        "plots/rejections.svg",
    ]
    headings = [token.tag for token in _tokens(card) if token.type == "heading_open"]
    assert headings == [token.tag for token in plain_tokens if token.type == "heading_open"]
    assert sorted(_front_matter(card)) == sorted(_front_matter(_card(tmp_path / "again", [draft(origin=origin(licence="x"))])))
    assert card.count("\u202e") == card.count("\x00") == 0
    _is_sound_svg(tmp_path / "hostile" / "plots")
    columns = [line.count("|") for line in card.splitlines() if line.startswith("|")]
    assert set(columns) == {4, 5, 6}


def _is_sound_svg(folder):
    for path in sorted(folder.iterdir()):
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        assert root.tag == f"{SVG}svg"
        assert {element.tag for element in root.iter()} <= {SVG + name for name in ("svg", "title", "desc", "rect", "text")}
        assert [root.find(f"{SVG}{name}").get("id") for name in ("title", "desc")] == root.get("aria-labelledby").split()


def test_the_longest_bar_fills_the_space_and_the_others_their_share():
    root = ElementTree.fromstring(bar_chart("Rows", "a: 30; b: 10", [Bar("a", (20, 10)), Bar("b", (10, 0)), Bar("c", (0, 0))]))
    widths = [float(bar.get("width")) for bar in root.findall(f"{SVG}rect")[1:]]
    assert widths[0] + widths[1] == pytest.approx(390, abs=0.2)
    assert widths[0] == pytest.approx(260)
    assert widths[2:] == [130.0, 0.0, 0.0, 0.0]
    assert [text.text for text in root.findall(f"{SVG}text")] == ["Rows", "a", "30", "b", "10", "c", "0"]


def test_the_same_build_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_data_card(tmp_path / name, account(), corpus())
    files = [sorted(path for path in (tmp_path / name).rglob("*") if path.is_file()) for name in ("one", "two")]
    assert len(files[0]) == 4
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_the_bill_says_of_each_row_where_it_comes_from(tmp_path):
    write_training_file(tmp_path / "train.jsonl", corpus())
    write_bill(tmp_path / "bill.jsonl", corpus(), TEXTS)
    bill = [json.loads(line) for line in (tmp_path / "bill.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["row"] for entry in bill] == [1, 2, 3, 4, 5, 6]
    second = bill[1]
    assert second["text"]["location"] == MARKET
    assert second["text"]["robots"] == "allowed"
    assert second["text"]["licence"] == "CC-BY-4.0"
    assert second["text"]["fetched"] == "2031-03-05T08:00:00+00:00"
    begin, end = second["text"]["span"]
    assert TEXTS[0].text[begin:end] == corpus()[1].input
    assert [(one["step"], one["prompt"], one["model"]) for one in second["calls"]] == [
        ("select", "select-en 1", "scripted-1"),
        ("instruct", "instruct-en 1", "scripted-1"),
    ]
    assert second["tokens"] == 500 + 60 + 900 + 100
    assert second["verdicts"] == {"scores": {"grounding": 1.0}, "findings": [], "grade": 5, "repaired": True, "review": ""}


def test_hashes_of_the_bill_are_those_that_sha256sum_gives(tmp_path):
    import subprocess

    write_training_file(tmp_path / "train.jsonl", corpus())
    write_bill(tmp_path / "bill.jsonl", corpus(), TEXTS)
    entry = json.loads((tmp_path / "bill.jsonl").read_text(encoding="utf-8").splitlines()[3])
    (tmp_path / "line").write_bytes((tmp_path / "train.jsonl").read_bytes().splitlines(keepends=True)[3])
    (tmp_path / "text").write_text(TEXTS[1].text, encoding="utf-8")
    printed = subprocess.run(["sha256sum", "line", "text"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    row, text = re.findall(r"^\w{64}", printed, re.MULTILINE)
    assert (entry["sha256"]["row"], entry["text"]["sha256"], entry["sha256"]["input"]) == (row, text, text)


def test_without_its_text_a_row_has_no_span(tmp_path):
    write_bill(tmp_path / "bill.jsonl", corpus())
    first = json.loads((tmp_path / "bill.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert (first["text"]["span"], first["text"]["sha256"], first["text"]["location"]) == (None, None, MARKET)
