"""The prompts of a bundle against those that the package generates, with system instruction and few-shot examples."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from sevenllm_bench.data.embedded import fewshot_pool
from sevenllm_bench.data.rows import Row
from sevenllm_bench.prompts import STYLES, TARGET_DELIMITER, PromptStyle, render, target
from sevenllm_bench.runs.records import LeafRun, Run, Sample
from sevenllm_bench.submission.verify.check_rows import Benchmarks, samples_by_task, source_of
from sevenllm_bench.submission.verify.findings import Finding, some, unconfirmed

#: Between few-shot examples (`fewshot_delimiter` of lm-eval's tasks).
_BETWEEN = "\n\n"
#: No tokenizer has longer tokens on average than a word, or 16 characters of Chinese.
_CHINESE, _CHARACTERS = re.compile(r"[\u3400-\u9fff]"), 16


def check_prompts(run: Run, benchmarks: Benchmarks, system: str | None = None) -> Iterator[Finding]:
    """The prompts sent, against those that the package generates.

    Without a chat template they are known to the last character, as one text or as the contents of chat messages. In one,
    its own words can't be confirmed: the system instruction, the examples and the row must be in it in this order, no
    further example, and the same around them in all rows of a task.

    Args:
        run: The run.
        benchmarks: The rows by source.
        system: The system instruction, where the results have its text.
    """
    for task, samples in samples_by_task(run).items():
        leaf = run.leaves[task]
        style = STYLES.get(str(leaf.prompt.get("name")))
        if style is None or (leaf.prompt.get("version"), leaf.prompt.get("sha256")) != (style.version, style.sha256):
            named = f"prompt {leaf.prompt.get('name')!r}, version {leaf.prompt.get('version')!r}" if leaf.prompt else "no prompt"
            yield unconfirmed("prompts", task, "prompts", f"the results name {named}, which this package can't generate")
        elif not isinstance(leaf.num_fewshot, int):
            yield unconfirmed("prompts", task, "prompts", "the results don't say the number of few-shot examples")
        elif samples:
            rows = benchmarks[source_of(leaf)].by_id
            wanted = [_Wanted(rows.get(sample.id, sample.row), style, leaf, system) for sample in samples]
            yield _prompts(run, leaf, samples, wanted)


class _Wanted:
    """What must be in a prompt, in this order: the system instruction, each example with its target, the row."""

    def __init__(self, row: Row, style: PromptStyle, leaf: LeafRun, system: str | None) -> None:
        pool = fewshot_pool(leaf.leaf)
        shots = leaf.num_fewshot if isinstance(leaf.num_fewshot, int) else 0
        turns = [(render(example, style), target(example, style)) for example in pool[: shots + 1]]
        own = render(row, style)
        told = turns[:shots]
        joined = "".join(q + TARGET_DELIMITER + a + _BETWEEN for q, a in told) + own
        self.parts = [part for part in (system or "", *(text for turn in told for text in turn), own) if part]
        messages = [part for part in (system or "", joined) if part]
        #: One text, or chat messages joined: as one turn, as many.
        self.plain = {
            (system or "") + joined,
            *(between.join(turns) for turns in (messages, self.parts) for between in ("\n", "\n\n")),
        }
        self.beyond = turns[shots][0] if len(turns) > shots else None
        self.enough = len(turns) >= shots

    def around(self, prompt: str) -> str | None:
        """What stands around the parts; None where one is missing, or a further example is there."""
        rest, at = [], 0
        for part in self.parts:
            found = prompt.find(part.strip(), at)
            if found < 0:
                return None
            rest.append(prompt[at:found])
            at = found + len(part.strip())
        text = "\0".join([*rest, prompt[at:]])
        return None if not self.enough or (self.beyond and self.beyond.strip() in text) else text


def _prompts(run: Run, leaf: LeafRun, samples: Sequence[Sample], wanted: Sequence[_Wanted]) -> Finding:
    changed, unknown, around = [], 0, dict[int, str]()
    templated = run.settings.chat_template is not None
    for sample, own in zip(samples, wanted, strict=True):
        if sample.prompt is None:
            unknown += 1
        elif sample.prompt in own.plain:
            around[sample.id] = ""
        elif templated and (text := own.around(sample.prompt)) is not None:
            around[sample.id] = text
        else:
            changed.append(sample.id)
    counted = Counter(around.values()).most_common()
    if changed:
        shots = f" (with {leaf.num_fewshot} examples)" if leaf.num_fewshot else ""
        what = f"{len(changed)} prompts are not the generated ones{shots}: rows {some(changed)}"
        return Finding("prompts", leaf.task, "differs", what)
    if len(counted) > 1:
        odd = [row_id for row_id, text in around.items() if text != counted[0][0]]
        return Finding("prompts", leaf.task, "differs", f"around {len(odd)} prompts stands something else: rows {some(odd)}")
    if unknown:
        return unconfirmed("prompts", leaf.task, "prompts", f"{unknown} samples have no prompt")
    if counted and counted[0][0]:
        why = "what stands around it can't be confirmed (a chat template)"
        return unconfirmed("prompts", leaf.task, "prompts", f"{len(around)} prompts contain the generated one; {why}")
    return Finding("prompts", leaf.task, "confirmed", f"{len(samples)} prompts")


def check_lengths(run: Run) -> Iterator[Finding]:
    """Answers against `max_gen_toks`: no answer has more words than the run allowed it tokens."""
    for task, samples in samples_by_task(run).items():
        generation = run.leaves[task].generation
        most = generation.get("max_gen_toks") if isinstance(generation, dict) else None
        if run.model.source == "sevenllm-replay" or isinstance(most, bool) or not isinstance(most, int):
            continue
        long = [sample.id for sample in samples if _words(sample.response or "") > most]
        if long:
            why = f"{len(long)} answers have more words than max_gen_toks ({most:,}) allows tokens: rows {some(long)}"
            yield unconfirmed("answers", task, "length", why)


def _words(text: str) -> int:
    """Tokens that a text needs at least, by any tokenizer."""
    return max(len(text.split()), len(_CHINESE.findall(text)) // _CHARACTERS)
