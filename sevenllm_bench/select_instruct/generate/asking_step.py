"""What the steps that ask a model have in common."""

from __future__ import annotations

import itertools
import sys
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from datatrove.data import Document, DocumentsPipeline

from sevenllm_bench.llm.types import Reply, Request
from sevenllm_bench.select_instruct.corpus_records import CheckFinding, ModelCall
from sevenllm_bench.select_instruct.generate.corpus_prompts import CorpusPrompt
from sevenllm_bench.select_instruct.generate.model_calls import WRITER, ModelCalls
from sevenllm_bench.select_instruct.settings.build_config import ChatModelSection
from sevenllm_bench.select_instruct.stages.shard_files import NO_REPLY, SiftingStep

#: Records that are asked about together, for each call that may be in flight: enough that calls hardly wait for the end of
#: a chunk, and few enough that records go on to the next step while others are asked about.
_CHUNK_PER_CALL = 4
_LEAST_CHUNK = 16
#: Name of the check that a useless reply fails.
MODEL_CHECK = "model"

_Item = TypeVar("_Item")


class AskingStep(SiftingStep):
    """Asks a model about its records, in chunks; about all of them at once where it asks in batches.

    Attributes:
        role: Whose calls they are (see `ModelCalls`).
    """

    role = WRITER

    def __init__(self, model: ChatModelSection, folder: str | Path, rejected: str | Path) -> None:
        """Ask `model`; replies and spending are kept in `folder`."""
        super().__init__(rejected)
        self.model, self.folder = model, str(folder)

    def sift(self, data: DocumentsPipeline, rank: int, world_size: int) -> Iterator[Document]:
        """Yield what the records of each chunk lead to, in their order."""
        size = sys.maxsize if self.model.batch else max(_LEAST_CHUNK, _CHUNK_PER_CALL * self.model.concurrency)
        with ModelCalls(self.model, self.folder, self.role) as calls:
            for chunk in in_chunks(data, size):
                yield from self.work(chunk, calls)

    @abstractmethod
    def work(self, documents: list[Document], calls: ModelCalls) -> Iterator[Document]:
        """Yield what these records lead to."""


def in_chunks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """The items in lists of at most `size`."""
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk


def call_record(step: str, prompt: CorpusPrompt, calls: ModelCalls, request: Request, reply: Reply) -> ModelCall:
    """What a record tells of a call."""
    return ModelCall(
        step=step,
        model=calls.settings.name,
        prompt=prompt.label,
        prompt_sha256=prompt.sha256,
        request=request.key(calls.settings.name),
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
    )


def model_finding(reply: Reply) -> CheckFinding:
    """Why a request gave nothing: the model's reply was useless, or none came, which a later run of the build asks for again."""
    return CheckFinding(check=NO_REPLY if reply.text is None else MODEL_CHECK, reason=reply.error[:500])
