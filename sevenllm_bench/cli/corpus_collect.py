"""`sevenllm-bench corpus collect`: clean texts from files, URL lists, sitemaps and feeds."""

from __future__ import annotations

import argparse

from sevenllm_bench.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "sources", nargs="+", metavar="SOURCE", help="a file, a folder, or an http(s) URL of a page, URL list, sitemap or feed"
    )
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="folder of the texts; a later call continues in it")
    parser.add_argument("--contact", default="", metavar="ADDRESS", help="your e-mail address or web page; needed for URLs")
    parser.add_argument("--licence", default="", metavar="NOTE", help="your note on rights; kept with each text")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="key=value",
        help="a key of the section collect, e.g. collect.delay=2, or executor.workers=1; all keys: docs/corpus.md",
    )


def run(arguments: argparse.Namespace) -> int:
    """Collect, and print what was found and what was left out."""
    from sevenllm_bench.io.terminal import say
    from sevenllm_bench.select_instruct.libraries_of_corpus import require_corpus_libraries

    require_corpus_libraries()
    from sevenllm_bench.select_instruct.build_corpus import collect_texts
    from sevenllm_bench.select_instruct.settings.build_config_file import read_collect_config

    if any(not change.startswith(("collect.", "executor.")) for change in arguments.changes):
        raise ConfigError("--set takes keys of the sections collect and executor, e.g. --set collect.delay=2")
    sources = [{"location": source, "licence": arguments.licence} for source in arguments.sources]
    config = read_collect_config(sources, arguments.output, arguments.contact, arguments.changes)
    collected = collect_texts(config, say)
    print(f"written: {collected.path} ({collected.texts:,} texts), what was left out: {collected.path.parent / 'rejected'}")
    return 0
