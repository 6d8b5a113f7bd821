"""The configuration of a corpus build: `sevenllm-bench corpus build CONFIG.yaml`."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from sevenllm_bench.io.configuration import Flag, Number, Positive, PositiveNumber, Section, Text

Count = Annotated[int, Field(strict=True, ge=0, lt=2**31)]


def _location_alone(entry: Any) -> Any:
    """A text in the list of sources is the location, without further keys."""
    return {"location": entry} if isinstance(entry, str) else entry


def _is_amount(text: str) -> bool:
    try:
        amount = float(text)
    except ValueError:
        return False
    return math.isfinite(amount) and amount >= 0


class CorpusSource(Section):
    """Where texts come from.

    Attributes:
        location: A file, a folder, or an http(s) URL.
        kind: "auto" tells it from the name and the content: "file", "folder", "page" (a URL to read), "urls" (a file with
            one URL a line), "sitemap", "feed" (RSS or Atom), "jsonl" (records with a text), "warc".
        licence: The user's note on the licence, kept with each text.
        text_field: Of JSON lines: the key of the text.
    """

    location: Text
    kind: Literal["auto", "file", "folder", "page", "urls", "sitemap", "feed", "jsonl", "warc"] = "auto"
    licence: str = ""
    text_field: Text = "text"


class CollectSection(Section):
    """How sources are read, and the limits of it.

    Attributes:
        contact: Address of mail or of a page, sent in the user agent; required where anything is fetched.
        delay: Least seconds between two requests to one host; robots.txt may ask for more.
        timeout: Most seconds for one page, all redirects and reading included.
        max_bytes: Most bytes of one page, before and after decompression.
        max_pages_per_host: Most pages of one host.
        max_depth: Most levels of sitemaps that point to sitemaps.
        max_redirects: Most redirects of one page.
        max_seconds: Most seconds of the whole fetching; None for no limit.
        refresh: Whether pages that were fetched before are asked for again, with conditional requests.
        ignore_robots: Hosts whose robots.txt is not obeyed, with the owner's permission.
        private_hosts: "HOST:PORT" on the user's own network that may be fetched though their addresses are private.
        allow_poisoned: Whether texts are kept that talk to the model.
        min_characters: Fewest characters of a text.
        near_duplicates: Whether texts that nearly equal an earlier one are left out.
        extract_seconds: Most seconds of processor time for the text of one file; a file that takes longer is rejected.
        max_pdf_pages: Most pages of a PDF.
    """

    contact: str = ""
    delay: PositiveNumber = 1.0
    timeout: PositiveNumber = 60.0
    max_bytes: Positive = 20_000_000
    max_pages_per_host: Positive = 1000
    max_depth: Positive = 3
    max_redirects: Count = 5
    max_seconds: PositiveNumber | None = None
    refresh: Flag = False
    ignore_robots: tuple[Text, ...] = ()
    private_hosts: tuple[Text, ...] = ()
    allow_poisoned: Flag = False
    min_characters: Count = 200
    near_duplicates: Flag = True
    extract_seconds: PositiveNumber = 30.0
    max_pdf_pages: Positive = 300


class ChatModelSection(Section):
    """The model that writes, or the critic.

    Attributes:
        name: Its name on its server.
        base_url: Where the server's API begins; default: `$OPENAI_BASE_URL`, else OpenAI's own. The key is
            `$OPENAI_API_KEY`, never a key of this file.
        temperature: Of sampling; None leaves it to the server.
        max_tokens: Most tokens of a reply.
        concurrency: Most calls in flight.
        timeout: Seconds that one call may take.
        max_attempts: Most calls for one reply, when calls fail.
        structured: Whether a JSON schema is sent as `response_format`; servers that refuse it are asked without.
        extra_body: What else goes into each call.
        price: "IN/OUT" in US dollars per million tokens.
        budget_usd: Most US dollars to spend in this build, all runs of it together.
        batch: Whether the provider's batch mode is used: cheaper mostly, and done within a day instead of at once. `price` is
            then that of batches.
    """

    name: Text
    base_url: Text | None = None
    temperature: Number | None = 0.7
    max_tokens: Positive = 2048
    concurrency: Positive = 16
    timeout: PositiveNumber = 120.0
    max_attempts: Positive = 6
    structured: Flag = True
    extra_body: dict[str, Any] = {}  # noqa: RUF012  (pydantic copies it)
    price: Text | None = None
    budget_usd: Number | None = None
    batch: Flag = False

    @field_validator("price")
    @classmethod
    def _price_is_two_amounts(cls, price: str | None) -> str | None:
        amounts = price.split("/") if price is not None else ["0", "0"]
        if len(amounts) != 2 or not all(map(_is_amount, amounts)):
            raise ValueError(f"{price!r:.60} is not IN/OUT, two amounts of US dollars per million tokens, such as 0.10/0.40")
        return price

    @model_validator(mode="after")
    def _budget_needs_price(self) -> ChatModelSection:
        if self.budget_usd is not None and self.price is None:
            raise ValueError("budget_usd needs a price: set price to IN/OUT, in US dollars per million tokens, such as 0.10/0.40")
        return self


class SelectSection(Section):
    """Which tasks are picked for a text.

    Attributes:
        extraction: Most extraction tasks per text (the paper picks four).
        generation: Most generation tasks per text (the paper picks three).
        mcq: Most multiple-choice questions per text.
        excerpt_characters: Most characters of an excerpt; longer texts are cut at paragraphs.
        max_excerpts: Most excerpts per text.
    """

    extraction: Count = 4
    generation: Count = 3
    mcq: Count = 1
    excerpt_characters: Annotated[int, Field(strict=True, ge=300, le=12_000)] = 6000
    max_excerpts: Positive = 8


class QualitySection(Section):
    """What a row must be like.

    Attributes:
        grounding: Least share of an extraction's values that the input must support.
        fuzzy: Least similarity of a long value to a part of the input that counts as support, in (0, 1].
        min_input_characters: Fewest characters of an input.
        max_answer_characters: Most characters of an answer.
        min_answer_characters: Fewest characters of an answer in prose.
        repair: Whether a row with a finding is written again, once, with the reason told to the model.
        max_share_of_task: Most rows of one task, as a share of the rows of its language; 1 for no limit.
        leak_guard: Benchmark rows that rows must not resemble: "official" (and embedded), "embedded", or "off".
        data_dir: Folder of the official test.jsonl; default: SEVENLLM_DATA_DIR, or the Hub.
        allow_modified: Guard against a benchmark file whose hash differs.
    """

    grounding: Annotated[float, Field(strict=True, ge=0, le=1)] = 1.0
    fuzzy: Annotated[float, Field(strict=True, gt=0, le=1)] = 0.9
    min_input_characters: Count = 120
    max_answer_characters: Positive = 8000
    min_answer_characters: Count = 40
    repair: Flag = True
    max_share_of_task: Annotated[float, Field(strict=True, gt=0, le=1)] = 1.0
    leak_guard: Literal["official", "embedded", "off"] = "official"
    data_dir: Text | None = None
    allow_modified: Flag = False


class CriticSection(Section):
    """A second model that grades rows by the judge's rubric.

    Attributes:
        model: The critic.
        threshold: Rows graded lower are rewritten, or left out.
        rewrite: Whether the critic writes a better answer for them, which is checked and graded again.
    """

    model: ChatModelSection
    threshold: Annotated[int, Field(strict=True, ge=1, le=5)] = 4
    rewrite: Flag = True


class ExecutorSection(Section):
    """Where the stages run.

    Attributes:
        kind: "local", "slurm" or "ray".
        workers: Processes at a time; default: the number of cores (local), all tasks (cluster).
        shards: Parts that the work is cut into.
        partition: Slurm's partition.
        time: Slurm's limit for one task, HH:MM:SS.
        mem_per_cpu_gb: Memory per task.
        sbatch: Further arguments of sbatch, by name.
    """

    kind: Literal["local", "slurm", "ray"] = "local"
    workers: Positive | None = None
    shards: Positive = 8
    partition: Text | None = None
    time: Text = "04:00:00"
    mem_per_cpu_gb: PositiveNumber = 2.0
    sbatch: dict[str, str] = {}  # noqa: RUF012


class CollectConfig(Section):
    """Everything that collecting is told.

    Attributes:
        sources: Where texts come from; a list of mappings with the keys of `CorpusSource`, or of texts.
        output: The folder of the texts, or of the build.
        collect: How sources are read.
        executor: Where the stages run.
    """

    sources: Annotated[tuple[Annotated[CorpusSource, BeforeValidator(_location_alone)], ...], Field(min_length=1)]
    output: Text
    collect: CollectSection = CollectSection()
    executor: ExecutorSection = ExecutorSection()


class CorpusConfig(CollectConfig):
    """Everything that a corpus build is told, besides the keys of `CollectConfig`.

    Attributes:
        model: The model that picks tasks and writes rows.
        critic: The model that grades them; none by default.
        decisions: File of decisions saved by the review page.
        texts: Whether the texts go into the files that are passed on.
        seed: Of every choice that is made at random.
    """

    model: ChatModelSection
    select: SelectSection = SelectSection()
    quality: QualitySection = QualitySection()
    critic: CriticSection | None = None
    decisions: Text | None = None
    texts: Flag = True
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**31)] = 0
