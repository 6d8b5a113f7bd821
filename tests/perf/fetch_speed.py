"""How polite, how fast and how large fetching is, over a loopback site.

    python tests/perf/fetch_speed.py [PAGES [HOSTS [DELAY [BYTES]]]]

Prints the requests per second of each host, as its server saw them, and the most memory of the process.
"""

from __future__ import annotations

import itertools
import resource
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "select_instruct" / "collect"))

from loopback_site import LoopbackSite, Page, serving

from sevenllm_bench.select_instruct.collect.fetch_step import FetchSources
from sevenllm_bench.select_instruct.collect.surroundings import Surroundings
from sevenllm_bench.select_instruct.settings.build_config import CollectSection, CorpusSource


class Loopback(Surroundings):
    """All names lead to this machine."""

    def resolver(self):
        return self

    async def addresses(self, host, port):
        return ["127.0.0.1"]


def main(pages: int, hosts: int, delay: float, size: int) -> None:
    names = [f"host{n}.example" for n in range(hosts)]
    with serving(LoopbackSite()) as site, tempfile.TemporaryDirectory() as folder:
        site.pages["/robots.txt"] = Page(f"User-agent: *\nCrawl-delay: {delay}\n".encode())
        page = Page(b"x" * size, headers={"Content-Type": "text/html"})
        site.other = lambda asked: page
        urls = Path(folder) / "urls"
        urls.write_text("".join(site.url(f"/{n}", name) + "\n" for n in range(pages) for name in names))
        allowed = tuple(f"{name}:{site.port}" for name in names)
        settings = CollectSection(contact="me@example.org", delay=0.001, private_hosts=allowed, max_pages_per_host=100_000)
        step = FetchSources((CorpusSource(location=str(urls)),), settings, f"{folder}/out", Loopback())
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        begin = time.monotonic()
        found = sum(1 for _ in step.run())
        took = time.monotonic() - begin
    times = defaultdict(list)
    for asked in site.asked:
        times[asked.host].append(asked.time)
    rates = [(len(seen) - 1) / (seen[-1] - seen[0]) for seen in times.values()]
    gaps = [later - earlier for seen in times.values() for earlier, later in itertools.pairwise(seen)]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{found} pages of {size:,} bytes of {hosts} hosts in {took:.1f} s ({found / took:.0f}/s); crawl delay {delay:g} s: "
        f"at most {max(rates):.2f} requests a second and host, {min(gaps):.3f} s between two at least; {memory:.0f} MiB "
        f"(server included), {before:.0f} before"
    )


if __name__ == "__main__":
    given = [float(argument) for argument in sys.argv[1:]]
    pages, hosts, delay, size = given + [20, 8, 0.2, 2000][len(given) :]
    main(int(pages), int(hosts), delay, int(size))
