"""`sevenllm-bench corpus restore`: the texts put back into rows that were passed on without them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sevenllm_bench.cli.output import check_outputs
from sevenllm_bench.errors import ConfigError, DataError
from sevenllm_bench.io.files import user_path
from sevenllm_bench.text.display import printable

if TYPE_CHECKING:
    from sevenllm_bench.select_instruct.delivery.restored_rows import Missing

#: Places of missing rows that are named, and rows of each.
_NAMED = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Writes train.jsonl from rows without texts and the texts, collected again. Each input is compared with its sha256, and "
        "the whole file with that of the original, of which it is a copy, byte for byte."
    )
    parser.add_argument("rows", metavar="ROWS", help="the file of rows without texts (rows-without-texts.jsonl of a build)")
    parser.add_argument("--texts", required=True, metavar="TEXTS", help="the texts: texts.jsonl of `corpus collect`")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where to write the training file")
    parser.add_argument(
        "--allow-missing", action="store_true", help="leave out rows whose text is missing or changed; exit code 1"
    )


def run(arguments: argparse.Namespace) -> int:
    """Restore the rows; exit code 1 where some had to be left out."""
    from sevenllm_bench.select_instruct.delivery.restored_rows import restore
    from sevenllm_bench.select_instruct.stages.shard_files import WholeFile

    rows, texts = user_path(arguments.rows, DataError), user_path(arguments.texts, DataError)
    output = user_path(arguments.output, ConfigError)
    check_outputs({"-o": arguments.output}, [rows, texts])
    restored = restore(rows, texts)
    named = _named(restored.missing)
    if restored.missing and not arguments.allow_missing:
        raise DataError(
            "\n".join([f"{_rows(len(restored.missing))} can't be restored, nothing was written:", *named])
            + "\n  collect their texts again, or leave the rows out with --allow-missing"
        )
    try:
        with WholeFile(output) as file:
            for line in restored.lines:
                file.write_line(line)
    except OSError as problem:
        raise ConfigError(f"-o {output}: can't be written ({problem.strerror or problem})") from None
    if restored.moved:
        print(f"{restored.moved:,} rows are from texts that were changed since, in other parts")
    if restored.missing:
        print("\n".join([f"left out {_rows(len(restored.missing))}:", *named]))
    print(f"written: {output} ({len(restored.lines):,} rows{'' if restored.missing else ', the same bytes as the original'})")
    return 1 if restored.missing else 0


def _named(missing: Sequence[Missing]) -> list[str]:
    """A line for each place and reason, with its rows."""
    places: dict[tuple[str, str], list[int]] = {}
    for one in missing:
        places.setdefault((one.location, one.reason), []).append(one.row)
    lines = [f"  {printable(location)}: {reason} ({_numbers(rows)})" for (location, reason), rows in places.items()]
    more = len(lines) - _NAMED
    return [*lines[:_NAMED], *([f"  and {more:,} more places"] if more > 0 else [])]


def _numbers(rows: Sequence[int]) -> str:
    more = f" and {len(rows) - _NAMED:,} more" if len(rows) > _NAMED else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {', '.join(map(str, rows[:_NAMED]))}{more}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
