"""Kill fetching at random moments, let it go on, and compare with an undisturbed run.

    python tests/select_instruct/collect/kill_fetching.py [SEED ...]

Every seed is ten kills (SIGKILL) of one collection. What is compared: the raw files with the bytes of each, the responses in
the WARC files, and the lines of the log. Nothing that a killed run had recorded may be asked for again.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from loopback_site import LoopbackSite, Page, html, serving

KILLS = 10
SITEMAP = '<{0} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{1}</{0}>'


def site_of_pages(port: int = 0) -> LoopbackSite:
    """Two hosts (127.0.0.1 and localhost) with lists, redirects, compressed and chunked pages, refusals and failures."""
    site = LoopbackSite(port)

    def urls(*paths: str) -> str:
        return "".join(f"<url><loc>{site.url(path)}</loc></url>" for path in paths)

    def index(asked):
        return Page(SITEMAP.format("sitemapindex", urls("/s1.xml", "/s2.xml.gz").replace("url>", "sitemap>")).encode())

    def first(asked):
        return Page(SITEMAP.format("urlset", urls(*(f"/p{n}" for n in range(30)), "/secret", "/out", "/r1", "/none")).encode())

    def second(asked):
        return Page(gzip.compress(SITEMAP.format("urlset", urls(*(f"/q{n}" for n in range(8)), "/r2", "/big")).encode(), mtime=0))

    def listed(asked):
        return Page("\n".join(site.url(f"/l{n}", "localhost") for n in range(40)).encode())

    busy = Counter[str]()

    def once_busy(asked):
        busy[asked.path] += 1
        return Page(status=429, headers={"Retry-After": "0"}) if busy[asked.path] == 1 else html("after a while")

    site.pages = {
        "/robots.txt": Page(b"User-agent: *\nDisallow: /secret\n"),
        "/index.xml": index,
        "/s1.xml": first,
        "/s2.xml.gz": second,
        "/urls": listed,
        "/out": Page(status=302, headers={"Location": "http://10.0.0.1/"}),
        "/r1": Page(status=301, headers={"Location": "/r3"}),
        "/r2": Page(status=301, headers={"Location": "/r3"}),
        "/r3": lambda asked: Page(status=302, headers={"Location": site.url("/end", "localhost")}),
        "/end": html("the end"),
        "/none": Page(status=404),
        "/big": Page(b"x" * 300_000, headers={"Content-Type": "text/html"}),
        "/p3": once_busy,
        "/l5": Page(gzip.compress(b"<html>packed" + b"y" * 9000, mtime=0), headers={"Content-Encoding": "gzip"}),
    }
    site.other = lambda asked: html(f"report {asked.path} " + "z" * random.Random(asked.path).randrange(20_000))
    return site


def fetch_into(folder: str, port: int) -> None:
    """What a child does: fetch, and write the raw files as a build does."""
    from sevenllm_bench.select_instruct.collect.fetch_step import FetchSources
    from sevenllm_bench.select_instruct.settings.build_config import CollectSection, CorpusSource
    from sevenllm_bench.select_instruct.stages.shard_files import ShardWriter

    hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
    settings = CollectSection(contact="tests@example.org", delay=0.01, private_hosts=hosts, max_bytes=200_000)
    sources = (
        CorpusSource(location=f"http://127.0.0.1:{port}/index.xml"),
        CorpusSource(location=f"http://localhost:{port}/urls", kind="urls"),
        CorpusSource(location=f"http://localhost:{port}/l3", kind="page"),
    )
    for _ in ShardWriter(Path(folder) / "raw").run(FetchSources(sources, settings, f"{folder}/fetched").run()):
        pass


def child(folder: Path, site: LoopbackSite) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, "--child", str(folder), str(site.port)])


def killed_run(folder: Path, site: LoopbackSite, chance: random.Random) -> bool:
    """Start a run and kill it some requests later, or a little time after its start; False where it was done before."""
    until = len(site.asked) + chance.randrange(1, 9)
    process = child(folder, site)
    give_up = time.monotonic() + 1.0 + chance.random()
    while len(site.asked) < until and process.poll() is None and time.monotonic() < give_up:
        time.sleep(0.0005)
    time.sleep(chance.random() * 0.01)
    process.kill()
    return process.wait() != 0


def recorded(folder: Path, port: int) -> set[str]:
    """Host and path of each response that is on record."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(folder / "fetched" / "pages.sqlite")) as database:
        rows = [json.loads(value) for (value,) in database.execute("SELECT value FROM pages")]
        return {row["url"].removeprefix("http://") for row in rows if row["warc"]}
    return set()


def results(folder: Path) -> dict[str, list[str]]:
    """What a collection holds, without times and offsets."""
    from warcio.archiveiterator import ArchiveIterator

    from sevenllm_bench.select_instruct.corpus_records import RawFile, record_of
    from sevenllm_bench.select_instruct.extract.raw_content import read_raw
    from sevenllm_bench.select_instruct.stages.shard_files import read_shard

    raw = [record_of(document, RawFile) for document in read_shard(folder / "raw" / "00000.jsonl")]
    contents = [read_raw(file, str(folder / "fetched")).hex() for file in raw]
    files = []
    for file, content in zip(raw, contents, strict=True):
        origin = file.origin.model_copy(update={"warc": None, "fetched": None})
        files.append(file.model_copy(update={"origin": origin}).model_dump_json() + content)
    responses = []
    for path in sorted((folder / "fetched" / "warc").iterdir()):
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                url, status = record.rec_headers.get_header("WARC-Target-URI"), record.http_headers.get_statuscode()
                responses.append(f"{url} {status} {record.content_stream().read().hex()}")
    lines = [json.loads(line) for line in (folder / "fetched" / "log.jsonl").read_text("utf-8").splitlines()]
    log = [json.dumps({**line, "time": ""}) for line in lines if line["event"] != "wait"]
    return {"raw files": files, "responses": sorted(responses), "log": sorted(log)}


def compare(seed: int, folder: Path) -> str:
    """One seed: a line with figures.

    Raises:
        AssertionError: Something differs.
    """
    chance = random.Random(seed)
    with serving(site_of_pages()) as site:
        assert child(folder / "whole", site).wait() == 0
        port, whole = site.port, len(site.asked)
    with serving(site_of_pages(port)) as site:
        kills, again = 0, Counter[str]()
        known: set[str] = set()
        for _ in range(KILLS):
            before = len(site.asked)
            kills += killed_run(folder / "killed", site, chance)
            again.update({f"{asked.host}{asked.path}" for asked in site.asked[before:]} & known)
            known = recorded(folder / "killed", port)
        before = len(site.asked)
        assert child(folder / "killed", site).wait() == 0
        again.update({f"{asked.host}{asked.path}" for asked in site.asked[before:]} & known)
        asked = len(site.asked)
    expected, found = results(folder / "whole"), results(folder / "killed")
    for name, lines in expected.items():
        assert found[name] == lines, f"seed {seed}: {name} differ: {set(found[name]) ^ set(lines)}"
        assert len(set(lines)) == len(lines), f"seed {seed}: {name} are there twice"
    assert not again, f"seed {seed}: recorded, and asked for again: {again}"
    counts = ", ".join(f"{len(lines)} {name}" for name, lines in expected.items())
    return f"seed {seed}: {kills} kills, {counts} equal; {asked} requests, {whole} undisturbed; none for what was recorded"


def main(seeds: list[int]) -> None:
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            print(compare(seed, Path(folder)), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        fetch_into(sys.argv[2], int(sys.argv[3]))
    else:
        main([int(argument) for argument in sys.argv[1:]] or [1])
