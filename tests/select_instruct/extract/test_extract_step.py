"""The steps of extraction and of near-duplicates, as pipeline steps."""

import hashlib
import json
from pathlib import Path

import dill
import pytest

from sevenllm_bench.select_instruct.corpus_records import Origin, RawFile, SourceText, document_of, record_of
from sevenllm_bench.select_instruct.extract.extract_step import ExtractTexts
from sevenllm_bench.select_instruct.extract.near_duplicate_step import LeaveOutNearDuplicates
from sevenllm_bench.select_instruct.settings.build_config import CollectSection

EN = (
    "The attackers entered the network of the company in March and copied the files of the finance department to 203.0.113[.]7."
    " They came back in April, and used the same password for the mail server, which nobody had changed since the first case."
)
ZH = "攻击者在三月入侵了该公司的网络,并将财务部门的文件复制到203.0.113[.]7。四月,他们再次返回,并使用同一口令登录邮件服务器。" * 4
DE = (
    "Die Angreifer drangen im März in das Netz der Firma ein und kopierten die Dateien der Buchhaltung auf einen fremden Rechner."
    * 3
)


@pytest.fixture
def extract(tmp_path):
    """Runs the step over files of given names and bytes; gives texts, and reasons by file."""

    def run(files: dict[str, bytes], settings: CollectSection | None = None, **further):
        documents = []
        for name, data in files.items():
            path = tmp_path / name
            path.write_bytes(data)
            types = {"html": "text/html", "txt": "text/plain", "jsonl": "application/jsonl", "md": "text/markdown"}
            origin = Origin(source="mine", location=name, licence="CC0", sha256=hashlib.sha256(data).hexdigest())
            media_type = types[path.suffix[1:]]
            documents.append(document_of(RawFile(id=name, origin=origin, path=str(path), media_type=media_type, **further)))
        step = ExtractTexts(settings or CollectSection(), tmp_path, tmp_path / "rejected", {"mine": "body"})
        texts = [record_of(document, SourceText) for document in step.run(documents)]
        lines = (tmp_path / "rejected" / "extract" / "00000.jsonl").read_text(encoding="utf-8").splitlines()
        return texts, [(line["id"], line["check"], line["reason"]) for line in map(json.loads, lines)]

    return run


def test_texts_of_both_languages(extract):
    texts, rejected = extract({"a.txt": f"A title\n\n2024-02-03\n\n{EN}".encode(), "b.txt": ZH.encode("gb18030")})
    assert rejected == []
    assert [(text.language, text.title, text.published) for text in texts] == [("en", "A title", "2024-02-03"), ("zh", "", None)]
    assert texts[0].text == f"2024-02-03\n\n{EN}"
    assert texts[0].origin.licence == "CC0"


def test_every_example_report_gives_a_text(tmp_path):
    """As a build reads them: all files of the folder, none rejected, none a near-duplicate of another."""
    folder = Path(__file__).parents[3] / "examples" / "corpus" / "reports"
    types = {
        ".html": "text/html",
        ".md": "text/markdown",
        ".txt": "text/plain",
        ".pdf": "application/pdf",
        ".jsonl": "application/jsonl",
    }
    documents = []
    for path in sorted(folder.rglob("*.*")):
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        origin = Origin(source="reports", location=path.relative_to(folder).as_posix(), sha256=sha256)
        documents.append(document_of(RawFile(id=path.name, origin=origin, path=str(path), media_type=types[path.suffix])))
    texts = ExtractTexts(CollectSection(), tmp_path, tmp_path).run(documents)
    kept = [record_of(document, SourceText) for document in LeaveOutNearDuplicates(tmp_path).run(texts)]
    assert sorted(text.language for text in kept) == ["en"] * 13 + ["zh"] * 13
    assert [text.title for text in kept if not text.title] == []
    assert (
        (tmp_path / "extract" / "00000.jsonl").read_bytes() == (tmp_path / "near-duplicates" / "00000.jsonl").read_bytes() == b""
    )


def test_reasons(extract):
    files = {"de.txt": DE.encode(), "short.txt": b"Too short.", "bin.txt": bytes(1000), "numbers.txt": b"192.0.2[.]1 " * 40}
    _, rejected = extract(files)
    assert rejected == [
        ("de.txt", "language", "de.txt is in the language 'de'; only English and Chinese are used"),
        ("short.txt", "too-short", "short.txt has 10 characters of text; min_characters is 200"),
        ("bin.txt", "extract", "bin.txt is no text, or in an unknown charset"),
        ("numbers.txt", "language", "numbers.txt is in no language that could be told; only English and Chinese are used"),
    ]


def test_mixed_texts_go_by_their_prose(extract):
    mixed = {
        "zh.txt": (ZH + "\n\nSHA-256 Command and Control PowerShell " * 4).encode(),
        "en.txt": (EN * 3 + " 银狐 (Silver Fox)").encode(),
    }
    texts, rejected = extract(mixed)
    assert rejected == []
    assert [text.language for text in texts] == ["zh", "en"]


def test_records_of_json_lines(extract):
    lines = [
        {"body": EN, "title": "One", "date": "2024-01-02T00:00:00Z", "url": "https://a.example/1"},
        {"text": EN},
        {"body": f"{ZH}\n{ZH}", "url": "file:///etc/passwd"},
        {"body": EN},
    ]
    data = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n\nno json\n"
    texts, rejected = extract({"r.jsonl": data.encode()})
    assert [(text.title, text.published, text.origin.location) for text in texts] == [
        ("One", "2024-01-02", "https://a.example/1"),
        ("", None, "r.jsonl"),
        ("", None, "r.jsonl"),
    ]
    assert [reason for _, _, reason in rejected] == ["r.jsonl line 2 has no text under 'body'", "r.jsonl line 6 is not JSON"]
    assert len({text.id for text in texts}) == 3


def test_ids_are_the_same_in_every_run_and_follow_the_brief_rule(extract):
    (text,), _ = extract({"a.txt": EN.encode()})
    sha256 = hashlib.sha256(EN.encode()).hexdigest()
    assert text.id == hashlib.sha256(f"a.txt\n0\n{sha256}".encode()).hexdigest()[:16]


def test_what_a_feed_said_comes_first(extract):
    texts, _ = extract({"a.txt": f"Other title\n\n2020-01-01 {EN}".encode()}, title="From the feed", published="2024-05-05")
    assert (texts[0].title, texts[0].published) == ("From the feed", "2024-05-05")


def test_bounds_of_the_settings(extract):
    files = {"a.txt": EN.encode()}
    assert extract(files, CollectSection(max_bytes=100))[1][0][2] == "a.txt has more than 100 bytes"
    assert extract(files, CollectSection(min_characters=5000))[1][0][1] == "too-short"


def test_a_missing_file_is_a_reason(tmp_path):
    origin = Origin(source="s", location="gone.html", sha256="0")
    step = ExtractTexts(CollectSection(), tmp_path, tmp_path / "rejected")
    missing = document_of(RawFile(id="x", origin=origin, path=str(tmp_path / "gone.html"), media_type="text/html"))
    assert list(step.run([missing])) == []
    assert step.stats.stats["rejected: extract"].total == 1


def test_a_file_that_changed_is_a_reason(tmp_path):
    (tmp_path / "a.txt").write_text(EN)
    origin = Origin(source="s", location="a.txt", sha256=hashlib.sha256(b"other").hexdigest())
    step = ExtractTexts(CollectSection(), tmp_path, tmp_path / "rejected")
    changed = document_of(RawFile(id="x", origin=origin, path=str(tmp_path / "a.txt"), media_type="text/plain"))
    assert list(step.run([changed])) == []
    assert "has changed since it was collected" in (tmp_path / "rejected" / "extract" / "00000.jsonl").read_text()


def test_steps_travel_to_other_processes(tmp_path):
    step = ExtractTexts(CollectSection(), tmp_path, tmp_path / "rejected")
    list(step.run([]))
    assert dill.loads(dill.dumps(step)).settings == step.settings


def texts_of(*texts: str):
    origin = Origin(source="s", location="x", sha256="0")
    return [
        document_of(SourceText(id=f"{number:02}", origin=origin, title="", published=None, language="en", text=text))
        for number, text in enumerate(texts)
    ]


def kept_ids(documents, tmp_path):
    step = LeaveOutNearDuplicates(tmp_path)
    kept = [document.id for document in step.run(documents)]
    lines = (tmp_path / "near-duplicates" / "00000.jsonl").read_text(encoding="utf-8").splitlines()
    return kept, [(line["id"], line["check"], line["reason"]) for line in map(json.loads, lines)]


def test_near_duplicates_of_each_kind(tmp_path):
    other = (
        "A phishing kit asks for the second factor of customers of three banks, and sends what they type to a channel of its own."
        * 2
    )
    documents = texts_of(EN * 2, other, EN * 2 + " One more sentence.", f"Site banner. {EN} {EN}", EN.upper() * 2, ZH)
    kept, rejected = kept_ids(documents, tmp_path)
    assert kept == ["00", "01", "05"]
    assert rejected == [(name, "near-duplicate", "nearly equals 00 (x)") for name in ("02", "03", "04")]


def test_the_order_of_arrival_does_not_matter(tmp_path):
    documents = texts_of(EN, ZH, EN + " More.", ZH + "更多。", DE)
    assert kept_ids(documents[::-1], tmp_path) == kept_ids(documents, tmp_path)


def test_the_same_text_under_one_id_is_kept_once(tmp_path):
    assert kept_ids([*texts_of(EN), *texts_of(EN), *texts_of(EN)], tmp_path)[0] == ["00"]


def test_no_text(tmp_path):
    assert kept_ids([], tmp_path) == ([], [])
