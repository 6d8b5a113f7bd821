"""Held-out rows answered by the model in training, and scored on the path that the harness takes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sevenllm_bench.answers.final_text import with_reasoning_marked, with_thought_marked
from sevenllm_bench.corpus.selection import cell_of
from sevenllm_bench.data.rows import Row
from sevenllm_bench.figures.sections import by_section
from sevenllm_bench.finetune.encoding.example_encoder import ExampleEncoder
from sevenllm_bench.io.terminal import say
from sevenllm_bench.scoring import score_rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, Trainer


def spread(rows: Sequence[Row], count: int) -> list[Row]:
    """At most `count` rows, taken in turn from each cell of language and task, in a fixed order."""
    cells: dict[str, list[Row]] = {}
    for row in rows:
        cells.setdefault(cell_of(row), []).append(row)
    rounds = [(turn, cell, row) for cell, members in cells.items() for turn, row in enumerate(members)]
    return [row for _, _, row in sorted(rounds, key=lambda entry: entry[:2])][:count]


@contextmanager
def _without_router_logits(model: Any) -> Iterator[None]:
    """Without the loss that balances experts, which TRL has a model compute; with a cache its shapes don't fit."""
    text = model.config.get_text_config()
    before = getattr(text, "output_router_logits", None)
    if before is None:
        yield
        return
    text.output_router_logits = False
    try:
        yield
    finally:
        text.output_router_logits = before


class HeldOutAnswers:
    """Answers a fixed set of rows greedily, as an evaluation asks them."""

    def __init__(
        self,
        rows: Sequence[Row],
        encoder: ExampleEncoder,
        tokenizer: PreTrainedTokenizerBase,
        batch_size: int,
        max_new_tokens: int,
    ) -> None:
        """Set up.

        Args:
            rows: Rows to answer.
            encoder: Gives the prompts' token ids.
            tokenizer: The model's.
            batch_size: Rows answered at a time.
            max_new_tokens: Of an answer.
        """
        self._rows = list(rows)
        self._encoder = encoder
        self._prompts = [encoder.prompt_ids(row) for row in rows]
        self._tokenizer = tokenizer
        self._batch_size = batch_size
        self._max_new_tokens = max_new_tokens

    def names(self) -> dict[str, float]:
        """The figures of `score`, as they are for answers that are empty."""
        return _means(self._rows, [""] * len(self._rows))

    def score(self, trainer: Trainer) -> dict[str, float]:
        """Means by section over the answers of all processes, e.g. "metrics_en_mcq_acc", each in [0, 1]."""
        from accelerate.utils import gather_object

        rank, world = trainer.args.process_index, trainer.args.world_size
        mine = range(rank, len(self._rows), world)
        model = trainer.accelerator.unwrap_model(trainer.model_wrapped)
        training = model.training
        model.eval()
        if rank == 0:
            say(f"answering {len(self._rows):,} held-out rows (at most {self._max_new_tokens:,} tokens each)")
        with _without_router_logits(model):
            answers = dict(gather_object(list(zip(mine, self._answer(model, list(mine)), strict=True))))
        model.train(training)
        return _means(self._rows, [answers[place] for place in range(len(self._rows))])

    def _answer(self, model: Any, places: Sequence[int]) -> list[str]:
        """Answers to the rows at `places`; those with prompts of similar length go together."""
        import torch
        from tqdm.auto import tqdm  # type: ignore[import-untyped]

        answers: dict[int, str] = {}
        order = sorted(places, key=lambda place: len(self._prompts[place]))
        for start in tqdm(range(0, len(order), self._batch_size), leave=False, disable=not sys.stderr.isatty()):
            batch = order[start : start + self._batch_size]
            inputs = self._tokenizer.pad(
                {"input_ids": [self._prompts[place] for place in batch]}, padding_side="left", return_tensors="pt"
            ).to(model.device)
            with torch.no_grad():
                output = model.generate(
                    **inputs,
                    do_sample=False,
                    max_new_tokens=self._max_new_tokens,
                    eos_token_id=self._tokenizer.eos_token_id,
                    pad_token_id=self._tokenizer.pad_token_id,
                    stop_strings=self._encoder.stop_strings,
                    tokenizer=self._tokenizer,
                )
            texts = self._tokenizer.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
            answers |= dict(zip(batch, texts, strict=True))
        return [self._marked(place, answers[place]) for place in places]

    def _marked(self, place: int, answer: str) -> str:
        prompt = self._encoder.prompt(self._rows[place])
        return with_thought_marked(prompt, with_reasoning_marked(prompt, answer))


def _means(rows: Sequence[Row], answers: Sequence[str]) -> dict[str, float]:
    """Means by section, e.g. "metrics_en_mcq_acc", each in [0, 1]."""
    sections = by_section(score_rows(rows, answers))
    return {f"metrics_{name}_{metric}": mean for name, part in sections.items() for metric, mean in part.means.items()}
