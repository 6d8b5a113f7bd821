"""`sevenllm-bench corpus check`: a training file compared with the benchmark, and written again without overlaps."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from sevenllm_bench.cli.output import check_outputs, json_text, write_text
from sevenllm_bench.cli.shared_options import whole
from sevenllm_bench.cli.table import print_table
from sevenllm_bench.data.benchmark import load_benchmark
from sevenllm_bench.data.rows import Row, read_rows
from sevenllm_bench.errors import ConfigError, DataError
from sevenllm_bench.io.files import is_file, read_bytes, user_path
from sevenllm_bench.text.display import printable

if TYPE_CHECKING:
    from sevenllm_bench.corpus.check_report import CheckReport, Proposals
    from sevenllm_bench.corpus.retellings import Retelling

#: What `--against` means beside the name of a file.
_OFFICIAL, _EMBEDDED = "official", "embedded"
#: Records between two lines of progress.
_PROGRESS = 10_000
#: Bytes in which a file says that its rows are without texts.
_START = 200
#: A folder of a build or a data set holds this.
_TRAIN = "train.jsonl"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Compares every record of a training file with the benchmark, field by field, by the guard that fine-tuning uses: exact "
        "copies, n-grams in order, pairs of words in any order. Exit code 0: no overlap; 1: overlaps; 2: a mistake in the input."
    )
    parser.add_argument(
        "train", metavar="TRAIN", help="the file, in any format that finetune reads: JSON lines, a JSON array, CSV, Parquet"
    )
    parser.add_argument(
        "--against",
        metavar="TEST",
        default=_OFFICIAL,
        help="official (the benchmark and the embedded test rows; the default), embedded (those alone), or a file of rows in the "
        "official format",
    )
    parser.add_argument(
        "--format",
        choices=("auto", "sevenllm", "alpaca", "sharegpt", "messages", "prompt-completion"),
        default="auto",
        help="format of the records (default: inferred from their columns)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the file without overlaps, in the same format")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON, with every overlap")
    parser.add_argument("--markdown", metavar="FILE", help="write the report as Markdown")
    parser.add_argument(
        "--semantic",
        metavar="MODEL",
        help="propose retellings for review, by a bi-encoder of sentence-transformers: a folder, or a name on the Hub with an "
        "optional @revision; nothing is left out for it",
    )
    parser.add_argument("--threshold", type=_cosine, metavar="COSINE", help="least similarity that is proposed (default: 0.75)")
    parser.add_argument("--review", metavar="FILE", help="write all proposed retellings as JSON lines")
    parser.add_argument("--processes", type=whole(1), metavar="N", help="processes at work (default: one per core, at most 8)")
    parser.add_argument(
        "--data-dir", metavar="DIR", help="folder of the official test.jsonl (default: SEVENLLM_DATA_DIR, or the Hub)"
    )
    parser.add_argument("--allow-modified", action="store_true", help="accept a benchmark file whose sha256 differs")


def run(arguments: argparse.Namespace) -> int:
    """Compare, print the table, write the files asked for; 1 where there are overlaps."""
    from sevenllm_bench.corpus.benchmark_check import check_file
    from sevenllm_bench.corpus.check_report import CheckReport, as_json, as_markdown

    train = _train_file(arguments.train)
    _check_options(arguments, train)
    benchmark, described = _benchmark(arguments)
    output = user_path(arguments.output, ConfigError) if arguments.output else None
    semantic = _Semantic(arguments, benchmark) if arguments.semantic else None
    found = check_file(
        train,
        benchmark,
        output,
        arguments.format,
        arguments.processes,
        watch=semantic.search.add if semantic else None,
        progress=_Progress(),
    )
    proposals = semantic.proposals() if semantic else None
    report = CheckReport(printable(train.name), described, found, proposals)
    _print(report)
    if output:
        print(f"written: {output} ({found.kept:,} records)")
    if arguments.json:
        write_text("--json", arguments.json, json_text(as_json(report)))
    if arguments.markdown:
        write_text("--markdown", arguments.markdown, as_markdown(report))
    return 0 if found.is_clean else 1


def _train_file(name: str) -> Path:
    path = user_path(name, DataError)
    path = path / _TRAIN if path.is_dir() else path
    if not path.is_file():
        raise DataError(f"{name}: {f'no {_TRAIN} in this folder' if path.name == _TRAIN else 'no such file'}")
    _require_texts(path)
    return path


def _require_texts(path: Path) -> None:
    """Refuse rows that were passed on without their texts: what they lack can't be compared."""
    with path.open("rb") as file:
        if b'"sevenllm-bench rows without texts' in file.read(_START):
            raise DataError(f"{path}: its rows are without their texts; put them back first: sevenllm-bench corpus restore")


def _check_options(arguments: argparse.Namespace, train: Path) -> None:
    outputs = {"-o": arguments.output, "--json": arguments.json, "--markdown": arguments.markdown, "--review": arguments.review}
    against = arguments.against if arguments.against not in (_OFFICIAL, _EMBEDDED) else None
    check_outputs(outputs, [train, arguments.data_dir, against])
    for option in ("threshold", "review"):
        if getattr(arguments, option) is not None and not arguments.semantic:
            raise ConfigError(f"--{option} is about retellings: name an encoder with --semantic")


def _benchmark(arguments: argparse.Namespace) -> tuple[list[Row], list[dict[str, Any]]]:
    """The rows to compare with, and what identifies them.

    Raises:
        DataError: They are not available.
    """
    if arguments.against not in (_OFFICIAL, _EMBEDDED):
        return _own_rows(user_path(arguments.against, DataError))
    sets = [load_benchmark(_EMBEDDED)]
    if arguments.against == _OFFICIAL:
        try:
            sets.append(load_benchmark(_OFFICIAL, arguments.data_dir, arguments.allow_modified))
        except DataError as error:
            raise DataError(f"{error}\n  - or compare with the embedded test rows only: --against embedded") from None
    rows = [row for one in sets for row in one.rows]
    return rows, [{**one.description, "rows": len(one.rows)} for one in sets]


def _own_rows(path: Path) -> tuple[list[Row], list[dict[str, Any]]]:
    if not is_file(path):
        raise DataError(f"--against {path}: neither {_OFFICIAL}, {_EMBEDDED} nor a file of rows in the official format")
    content, name = read_bytes(path, DataError), printable(path.name, 80)
    rows = list(read_rows(content, str(path), name))
    return rows, [{"name": name, "sha256": hashlib.sha256(content).hexdigest(), "rows": len(rows)}]


class _Semantic:
    """The search for retellings, its encoder, and the list for review, which is written as it grows."""

    def __init__(self, arguments: argparse.Namespace, benchmark: list[Row]) -> None:
        from sevenllm_bench.corpus.retellings import THRESHOLD, RetellingSearch
        from sevenllm_bench.encoders.sentence_embedder import embedder_for, model_from

        model = model_from(arguments.semantic)
        if model is None:
            raise ConfigError(f"--semantic {arguments.semantic}: name a model of sentence-transformers, or leave the option out")
        self._threshold = THRESHOLD if arguments.threshold is None else arguments.threshold
        self._embedder = embedder_for(model)
        self._list = _opened(arguments.review) if arguments.review else None
        self.search = RetellingSearch(benchmark, self._embedder, self._threshold, self._write)

    def _write(self, retelling: Retelling) -> None:
        if self._list:
            self._list.write(json.dumps(asdict(retelling), ensure_ascii=False) + "\n")

    def proposals(self) -> Proposals:
        """What was found, once all records are read; the list is whole then."""
        from sevenllm_bench.corpus.check_report import Proposals

        self.search.finish()
        if self._list:
            self._list.close()
            print(f"written: {self._list.name} ({self.search.found:,} possible retellings)")
        return Proposals(self._embedder.describe(), self._threshold, self.search.found, self.search.best)


def _opened(name: str) -> TextIO:
    try:
        return user_path(name, ConfigError).open("w", encoding="utf-8", errors="replace")
    except OSError as problem:
        raise ConfigError(f"--review {name}: can't be written ({problem.strerror or problem})") from None


class _Progress:
    """A line on standard error for every so many records."""

    def __init__(self) -> None:
        self._said = 0

    def __call__(self, records: int) -> None:
        if records - self._said >= _PROGRESS:
            self._said = records
            print(f"compared: {records:,} records", file=sys.stderr)


def _print(report: CheckReport) -> None:
    from sevenllm_bench.corpus.check_report import COLUMNS, duplicates_line, overlap_rows, verdict
    from sevenllm_bench.corpus.leaks import NOT_FOUND

    check = report.check
    compared_with = " and ".join(f"{one['name']} ({one['rows']:,} rows)" for one in report.benchmark)
    print(f"{report.train}: {check.records:,} records in the format {check.form}, compared with {compared_with}")
    if check.overlaps:
        print_table("overlaps:", COLUMNS, overlap_rows(check))
    for why, count in check.left_out.most_common():
        print(f"no example to train on, compared as plain text: {count:,} ({printable(why)})")
    print(duplicates_line(check))
    if report.proposals:
        print(
            f"{report.proposals.found:,} records may be retellings (cosine of {report.proposals.threshold:g} or more): read them "
            "in the report (--markdown, --json) or the list (--review); none was left out"
        )
    print(verdict(check))
    print(NOT_FOUND)


def _cosine(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not in (0, 1]")
    return value


_cosine.__name__ = "cosine"
