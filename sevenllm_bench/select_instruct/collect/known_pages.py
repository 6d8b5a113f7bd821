"""What is known of each URL: kept in `pages.sqlite`, with the log of decisions, so that nothing is fetched twice.

With other settings or sources a new round begins: what failed or was refused is looked at again. With `refresh` a new one begins
after each that was finished, and what was fetched is asked for again too. A run after a kill stays in its round.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.collect.one_request import WebResponse
from sevenllm_bench.select_instruct.collect.refusals import OutOfTimeError
from sevenllm_bench.select_instruct.collect.warc_archive import WarcArchive
from sevenllm_bench.text.unicode import encodable

_TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pages (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS log (number INTEGER PRIMARY KEY, round INTEGER, event TEXT, url TEXT, reason TEXT, line TEXT,
    UNIQUE (round, event, url, reason));
"""


@dataclass(frozen=True)
class KnownPage:
    """What is known of a URL.

    Attributes:
        url: The URL.
        outcome: "page" (200), "redirect", "other" (another answer of the server), "failed" or "refused".
        round: The round in which that was found.
        reason: Why it failed or was refused; of other answers, the status.
        target: Where a redirect leads.
        warc: "FILE:OFFSET" of the response in the folder `warc`.
        content_type: The header.
        coding: The header `Content-Encoding`.
        etag: The header.
        last_modified: The header.
        fetched: When it was fetched, ISO 8601.
        sha256: Of the body without its coding.
        robots: Decision of robots.txt.
        start: First characters of the body, one for each byte.
        text: Of a robots.txt, its content.
    """

    url: str
    outcome: str
    round: int = 0
    reason: str = ""
    target: str = ""
    warc: str = ""
    content_type: str = ""
    coding: str = ""
    etag: str = ""
    last_modified: str = ""
    fetched: str = ""
    sha256: str = ""
    robots: str = ""
    start: str = ""
    text: str = ""


def count_unread(folder: Path) -> int:
    """Files and pages that the last round refused, failed to read, or had no time for; 0 where there was none."""
    path = folder / "pages.sqlite"
    if not path.is_file():
        return 0
    with closing(sqlite3.connect(path)) as database:
        statement = (
            "SELECT COUNT(DISTINCT url) FROM log WHERE (event IN ('refused', 'failed') OR reason = ?) "
            "AND round = (SELECT CAST(value AS INTEGER) FROM about WHERE key = 'round')"
        )
        return int(database.execute(statement, (OutOfTimeError.reason,)).fetchone()[0])


class KnownPages:
    """The folder of a collection, for one process at a time; use it as a context."""

    def __init__(self, folder: Path) -> None:
        """Keep everything under `folder`."""
        self.folder = folder

    def __enter__(self) -> KnownPages:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / "lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise ConfigError(f"{self.folder}: another process is collecting into this folder; wait for it or end it") from None
        try:
            self._open()
        except sqlite3.Error as error:
            self._lock.close()
            path = self.folder / "pages.sqlite"
            raise ConfigError(f"{path}: can't be used ({error}); remove {self.folder} to fetch everything again") from None
        return self

    def _open(self) -> None:
        self._database = sqlite3.connect(self.folder / "pages.sqlite", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_TABLES)
        self.round = int(self._about("round") or 0)
        self._archive = WarcArchive(self.folder / "warc", self._about("end"))
        self._write_log_again()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._archive.close()
        self._log.close()
        self._database.close()
        self._lock.close()

    def begin(self, wanted: str, refresh: bool) -> None:
        """Go on with the round that was left, or begin the next.

        Args:
            wanted: All settings and sources.
            refresh: Whether a finished round is followed by another of the same.
        """
        finished = refresh and self._about("finished") == str(self.round)
        if not self.round or finished or self._about("wanted") != wanted:
            self.round += 1
            self._note({"round": str(self.round), "wanted": wanted})

    def finish(self) -> None:
        """Note that this round is done."""
        self._note({"finished": str(self.round)})

    def find(self, key: str) -> KnownPage | None:
        """What is known of a URL."""
        row = self._database.execute("SELECT value FROM pages WHERE key = ?", (key,)).fetchone()
        return KnownPage(**json.loads(row[0])) if row else None

    def put(self, key: str, page: KnownPage, answer: WebResponse | None = None, now: float = 0.0) -> KnownPage:
        """Keep what was found in this round, and the response it is from; it is on the disk when this returns."""
        page = replace(page, round=self.round)
        about = {}
        if answer is not None:
            begin, about["end"] = self._archive.add(page.url, answer, now)
            page = replace(page, warc=begin, fetched=datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute("INSERT OR REPLACE INTO pages VALUES (?, ?)", (key, json.dumps(asdict(page))))
        self._insert_about(about)
        self._database.execute("COMMIT")
        return page

    def log(self, event: str, url: str, reason: str, now: float) -> None:
        """Note a decision, once per round."""
        when = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        url, reason = encodable(url[:2100]), encodable(reason)
        fields = {"time": when, "event": event, "url": url, "reason": reason}
        line = json.dumps(fields, ensure_ascii=False)
        statement = "INSERT OR IGNORE INTO log (round, event, url, reason, line) VALUES (?, ?, ?, ?, ?)"
        if self._database.execute(statement, (self.round, event, url, reason, line)).rowcount:
            self._log.write(line.encode() + b"\n")
            self._log.flush()

    def _write_log_again(self) -> None:
        """The file may lack the last lines, or have half a line; the table has all."""
        path = self.folder / "log.jsonl"
        partial = self.folder / ".log.jsonl.partial"
        with partial.open("wb") as file:
            for (line,) in self._database.execute("SELECT line FROM log ORDER BY number"):
                file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        self._log = path.open("ab")

    def _about(self, key: str) -> str:
        row = self._database.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def _note(self, values: Mapping[str, str]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        self._insert_about(values)
        self._database.execute("COMMIT")

    def _insert_about(self, values: Mapping[str, str]) -> None:
        self._database.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", list(values.items()))
