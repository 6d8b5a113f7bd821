"""Cross-encoders: binary cross-entropy on right texts and hard negatives of other incidents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.encoder_training.bi_loading import load_miner
from sevenllm_bench.finetune.encoder_training.encoder_arguments import encoder_arguments
from sevenllm_bench.finetune.encoder_training.encoder_material import TrainingMaterial
from sevenllm_bench.finetune.encoder_training.encoder_sections import CrossTrainingConfig
from sevenllm_bench.finetune.encoder_training.encoder_trainee import EncoderExamples, EncoderTrainee, stored_training
from sevenllm_bench.finetune.encoder_training.incident_batches import IncidentBatches
from sevenllm_bench.finetune.encoder_training.pair_examples import negative_texts, pair_examples, with_negatives
from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber
from sevenllm_bench.finetune.output.run_folder import OutputFolder
from sevenllm_bench.finetune.processes import process_count

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer

#: Held-out queries that are measured, and texts that each is ranked among, at most.
_QUERIES, _CANDIDATES = 200, 10


class CrossTrainee(EncoderTrainee[CrossTrainingConfig]):
    """A cross-encoder."""

    library: ClassVar[str] = "sentence-transformers"
    pipeline: ClassVar[str] = "text-ranking"

    def load(self) -> Any:
        """sentence-transformers' CrossEncoder with one label."""
        import transformers
        from sentence_transformers import CrossEncoder

        transformers.set_seed(self.config.training.seed)  # of a new head
        try:
            model = CrossEncoder(
                self.base.location,
                num_labels=1,
                max_length=self.config.data.max_length,
                device=self.runtime.device,
                revision=self.base.model.revision,
            )
        except Exception as error:  # the libraries raise whatever their parts raise
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise ConfigError(f"model.base={self.base.model.base}: can't be loaded as a cross-encoder ({reason})") from None
        return model

    def examples(self, material: TrainingMaterial) -> EncoderExamples:
        """Pairs; see `pair_examples`."""
        if not self.config.pairs.negatives:
            raise ConfigError("pairs.negatives=0: a cross-encoder learns from pairs that don't fit, too; set 1 or more")
        return pair_examples(material, self.config.pairs, self.base.tokenizer, self.config.data.max_length)

    def completed(self, examples: EncoderExamples, output: OutputFolder, say: Callable[[str], None]) -> EncoderExamples:
        """The pairs with their hard negatives."""
        return with_negatives(examples, self.config, load_miner(self.config.pairs, None, self.runtime.device), output, say)

    def trainer(self, output: OutputFolder, passes: PassNumber) -> Trainer:
        """sentence-transformers' trainer of cross-encoders."""
        from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss
        from sentence_transformers.cross_encoder.training_args import CrossEncoderTrainingArguments

        from sevenllm_bench.finetune.encoder_training.pair_trainers import CrossTrainer

        labelled = _labelled(stored_training(output))
        training = self.config.training
        names = [str(place) for place in range(len(labelled))]  # none is kept out of another's batch
        batches = IncidentBatches(names, [("",)] * len(names), training.batch_size, training.seed, passes, process_count())
        arguments = encoder_arguments(CrossEncoderTrainingArguments, self.config, self.runtime, output.training)
        loss = BinaryCrossEntropyLoss(self.model)
        return CrossTrainer(batches, model=self.model, args=arguments, train_dataset=labelled, loss=loss)

    def figures(self, held_out: Sequence[Any], training: Dataset) -> dict[str, float]:
        """How often the right text of a held-out query is first among ten of the language, and its mean reciprocal rank."""
        others: dict[str, dict[str, str]] = {}
        for pair in (*held_out, *training.select_columns(["text", "incident", "language"])):
            others.setdefault(pair["language"], {})[pair["text"]] = pair["incident"]
        return ranking_figures(self.model, held_out[:_QUERIES], others, self.config.evaluation.batch_size)

    def save(self, folder: Path) -> None:
        """Write the model as sentence-transformers loads it."""
        self.model.save_pretrained(str(folder), create_model_card=False)


def _labelled(pairs: Dataset) -> Dataset:
    """Query, text and label: 1 for each right text, 0 for each hard negative."""
    from datasets import Dataset

    def lines() -> Iterator[dict[str, Any]]:
        for query, text, negatives in zip(pairs["query"], pairs["text"], negative_texts(pairs), strict=True):
            yield {"query": query, "text": text, "label": 1.0}
            yield from ({"query": query, "text": negative, "label": 0.0} for negative in negatives)

    return Dataset.from_list(list(lines()))


def ranking_figures(
    model: Any, pairs: Sequence[Mapping[str, str]], texts: Mapping[str, Mapping[str, str]], batch_size: int
) -> dict[str, float]:
    """How the right text of a query is ranked among texts of other incidents.

    Args:
        model: The cross-encoder.
        pairs: "query", "text", "incident" and "language" of each.
        texts: Of each language, text to incident; the first ones of other incidents are the candidates.
        batch_size: Pairs per forward pass.

    Returns:
        "ranking_acc" (the right text is first) and "ranking_mrr", from 0 to 1; of equal scores, the right text's is last.
    """
    ranks = []
    for pair in pairs:
        others = [text for text, incident in texts[pair["language"]].items() if incident != pair["incident"]]
        candidates = [pair["text"], *others[: _CANDIDATES - 1]]
        scores = model.predict([(pair["query"], text) for text in candidates], batch_size=batch_size, show_progress_bar=False)
        ranks.append(sum(score >= scores[0] for score in scores[1:].tolist()) + 1)
    return {
        "ranking_acc": sum(rank == 1 for rank in ranks) / len(ranks),
        "ranking_mrr": sum(1 / rank for rank in ranks) / len(ranks),
    }
