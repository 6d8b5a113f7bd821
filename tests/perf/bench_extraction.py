"""Pages per second through extraction, language and near-duplicates, and the same pipeline under Ray.

    python tests/perf/bench_extraction.py FOLDER [--pages 20000] [--workers 2] [--executors local ray]

Pages of about 6 kB, half of them Chinese, have navigation, a banner, related articles, hidden text, indicators and a table; their
text is made of sentences of the embedded rows, each with a word of its own. Each twentieth page is an earlier one with another
beginning. The files that both executors leave are compared byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import string
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sevenllm_bench.corpus.spoken_language import language_of_prose
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.select_instruct.corpus_records import Origin, RawFile, document_of
from sevenllm_bench.select_instruct.extract.any_file import ReadingTask, reports_in
from sevenllm_bench.select_instruct.extract.extract_step import ExtractTexts
from sevenllm_bench.select_instruct.extract.found_text import FoundText
from sevenllm_bench.select_instruct.extract.near_duplicate_step import LeaveOutNearDuplicates
from sevenllm_bench.select_instruct.settings.build_config import CollectSection
from sevenllm_bench.select_instruct.stages.shard_files import ShardReader, ShardWriter, WholeFile

SHARDS = 8
PAGE = """<!DOCTYPE html><html lang="{language}"><head><meta charset="{charset}"><title>{title} | Lab</title>
<meta property="article:published_time" content="2024-0{month}-1{month}T08:00:00Z"><script>var x = {{}};</script></head><body>
<header><nav><ul>{links}</ul></nav></header><main><article><h1>{title}</h1>
<div class="share-bar"><a href="#">X</a><a href="#">Mastodon</a></div>{paragraphs}
<table><tr><th>Type</th><th>Value</th></tr>{rows}</table><p style="display:none">cache {number}</p><!-- page {number} -->
</article><section class="related"><h3>Related</h3><ul>{links}</ul></section></main>
<div class="cookie-banner"><p>We use cookies. <button>Accept</button></p></div><footer>&copy; Lab</footer></body></html>"""


def main() -> None:
    """Make the pages, run both executors, compare."""
    parser = argparse.ArgumentParser(description="Speed of extraction, and Ray against the local executor.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--executors", nargs="+", choices=["local", "ray"], default=["local", "ray"])
    arguments = parser.parse_args()
    write_pages(arguments.folder, arguments.pages)
    print(f"processor time of one page: {1000 * processor_time(arguments.folder / 'pages'):.1f} ms", flush=True)
    hashes = {}
    for kind in arguments.executors:
        build = arguments.folder / kind
        begin = time.perf_counter()
        run(kind, arguments.folder, build, arguments.workers)
        wall = time.perf_counter() - begin
        hashes[kind] = hashes_of(build)
        print(f"{kind}: {arguments.pages / wall:,.0f} pages/s, {wall:.1f} s", flush=True)
        print(f"{kind}: {count(build / 'texts'):,} texts, {count(build / 'kept'):,} kept, {len(hashes[kind])} files", flush=True)
    if len(hashes) == 2:
        print("the same files, byte for byte" if hashes["local"] == hashes["ray"] else "the files DIFFER")


def write_pages(folder: Path, count: int) -> None:
    """Pages and the records of them, in shards."""
    chance = random.Random(7)
    rows = embedded_split("test")
    sentences = {
        language: [
            part for row in rows if row.language == language for part in re.split(r"(?<=[.。;；])", row.input) if len(part) > 10
        ]
        for language in ("en", "zh")
    }
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    before: dict[str, list[str]] = {"en": [], "zh": []}
    for shard in range(SHARDS):
        with WholeFile(folder / "raw" / f"{shard:05d}.jsonl") as file:
            for number in range(shard, count, SHARDS):
                language = "zh" if number // SHARDS % 2 else "en"
                page = _page(chance, sentences[language], before, language, number)
                file.write(_record(folder / "pages" / f"{number:06d}.html", page))


def _page(chance: random.Random, sentences: list[str], before: dict[str, list[str]], language: str, number: int) -> bytes:
    if chance.random() < 0.05 and before[language]:
        text = f"<p>{chance.choice(sentences)}</p>{chance.choice(before[language])}"
    else:
        text = "".join(f"<p>{_paragraph(chance, sentences)}</p>\n" for _ in range(8))
        before[language] = [*before[language][-200:], text]
    links = "".join(f'<li><a href="/{place}">{"页面" if language == "zh" else "Page"} {place}</a></li>' for place in range(12))
    rows = "".join(f"<tr><td>SHA-256</td><td>{chance.randbytes(32).hex()}</td></tr>" for _ in range(5))
    charset = "gb18030" if language == "zh" and number % 3 == 0 else "utf-8"
    title = ("报告" if language == "zh" else "Report") + f" {number}"
    page = PAGE.format(
        language=language,
        charset=charset,
        title=title,
        month=1 + number % 9,
        links=links,
        paragraphs=text,
        rows=rows,
        number=number,
    )
    return page.encode(charset)


def _paragraph(chance: random.Random, sentences: list[str]) -> str:
    text = ""
    while len(text.encode()) < 450:
        sentence = chance.choice(sentences)
        place = chance.randrange(len(sentence))
        text += f"{sentence[:place]} {''.join(chance.choices(string.ascii_lowercase, k=6))} {sentence[place:]}"
    return text.replace("<", " ").replace("&", " ") + f" 203.0.113[.]{chance.randrange(256)}"


def _record(path: Path, page: bytes) -> dict[str, Any]:
    path.write_bytes(page)
    origin = Origin(source="pages", location=path.name, sha256=hashlib.sha256(page).hexdigest())
    document = document_of(RawFile(id=path.stem, origin=origin, path=str(path.resolve()), media_type="text/html"))
    return {"id": document.id, "text": document.text, "metadata": document.metadata}


def run(kind: str, folder: Path, build: Path, workers: int) -> None:
    """Both stages under one executor."""
    extract = [
        ShardReader(folder / "raw"),
        ExtractTexts(CollectSection(), build, build / "rejected"),
        ShardWriter(build / "texts"),
    ]
    unique = [ShardReader(build / "texts"), LeaveOutNearDuplicates(build / "rejected"), ShardWriter(build / "kept")]
    for name, steps, tasks in (("extract", extract, SHARDS), ("unique", unique, 1)):
        begin = time.perf_counter()
        _executor(kind, steps, tasks, workers, str(build / "logs" / name)).run()
        print(f"{kind}: {name} took {time.perf_counter() - begin:.1f} s", flush=True)


def _executor(kind: str, steps: list[Any], tasks: int, workers: int, logs: str) -> Any:
    if kind == "local":
        from datatrove.executor.local import LocalPipelineExecutor

        return LocalPipelineExecutor(pipeline=steps, tasks=tasks, workers=workers, logging_dir=logs)
    import ray
    from datatrove.executor.ray import RayPipelineExecutor

    if not ray.is_initialized():
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    return RayPipelineExecutor(pipeline=steps, tasks=tasks, workers=workers, logging_dir=logs, mem_per_cpu_gb=1)


def hashes_of(build: Path) -> dict[str, str]:
    """Hash of each file that the stages left, logs aside."""
    return {
        path.relative_to(build).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("texts", "kept", "rejected")
        for path in sorted((build / part).rglob("*.jsonl"))
    }


def count(folder: Path) -> int:
    """Records in a folder."""
    return sum(1 for path in folder.glob("*.jsonl") for line in _lines(path) if json.loads(line))


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def processor_time(folder: Path) -> float:
    """Seconds of this process for a page, extraction and language: what other work on the machine doesn't change."""
    pages = [path.read_bytes() for path in sorted(folder.iterdir())[:500]]
    task = ReadingTask("text/html")
    list(reports_in(pages[0], task))  # loads the libraries
    begin = time.process_time()
    for page in pages:
        for found in reports_in(page, task):
            assert isinstance(found, FoundText)
            language_of_prose(found.text.split("\n\n"))
    return (time.process_time() - begin) / len(pages)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
