"""Steps for tests of the stages: they count what they do in files, since they run in other processes."""

import os
import signal
import time
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.corpus_records import CheckFinding
from sevenllm_bench.select_instruct.stages.shard_files import NO_REPLY, SiftingStep


class Numbers(PipelineStep):
    name, type = "numbers", "reader"

    def __init__(self, count):
        super().__init__()
        self.count = count

    def run(self, data=None, rank=0, world_size=1):
        for number in range(rank, self.count, world_size):
            yield Document(str(number), f"n{number}", metadata={"square": number * number})


class LeaveOutOdd(SiftingStep):
    name = "odd"

    def __init__(self, rejected, log=None):
        super().__init__(rejected)
        self.log = str(log) if log else None

    def sift(self, data, rank, world_size):
        for document in data:
            if self.log:
                with Path(self.log).open("a", encoding="utf-8") as file:
                    file.write(f"{document.id}\n")
            if int(document.text) % 2:
                self.reject(document, CheckFinding(check="odd", reason=f"{document.text} is odd"))
            else:
                yield document


class NoReply(SiftingStep):
    """Gets no reply about one number, unless a file is there."""

    name = "asking"

    def __init__(self, number, unless, rejected):
        super().__init__(rejected)
        self.number, self.unless = str(number), str(unless)

    def sift(self, data, rank, world_size):
        for document in data:
            if document.text == self.number and not Path(self.unless).exists():
                self.reject(document, CheckFinding(check=NO_REPLY, reason="the server is down"))
            else:
                yield document


class FailOn(PipelineStep):
    """Fails, or dies, at one number, unless a file is there."""

    name, type = "failing", "step"

    def __init__(self, number, unless, die=False):
        super().__init__()
        self.number, self.unless, self.die = str(number), str(unless), die

    def run(self, data, rank=0, world_size=1):
        for document in data:
            if document.text == self.number and not Path(self.unless).exists():
                if self.die:
                    os.kill(os.getpid(), signal.SIGKILL)
                raise ConfigError(f"the number {self.number} is refused; take another")
            yield document


class Stay(PipelineStep):
    """Leaves a file with the number of its process, and takes a minute."""

    name, type = "staying", "step"

    def __init__(self, folder):
        super().__init__()
        self.folder = str(folder)

    def run(self, data, rank=0, world_size=1):
        Path(self.folder).mkdir(exist_ok=True)
        (Path(self.folder) / str(os.getpid())).touch()
        time.sleep(60)
        yield from data
