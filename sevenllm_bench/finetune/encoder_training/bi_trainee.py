"""Bi-encoders: cached multiple negatives ranking on pairs, with hard negatives of other incidents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.finetune.encoder_training.bi_loading import load_bi_encoder, load_miner
from sevenllm_bench.finetune.encoder_training.encoder_arguments import encoder_arguments
from sevenllm_bench.finetune.encoder_training.encoder_material import TrainingMaterial
from sevenllm_bench.finetune.encoder_training.encoder_sections import BiTrainingConfig
from sevenllm_bench.finetune.encoder_training.encoder_trainee import EncoderExamples, EncoderTrainee, stored_training
from sevenllm_bench.finetune.encoder_training.incident_batches import IncidentBatches
from sevenllm_bench.finetune.encoder_training.pair_examples import (
    NEGATIVE,
    negative_incidents,
    pair_examples,
    with_negatives,
)
from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber
from sevenllm_bench.finetune.output.run_folder import OutputFolder
from sevenllm_bench.finetune.processes import process_count

if TYPE_CHECKING:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from transformers import Trainer

#: Texts of training pairs that held-out queries are searched among, beside the held-out texts.
_DISTRACTORS = 2_000
#: Held-out queries that are measured, at most.
_QUERIES = 1_000


class BiTrainee(EncoderTrainee[BiTrainingConfig]):
    """A bi-encoder."""

    library: ClassVar[str] = "sentence-transformers"
    pipeline: ClassVar[str] = "sentence-similarity"

    def load(self) -> Any:
        """The sentence-transformers model; over a bare encoder one with pooling."""
        model = load_bi_encoder(self.base.location, self.base.model.revision, self.runtime.device, self._pooling)
        sizes = [size for size in self.config.contrast.matryoshka if size > model.get_embedding_dimension()]
        if sizes:
            raise ConfigError(
                f"contrast.matryoshka: {sizes[0]} of {model.get_embedding_dimension()} dimensions of the model's vectors"
            )
        model.max_seq_length = self.config.data.max_length
        return model

    @property
    def _pooling(self) -> str | None:
        return None if self.base.has_modules else self.config.model.pooling

    def examples(self, material: TrainingMaterial) -> EncoderExamples:
        """Pairs; see `pair_examples`."""
        return pair_examples(material, self.config.pairs, self.base.tokenizer, self.config.data.max_length)

    def completed(self, examples: EncoderExamples, output: OutputFolder, say: Callable[[str], None]) -> EncoderExamples:
        """The pairs with their hard negatives."""
        own = self.model if self.base.has_modules else None
        miner = load_miner(self.config.pairs, own, self.runtime.device)
        return with_negatives(examples, self.config, miner, output, say)

    def trainer(self, output: OutputFolder, passes: PassNumber) -> Trainer:
        """sentence-transformers' trainer."""
        from sentence_transformers.sentence_transformer.losses import CachedMultipleNegativesRankingLoss, MatryoshkaLoss
        from sentence_transformers.sentence_transformer.training_args import SentenceTransformerTrainingArguments

        from sevenllm_bench.finetune.encoder_training.pair_trainers import BiTrainer

        training, seed = stored_training(output), self.config.training.seed
        batches = IncidentBatches(
            training["incident"],
            negative_incidents(training),
            self.config.training.batch_size,
            seed,
            passes,
            process_count(),
        )
        contrast = self.config.contrast
        loss: Any = CachedMultipleNegativesRankingLoss(self.model, contrast.scale, mini_batch_size=contrast.mini_batch_size)
        if contrast.matryoshka:
            loss = MatryoshkaLoss(self.model, loss, sorted(contrast.matryoshka, reverse=True))
        columns = ["query", "text", *(name for name in training.column_names if name.startswith(NEGATIVE))]
        arguments = encoder_arguments(SentenceTransformerTrainingArguments, self.config, self.runtime, output.training)
        return BiTrainer(batches, model=self.model, args=arguments, train_dataset=training.select_columns(columns), loss=loss)

    def figures(self, held_out: Sequence[Any], training: Dataset) -> dict[str, float]:
        """nDCG@10, recall@1 and MRR@10 of held-out queries among the held-out texts and some of training."""
        texts = list(dict.fromkeys(training["text"]))[:_DISTRACTORS]
        return retrieval_figures(self.model, held_out[:_QUERIES], texts, self.config.evaluation.batch_size)

    def save(self, folder: Path) -> None:
        """Write the model as sentence-transformers loads it."""
        self.model.save_pretrained(str(folder), create_model_card=False)


def retrieval_figures(
    model: SentenceTransformer, pairs: Sequence[Mapping[str, str]], distractors: Sequence[str], batch_size: int
) -> dict[str, float]:
    """How well queries find the texts of their incidents, by sentence-transformers' own evaluator.

    Args:
        model: The bi-encoder.
        pairs: "query", "text" and "incident" of each; several texts of an incident are all right ones.
        distractors: Further texts that are searched.
        batch_size: Texts per forward pass.

    Returns:
        "ndcg_at_10", "recall_at_1" (of any right text) and "mrr_at_10", from 0 to 1.
    """
    from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator

    own = {text: pair["incident"] for pair in pairs for text in [pair["text"]]}
    corpus = {str(place): text for place, text in enumerate(dict.fromkeys([*own, *distractors]))}
    right: dict[str, set[str]] = {}
    for key, text in corpus.items():
        if text in own:
            right.setdefault(own[text], set()).add(key)
    queries = {str(place): pair["query"] for place, pair in enumerate(pairs)}
    relevant = {str(place): right[pair["incident"]] for place, pair in enumerate(pairs)}
    evaluator = InformationRetrievalEvaluator(
        queries, corpus, relevant, accuracy_at_k=[1], precision_recall_at_k=[1], batch_size=batch_size, write_csv=False
    )
    found = evaluator(model)
    names = {"ndcg_at_10": "cosine_ndcg@10", "recall_at_1": "cosine_accuracy@1", "mrr_at_10": "cosine_mrr@10"}
    return {name: float(next(value for key, value in found.items() if key.endswith(end))) for name, end in names.items()}
