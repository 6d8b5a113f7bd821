"""The first step of a build: from the user's sources to raw files."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.files import user_path
from sevenllm_bench.select_instruct.collect.crawl import Crawl, FetchedPage
from sevenllm_bench.select_instruct.collect.known_pages import KnownPages
from sevenllm_bench.select_instruct.collect.local_files import LocalFile, look_at, walk
from sevenllm_bench.select_instruct.collect.media_types import JSON_LINES, WARC, by_header, media_type_of_response
from sevenllm_bench.select_instruct.collect.page_fetcher import PageFetcher
from sevenllm_bench.select_instruct.collect.refusals import RefusedError
from sevenllm_bench.select_instruct.collect.source_kinds import REMOTE, kind_of
from sevenllm_bench.select_instruct.collect.surroundings import Surroundings
from sevenllm_bench.select_instruct.collect.warc_records import WarcRecord, records_of
from sevenllm_bench.select_instruct.corpus_records import Origin, RawFile, document_of
from sevenllm_bench.select_instruct.settings.build_config import CollectSection, CorpusSource


class FetchSources(PipelineStep):
    """Finds local files and fetches remote pages; its first task does all of it.

    Everything that is kept lies under its folder: responses (`warc/`), what is known of each URL (`pages.sqlite`), and one
    line per decision (`log.jsonl`).
    """

    name, type = "fetch", "reader"

    def __init__(
        self,
        sources: tuple[CorpusSource, ...],
        settings: CollectSection,
        folder: str,
        surroundings: Surroundings | None = None,
    ) -> None:
        """Read `sources`, and keep what is fetched under `folder`; tests give `surroundings` of their own."""
        super().__init__()
        self.sources, self.settings, self.folder = tuple(sources), settings, str(folder)
        self.surroundings = surroundings or Surroundings()

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Yield raw files, in the order of the sources, and of the locations in each.

        Raises:
            ConfigError: A source isn't there, something is to be fetched and there is no contact, or the folder can't be used.
        """
        if data:
            yield from data
        if rank:
            return
        kinds = [kind_of(source) for source in self.sources]
        remote = {place: (self.sources[place], kind) for place, kind in enumerate(kinds) if kind in REMOTE}
        if remote:
            _check_contact(self.settings.contact)
        try:
            yield from self._all(kinds, remote)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"{self.folder}: can't be written or read ({error}); make room, and run again") from None

    def _all(self, kinds: list[str], remote: dict[int, tuple[CorpusSource, str]]) -> DocumentsPipeline:
        with KnownPages(Path(self.folder)) as pages:
            wanted = [self.settings.model_dump_json(), *(source.model_dump_json() for source in self.sources)]
            pages.begin(hashlib.sha256("\n".join(wanted).encode()).hexdigest(), self.settings.refresh)
            fetcher = PageFetcher(self.settings, pages, self.surroundings)
            fetched = asyncio.run(Crawl(fetcher).run(remote)) if remote else {}
            seen: set[str] = set()
            for place, (source, kind) in enumerate(zip(self.sources, kinds, strict=True)):
                found = self._fetched(source, fetched[place]) if place in fetched else self._local(source, kind, fetcher)
                for raw in found:
                    if raw.id not in seen:
                        seen.add(raw.id)
                        self.stat_update("raw files")
                        yield document_of(raw)
            pages.finish()

    def _fetched(self, source: CorpusSource, found: list[FetchedPage]) -> Iterator[RawFile]:
        for page in found:
            known, listed = page.known, page.listed
            start = known.start.encode("latin-1")
            media_type = media_type_of_response(known.content_type, known.url, start)
            yield RawFile(
                id=_identity(source.location, known.url),
                origin=Origin(
                    source=source.location,
                    location=known.url,
                    fetched=known.fetched,
                    licence=source.licence,
                    robots=known.robots,
                    sha256=known.sha256,
                    warc=f"warc/{known.warc}",
                    etag=known.etag or None,
                    last_modified=known.last_modified or None,
                ),
                media_type=JSON_LINES if source.kind == "jsonl" else media_type,
                charset=by_header(known.content_type)[1],
                title=listed.title,
                published=listed.published,
            )

    def _local(self, source: CorpusSource, kind: str, fetcher: PageFetcher) -> Iterator[RawFile]:
        root = user_path(source.location, ConfigError).absolute()
        if kind == "folder":
            log = partial(fetcher.log, "refused")
            paths = sorted(walk(root, log), key=lambda path: path.relative_to(root).parts)
        else:
            paths = [root]
        for path in paths:
            location = path.relative_to(root).as_posix() if kind == "folder" else path.name
            try:
                file = look_at(path, location, self.settings.max_bytes)
            except RefusedError as error:
                fetcher.log("refused", str(path), error.reason)
                self.stat_update("refused files")
                continue
            yield from self._raw_files(source, kind, file, fetcher)

    def _raw_files(self, source: CorpusSource, kind: str, file: LocalFile, fetcher: PageFetcher) -> Iterator[RawFile]:
        if file.media_type == WARC or kind == "warc":
            for record in records_of(file.path, self.settings.max_bytes, partial(fetcher.log, "refused")):
                yield self._recorded(source, file, record)
            return
        yield RawFile(
            id=_identity(source.location, file.location),
            origin=Origin(source=source.location, location=file.location, licence=source.licence, sha256=file.sha256),
            path=str(file.path),
            media_type=JSON_LINES if kind == "jsonl" else file.media_type,
        )

    def _recorded(self, source: CorpusSource, file: LocalFile, record: WarcRecord) -> RawFile:
        place = f"{file.location}:{record.offset}"
        return RawFile(
            id=_identity(source.location, place),
            origin=Origin(
                source=source.location,
                location=record.url or place,
                fetched=record.fetched or None,
                licence=source.licence,
                sha256=record.sha256,
                warc=place,
                etag=record.etag or None,
                last_modified=record.last_modified or None,
            ),
            path=str(file.path),
            media_type=media_type_of_response(record.content_type, record.url, record.start),
            charset=by_header(record.content_type)[1],
        )


def _identity(source: str, location: str) -> str:
    return hashlib.sha256(f"{source}\n{location}".encode()).hexdigest()[:16]


def _check_contact(contact: str) -> None:
    """Whoever runs the hosts must be able to write to whoever asks.

    Raises:
        ConfigError: There is no contact, or none that fits into a header.
    """
    if not contact.strip():
        raise ConfigError(
            "collect.contact is empty: pages are fetched only with a contact in the user agent; set it to your address of mail, "
            "or to a page about you"
        )
    if not re.fullmatch(r"[\x21-\x7e]{3,200}", contact) or not ("@" in contact or contact.startswith(("http://", "https://"))):
        raise ConfigError(f"collect.contact is {contact[:80]!r}: give an address of mail, or a page that begins with https://")
