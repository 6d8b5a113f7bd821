"""The stage of extraction: files and responses in, clean texts out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from datatrove.data import Document, DocumentsPipeline

from sevenllm_bench.catalog import Language
from sevenllm_bench.corpus.spoken_language import UNDETERMINED, language_of_prose
from sevenllm_bench.select_instruct.corpus_records import CheckFinding, RawFile, SourceText, document_of, record_of
from sevenllm_bench.select_instruct.extract.any_file import ReadingTask
from sevenllm_bench.select_instruct.extract.clean_characters import clean_characters, one_line
from sevenllm_bench.select_instruct.extract.found_text import FoundText
from sevenllm_bench.select_instruct.extract.parser_process import ParserProcess
from sevenllm_bench.select_instruct.extract.raw_content import read_raw
from sevenllm_bench.select_instruct.extract.unusable import UnusableFileError
from sevenllm_bench.select_instruct.settings.build_config import CollectSection
from sevenllm_bench.select_instruct.stages.shard_files import SiftingStep


class ExtractTexts(SiftingStep):
    """Makes a `SourceText` of each report in each `RawFile`; what gives none is rejected with its reason."""

    name = "extract"

    def __init__(
        self, settings: CollectSection, folder: str | Path, rejected: str | Path, text_fields: Mapping[str, str] | None = None
    ) -> None:
        """Prepare the step.

        Args:
            settings: Bounds.
            folder: Where the fetched responses lie.
            rejected: Where rejections are written.
            text_fields: Of sources of JSON lines, by `Origin.source`: the key of the text, where it isn't "text".
        """
        super().__init__(rejected)
        self.settings, self.folder, self.text_fields = settings, str(folder), dict(text_fields or {})

    def sift(self, data: DocumentsPipeline, rank: int, world_size: int) -> Iterator[Document]:
        """Yield the texts of all files, in the order of the files."""
        with ParserProcess(self.settings.extract_seconds) as parser:
            for document in data:
                raw = record_of(document, RawFile)
                for number, found in enumerate(self._found(raw, parser)):
                    try:
                        yield document_of(self._text(raw, number, found))
                    except UnusableFileError as error:
                        self.reject(document, CheckFinding(check=error.check, reason=f"{raw.origin.location} {error}"))

    def _found(self, raw: RawFile, parser: ParserProcess) -> list[FoundText | UnusableFileError]:
        origin = raw.origin
        try:
            content = read_raw(raw, self.folder, self.settings.max_bytes)
        except UnusableFileError as error:
            return [error]
        if hashlib.sha256(content).hexdigest() != origin.sha256:
            return [UnusableFileError("has changed since it was collected; collect it again")]
        url = origin.location if origin.location.startswith(("http://", "https://")) else None
        field = self.text_fields.get(origin.source, "text")
        return parser.reports(content, ReadingTask(raw.media_type, raw.charset, url, field, self.settings.max_pdf_pages))

    def _text(self, raw: RawFile, number: int, found: FoundText | UnusableFileError) -> SourceText:
        if isinstance(found, UnusableFileError):
            raise found
        if len(found.text) < self.settings.min_characters:
            raise UnusableFileError(
                f"has {len(found.text)} characters of text; min_characters is {self.settings.min_characters}", "too-short"
            )
        sha256 = hashlib.sha256(found.text.encode()).hexdigest()
        name = hashlib.sha256(f"{raw.origin.location}\n{number}\n{sha256}".encode()).hexdigest()[:16]
        return SourceText(
            id=name,
            origin=raw.origin.model_copy(update={"location": found.location}) if found.location else raw.origin,
            title=one_line(clean_characters(raw.title)) or found.title,
            published=raw.published or found.published,
            language=_language(found.text),
            text=found.text,
            hidden=found.hidden,
        )


def _language(text: str) -> Language:
    language = language_of_prose(text.split("\n\n"))
    if language not in ("en", "zh"):
        told = "in no language that could be told" if language == UNDETERMINED else f"in the language {language!r}"
        raise UnusableFileError(f"is {told}; only English and Chinese are used", "language")
    return cast(Language, language)
